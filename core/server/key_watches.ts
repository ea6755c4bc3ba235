// WATCH: which client watches which key, and marking its transaction as stale when one of them changes. The keyspace
// tells every change while somebody watches, and nothing while nobody does.
import type { CommandClient } from "../commands/command_client.ts";
import type { WatchedKeys } from "../keyspace/hooks.ts";
import type { Database } from "../keyspace/database.ts";
import { keyHash, KeyMap, type KeyMapEntry } from "../keyspace/key_map.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";

export class KeyWatches implements WatchedKeys {
  /** By database number. */
  private readonly databases: KeyMap<WatchedKey>[];
  private readonly watches = new Map<CommandClient, Watch[]>();
  /** Keys that are watched, each counted once. */
  keyCount = 0;

  constructor(private readonly keyspace: Keyspace) {
    this.databases = keyspace.databases.map(() => new KeyMap<WatchedKey>());
  }

  get clientCount(): number {
    return this.watches.size;
  }

  /** Watches argument `index` as a key of the client's database; nothing where it does already. */
  watch(client: CommandClient, args: Arguments, index: number): void {
    const { db } = client;
    const keys = this.databases[db.id];
    const start = args.starts[index];
    const end = args.ends[index];
    let watched = keys.find(args.buffer, start, end);
    if (watched === null) {
      watched = new WatchedKey(db, args.bytes(index));
      keys.add(watched);
      this.keyCount++;
      this.keyspace.watched = this;
    } else if (watched.watches.some((each) => each.client === client)) return;
    const ref = db.keys.find(args.buffer, start, end);
    const watch: Watch = { client, key: watched, expired: ref !== 0 && db.isExpired(ref) };
    watched.watches.push(watch);
    const own = this.watches.get(client);
    if (own === undefined) this.watches.set(client, [watch]);
    else own.push(watch);
    client.watchedKeys++;
  }

  /** Forgets what the client watches; whether its transaction is stale already stays as it is. */
  unwatch(client: CommandClient): void {
    const own = this.watches.get(client);
    if (own === undefined) return;
    this.watches.delete(client);
    client.watchedKeys = 0;
    for (const { key } of own) {
      key.watches.splice(key.watches.findIndex((each) => each.client === client), 1);
      if (key.watches.length > 0) continue;
      this.databases[key.database.id].remove(key);
      this.keyCount--;
    }
    if (this.keyCount === 0) this.keyspace.watched = null;
  }

  /** True where a key that the client watches has expired since, noticed by somebody or not. */
  hasExpired(client: CommandClient): boolean {
    const own = this.watches.get(client);
    return own !== undefined && own.some(({ key, expired }) => !expired && isExpired(key.database, key.key));
  }

  touched(database: number, key: Uint8Array, start: number, end: number): void {
    const watched = this.databases[database].find(key, start, end);
    if (watched === null) return;
    for (const watch of [...watched.watches]) {
      // What had expired before it was watched and is deleted now has not changed for anybody.
      if (watch.expired && watched.database.keys.find(watched.key, 0, watched.key.length) === 0) {
        watch.expired = false;
      } else {
        watch.client.dirtyExec = true;
        this.unwatch(watch.client);
      }
    }
  }

  willReplace(database: Database, replacement: Database | null): void {
    this.databases[database.id].forEach(({ key, watches }) => {
      const existed = database.keys.find(key, 0, key.length) !== 0;
      const comes = replacement !== null && replacement.keys.find(key, 0, key.length) !== 0;
      if (!existed && !comes) return;
      const comesExpired = comes && isExpired(replacement, key);
      for (const watch of watches) {
        if (watch.expired && !comes) watch.expired = false;
        else if (watch.expired ? comesExpired : !existed && comesExpired) watch.expired = true;
        else watch.client.dirtyExec = true;
      }
    });
  }
}

interface Watch {
  readonly client: CommandClient;
  readonly key: WatchedKey;
  /** The key was there but had expired when it was watched: that it is deleted is no change. */
  expired: boolean;
}

class WatchedKey implements KeyMapEntry {
  readonly hash: number;
  readonly watches: Watch[] = [];
  next: this | null = null;

  constructor(readonly database: Database, readonly key: Uint8Array) {
    this.hash = keyHash(key);
  }
}

function isExpired(database: Database, key: Uint8Array): boolean {
  const ref = database.keys.find(key, 0, key.length);
  return ref !== 0 && database.isExpired(ref);
}
