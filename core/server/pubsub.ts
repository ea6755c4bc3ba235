// Who has subscribed to what, and the delivery of messages. A message is made once for each protocol and appended to the
// output of every subscriber; one for the client whose command runs goes behind that command's reply.
import { latin1Bytes } from "../bytes/ascii.ts";
import { matchGlob } from "../bytes/glob.ts";
import type { CommandClient } from "../commands/command_client.ts";
import type { PubSub as PubSubInterface, TopicKind } from "../commands/pubsub.ts";
import type { Client } from "../net/client.ts";

/** The words of confirmations and messages. */
const WORDS = {
  channels: { subscribe: "subscribe", unsubscribe: "unsubscribe", message: "message" },
  patterns: { subscribe: "psubscribe", unsubscribe: "punsubscribe", message: "pmessage" },
  shardChannels: { subscribe: "ssubscribe", unsubscribe: "sunsubscribe", message: "smessage" },
} as const;

const PUSH = 0x3e;

/** The names of one kind, each with those who subscribe to it. */
class Topics {
  readonly subscribers = new Map<string, Set<Client>>();
  /** Patterns as bytes, for matching. */
  readonly bytes = new Map<string, Uint8Array>();

  /** False where the client has subscribed to it already. */
  add(name: string, client: Client): boolean {
    let clients = this.subscribers.get(name);
    if (clients === undefined) {
      clients = new Set();
      this.subscribers.set(name, clients);
      this.bytes.set(name, latin1Bytes(name));
    }
    if (clients.has(client)) return false;
    clients.add(client);
    return true;
  }

  /** False where the client has not subscribed to it. */
  remove(name: string, client: Client): boolean {
    const clients = this.subscribers.get(name);
    if (clients === undefined || !clients.delete(client)) return false;
    if (clients.size === 0) {
      this.subscribers.delete(name);
      this.bytes.delete(name);
    }
    return true;
  }
}

/** What one client has subscribed to. */
type Subscriptions = Record<TopicKind, Set<string>>;

/** Something that is sent without having been asked for, in the form of either protocol. */
export interface Sendable {
  bytesFor(protocol: number): Uint8Array;
}

/** A message of these parts, an array under RESP2 and a push under RESP3. */
export class Push implements Sendable {
  readonly #resp2: Uint8Array;
  #resp3: Uint8Array | null = null;

  /** Of these parts: a text is latin1. */
  constructor(...parts: (string | Uint8Array)[]) {
    this.#resp2 = encodeArray(parts);
  }

  bytesFor(protocol: number): Uint8Array {
    if (protocol === 2) return this.#resp2;
    if (this.#resp3 === null) {
      this.#resp3 = this.#resp2.slice();
      this.#resp3[0] = PUSH;
    }
    return this.#resp3;
  }
}

export class PubSub implements PubSubInterface {
  /** The client whose command runs, where its handler does not write pushes itself. */
  executing: Client | null = null;
  /** Pushes for the client whose command runs wait for its reply to be complete. */
  hasWaiting = false;
  readonly #topics: Record<TopicKind, Topics> = {
    channels: new Topics(),
    patterns: new Topics(),
    shardChannels: new Topics(),
  };
  readonly #clients = new Map<Client, Subscriptions>();
  #waiting: { client: Client; push: Sendable }[] = [];

  get clientCount(): number {
    return this.#clients.size;
  }

  names(kind: TopicKind): IterableIterator<string> {
    return this.#topics[kind].subscribers.keys();
  }

  count(kind: TopicKind): number {
    return this.#topics[kind].subscribers.size;
  }

  countOf(kind: TopicKind, name: string): number {
    return this.#topics[kind].subscribers.get(name)?.size ?? 0;
  }

  subscribe(subscriber: CommandClient, kind: TopicKind, name: string): void {
    const client = subscriber as Client;
    if (this.#topics[kind].add(name, client)) {
      const own = this.#subscriptionsOf(client);
      own[kind].add(name);
      client[kind] = own[kind].size;
    }
    this.#confirm(client, kind, WORDS[kind].subscribe, name);
  }

  unsubscribe(subscriber: CommandClient, kind: TopicKind, name: string): void {
    const client = subscriber as Client;
    this.#remove(client, kind, name);
    this.#confirm(client, kind, WORDS[kind].unsubscribe, name);
  }

  unsubscribeAll(subscriber: CommandClient, kind: TopicKind): void {
    const client = subscriber as Client;
    const names = [...this.#clients.get(client)?.[kind] ?? []];
    for (const name of names) this.unsubscribe(client, kind, name);
    if (names.length === 0) this.#confirm(client, kind, WORDS[kind].unsubscribe, null);
  }

  forget(subscriber: CommandClient): void {
    const client = subscriber as Client;
    const own = this.#clients.get(client);
    if (own === undefined) return;
    for (const kind of ["channels", "patterns", "shardChannels"] as const) {
      for (const name of [...own[kind]]) this.#remove(client, kind, name);
    }
  }

  publish(kind: "channels" | "shardChannels", name: string, message: Uint8Array): number {
    let receivers = 0;
    const clients = this.#topics[kind].subscribers.get(name);
    if (clients !== undefined) {
      const push = new Push(WORDS[kind].message, name, message);
      for (const client of clients) this.send(client, push);
      receivers += clients.size;
    }
    if (kind === "channels" && this.#topics.patterns.subscribers.size > 0) {
      receivers += this.#publishToPatterns(name, message);
    }
    return receivers;
  }

  #publishToPatterns(name: string, message: Uint8Array): number {
    const { subscribers, bytes } = this.#topics.patterns;
    const channel = latin1Bytes(name);
    let receivers = 0;
    for (const [pattern, clients] of subscribers) {
      const glob = bytes.get(pattern)!;
      if (!matchGlob(glob, 0, glob.length, channel, 0, channel.length)) continue;
      const push = new Push(WORDS.patterns.message, pattern, name, message);
      for (const client of clients) this.send(client, push);
      receivers += clients.size;
    }
    return receivers;
  }

  /** Sends something to a client that did not ask for it, whatever CLIENT REPLY says. */
  send(client: Client, push: Sendable): void {
    if (client === this.executing) {
      this.#waiting.push({ client, push });
      this.hasWaiting = true;
      return;
    }
    this.#append(client, push);
  }

  /** The command has replied: what waited for that follows. */
  sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.hasWaiting = false;
    for (const { client, push } of waiting) this.#append(client, push);
  }

  #append(client: Client, push: Sendable): void {
    if (client.isClosed) return;
    client.reply.rawUnmuted(push.bytesFor(client.reply.protocol));
    client.scheduleFlush();
  }

  #subscriptionsOf(client: Client): Subscriptions {
    let own = this.#clients.get(client);
    if (own === undefined) {
      own = { channels: new Set(), patterns: new Set(), shardChannels: new Set() };
      this.#clients.set(client, own);
    }
    return own;
  }

  #remove(client: Client, kind: TopicKind, name: string): void {
    if (!this.#topics[kind].remove(name, client)) return;
    const own = this.#clients.get(client)!;
    own[kind].delete(name);
    client[kind] = own[kind].size;
    if (!client.isSubscriber) this.#clients.delete(client);
  }

  #confirm(client: Client, kind: TopicKind, word: string, name: string | null): void {
    const { reply } = client;
    const { muted } = reply;
    // Confirmations are pushes: CLIENT REPLY OFF does not hold them back.
    if (muted && !client.isClosed) reply.unmute();
    reply.push(3);
    reply.bulkLatin1(word);
    if (name === null) reply.null();
    else reply.bulkLatin1(name);
    reply.integer(kind === "shardChannels" ? client.shardChannels : client.channels + client.patterns);
    if (muted) reply.mute();
  }
}

function encodeArray(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const blocks = parts.map((part) => typeof part === "string" ? latin1Bytes(part) : part);
  const heads = blocks.map((block) => latin1Bytes(`$${block.length}\r\n`));
  const head = latin1Bytes(`*${blocks.length}\r\n`);
  let total = head.length;
  for (let i = 0; i < blocks.length; i++) total += heads[i].length + blocks[i].length + 2;
  const bytes = new Uint8Array(total);
  bytes.set(head);
  let at = head.length;
  for (let i = 0; i < blocks.length; i++) {
    bytes.set(heads[i], at);
    at += heads[i].length;
    bytes.set(blocks[i], at);
    at += blocks[i].length;
    bytes[at++] = 13;
    bytes[at++] = 10;
  }
  return bytes;
}
