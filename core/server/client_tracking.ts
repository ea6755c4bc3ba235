// Client side caching: remembers which client has read which key, and tells it when the key changes; clients that ask for
// broadcasts are told of all changes under their prefixes, collected until the turn ends. It listens to the keyspace only
// while somebody tracks. Where replies wait until changes are durable, so do invalidations: whom they are for and who made
// the change is settled when it happens, how they get there when they are sent.
import { latin1Text } from "../bytes/ascii.ts";
import type {
  ClientTracking as ClientTrackingInterface,
  Tracking,
  TrackingOptions,
} from "../commands/client_tracking.ts";
import type { CommandClient } from "../commands/command_client.ts";
import { extractKeys } from "../commands/key_extraction.ts";
import type { EventClass, TrackedKeys } from "../keyspace/hooks.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Client } from "../net/client.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { type Command, FLAG_READONLY } from "./command_table.ts";
import type { DeferredDeliveries } from "./durability/deferred_deliveries.ts";
import { Invalidation, RedirectBroken } from "./invalidation.ts";
import type { PubSub } from "./pubsub.ts";
import { TrackingTable } from "./tracking_table.ts";

/** The limit where `tracking-table-max-keys` is 0 or beyond it: about 1 GB of the heap (128 bytes a key of 20 bytes). */
const KEYS_MAX = 8_000_000;
/** So far over its limit the table may grow within a turn. */
const KEYS_OVER_MAX = 10_000;
/** Keys that a turn drops from a table over its limit; so many more for each turn that it stays over it. */
const DROPPED_A_TURN = 100;
/** What a waiting invalidation takes beside its keys; each key beside its text, each client's number. */
const WAITING_BYTES = 128;
const WAITING_KEY_BYTES = 64;
const WAITING_CLIENT_BYTES = 8;
/** Instead of a client's number: the server itself. */
const BY_SERVER = 0;

/** What tracking needs of the server. */
export interface TrackingHost {
  readonly keyspace: Keyspace;
  readonly pubsub: Pick<PubSub, "executing" | "send">;
  readonly clients: { get(id: number): Client | undefined };
  /** Something has to be done before the loop sleeps again. */
  wake(): void;
}

/** Those who are told of all keys with a prefix. */
interface Broadcast {
  readonly clients: Set<Client>;
  /** Changed since the last broadcast, each with the number of the client that changed it last, or BY_SERVER. */
  changed: Map<string, number>;
}

type ActiveTracking = Tracking & { prefixes: Set<string> };

export class ClientTracking implements ClientTrackingInterface, TrackedKeys {
  private keysMax = KEYS_MAX;
  private readonly table = new TrackingTable();
  private readonly tracking = new Map<Client, ActiveTracking>();
  private readonly broadcasts = new Map<string, Broadcast>();
  /** Some broadcast has changed keys. */
  private hasChanged = false;
  /** Turns in a row that did not bring the table under its limit. */
  private turnsOver = 0;

  constructor(
    private readonly host: TrackingHost,
    private readonly deliveries: Pick<DeferredDeliveries, "active" | "defer"> | null = null,
  ) {}

  /** Takes a value of `tracking-table-max-keys`. */
  limitKeys(keysMax: number): void {
    this.keysMax = keysMax === 0 ? KEYS_MAX : Math.min(keysMax, KEYS_MAX);
  }

  get clientCount(): number {
    return this.tracking.size;
  }

  get keyCount(): number {
    return this.table.keyCount;
  }

  get itemCount(): number {
    return this.table.itemCount;
  }

  get prefixCount(): number {
    return this.broadcasts.size;
  }

  /** Memory for the output of all clients that get messages. */
  outputBytes(): number {
    const receivers = new Set<Client>();
    for (const [client, { redirect }] of this.tracking) {
      const receiver = redirect === 0 ? client : this.host.clients.get(redirect);
      if (receiver !== undefined) receivers.add(receiver);
    }
    let total = 0;
    for (const { output } of receivers) total += output.memoryBytes;
    return total;
  }

  enable(tracker: CommandClient, options: TrackingOptions, prefixes: readonly string[]): void {
    const client = tracker as Client;
    const before = this.tracking.get(client);
    const tracking = {
      ...options,
      caching: before?.caching ?? false,
      redirectBroken: false,
      prefixes: before?.prefixes ?? new Set<string>(),
    };
    client.tracking = tracking;
    this.tracking.set(client, tracking);
    if (options.broadcast) {
      for (const prefix of prefixes.length === 0 ? [""] : prefixes) this.addPrefix(client, tracking, prefix);
    }
    this.host.keyspace.tracked = this;
  }

  private addPrefix(client: Client, tracking: ActiveTracking, prefix: string): void {
    tracking.prefixes.add(prefix);
    const broadcast = this.broadcasts.get(prefix);
    if (broadcast !== undefined) broadcast.clients.add(client);
    else this.broadcasts.set(prefix, { clients: new Set([client]), changed: new Map() });
  }

  disable(tracker: CommandClient): void {
    const client = tracker as Client;
    const tracking = this.tracking.get(client);
    if (tracking === undefined) return;
    for (const prefix of tracking.prefixes) {
      const { clients } = this.broadcasts.get(prefix)!;
      clients.delete(client);
      if (clients.size === 0) this.broadcasts.delete(prefix);
    }
    this.tracking.delete(client);
    client.tracking = null;
    if (this.tracking.size > 0) return;
    // Nobody is left who could be told.
    this.table.clear();
    this.host.keyspace.tracked = null;
  }

  /** A command of a client that tracks has run: what it read is remembered. Called for those inside of EXEC too. */
  commandRan(client: Client, command: Command, args: Arguments): void {
    const tracking = client.tracking!;
    if ((command.flags & FLAG_READONLY) !== 0 && remembers(tracking)) {
      for (const { index } of extractKeys(command.spec, args) ?? []) {
        this.table.add(args.latin1(index), client.id);
        if (this.table.keyCount > this.keysMax + KEYS_OVER_MAX) this.drop(this.table.randomKey());
      }
    }
    if (client.blocking === null) this.commandEnded(client, command);
  }

  /** CLIENT CACHING is for one command or transaction; other subcommands of CLIENT don't count. */
  commandEnded(client: Client, command: Command | null): void {
    if (client.transaction !== null || command?.fullName.startsWith("client|")) return;
    client.tracking!.caching = false;
  }

  // The keyspace's word.

  touched(eventClass: EventClass, bytes: Uint8Array, start: number, end: number): void {
    if (this.broadcasts.size === 0 && this.table.keyCount === 0) return;
    const key = latin1Text(bytes, start, end);
    if (this.broadcasts.size > 0) {
      const byServer = eventClass === "expired" || eventClass === "evicted";
      this.collect(key, byServer ? BY_SERVER : this.host.pubsub.executing?.id ?? BY_SERVER);
    }
    const ids = this.takeReaders(key);
    if (ids.length === 0) return;
    const { deliveries } = this;
    if (deliveries !== null && deliveries.active) {
      const bytes = WAITING_BYTES + key.length + ids.length * WAITING_CLIENT_BYTES;
      deliveries.defer({ bytes, deliver: () => this.invalidate(key, ids) });
    } else this.invalidate(key, ids);
  }

  flushed(): void {
    this.table.clear();
    const { deliveries } = this;
    if (deliveries !== null && deliveries.active) {
      deliveries.defer({ bytes: WAITING_BYTES, deliver: () => this.invalidateAll() });
    } else this.invalidateAll();
  }

  private invalidateAll(): void {
    const all = new Invalidation(null);
    for (const client of this.tracking.keys()) this.send(client, all);
  }

  private collect(key: string, origin: number): void {
    for (const [prefix, { changed }] of this.broadcasts) {
      if (!key.startsWith(prefix)) continue;
      changed.set(key, origin);
      if (this.hasChanged) continue;
      this.hasChanged = true;
      this.host.wake();
    }
  }

  /** Forgets who has read the key; returns the numbers of those of them who are to be told. */
  private takeReaders(key: string): number[] {
    const ids = this.table.take(key);
    const { clients, pubsub } = this.host;
    let count = 0;
    for (const id of ids) {
      const client = clients.get(id);
      const tracking = client?.tracking;
      if (client === undefined || tracking === null || tracking === undefined || tracking.broadcast) continue;
      if (tracking.noLoop && client === pubsub.executing) continue;
      ids[count++] = id;
    }
    ids.length = count;
    return ids;
  }

  /** Tells these clients that the key is not what it was, where they are still there and track. */
  private invalidate(key: string, ids: readonly number[]): void {
    const message = new Invalidation([key]);
    for (const id of ids) {
      const client = this.host.clients.get(id);
      if (client !== undefined && this.tracking.has(client)) this.send(client, message);
    }
  }

  /** Want of room in the table, not a change: those who have read the key are told at once. */
  private drop(key: string): void {
    const ids = this.takeReaders(key);
    if (ids.length > 0) this.invalidate(key, ids);
  }

  private send(client: Client, message: Invalidation): void {
    const { clients, pubsub } = this.host;
    const tracking = client.tracking!;
    if (tracking.redirect === 0) {
      // Under RESP2 there is no way to send something that was not asked for.
      if (client.reply.protocol === 3) pubsub.send(client, message);
      return;
    }
    const receiver = clients.get(tracking.redirect);
    if (receiver === undefined) {
      tracking.redirectBroken = true;
      if (client.reply.protocol === 3) pubsub.send(client, new RedirectBroken(tracking.redirect));
    } else if (receiver.reply.protocol === 3 || receiver.isSubscriber) pubsub.send(receiver, message);
  }

  // The end of the turn.

  /** Before the output of the turn is written: sends the broadcasts, keeps the table within its limit. */
  beforeSleep(): void {
    if (this.hasChanged) this.broadcast();
    this.limitTable();
  }

  private broadcast(): void {
    this.hasChanged = false;
    const { deliveries } = this;
    const waits = deliveries !== null && deliveries.active;
    for (const prefix of [...this.broadcasts.keys()].sort()) {
      const broadcast = this.broadcasts.get(prefix)!;
      const { changed } = broadcast;
      if (changed.size === 0) continue;
      broadcast.changed = new Map();
      if (!waits) {
        this.invalidateUnder(prefix, changed);
        continue;
      }
      let bytes = WAITING_BYTES;
      for (const key of changed.keys()) bytes += WAITING_KEY_BYTES + key.length;
      deliveries.defer({ bytes, deliver: () => this.invalidateUnder(prefix, changed) });
    }
  }

  /** Tells the prefix's clients of these keys, but for those that they changed themselves and do not want to hear of. */
  private invalidateUnder(prefix: string, changed: ReadonlyMap<string, number>): void {
    const clients = this.broadcasts.get(prefix)?.clients;
    if (clients === undefined) return;
    const keys = [...changed.keys()].sort();
    const message = new Invalidation(keys);
    for (const client of clients) {
      if (!client.tracking!.noLoop) {
        this.send(client, message);
        continue;
      }
      const others = keys.filter((key) => changed.get(key) !== client.id);
      if (others.length > 0) this.send(client, new Invalidation(others));
    }
  }

  private limitTable(): void {
    const { table, keysMax } = this;
    if (table.keyCount <= keysMax) {
      this.turnsOver = 0;
      return;
    }
    this.turnsOver++;
    for (let left = DROPPED_A_TURN * this.turnsOver; left > 0 && table.keyCount > keysMax; left--) {
      this.drop(table.randomKey());
    }
  }
}

function remembers(tracking: Tracking): boolean {
  if (tracking.broadcast) return false;
  return tracking.optIn ? tracking.caching : !(tracking.optOut && tracking.caching);
}
