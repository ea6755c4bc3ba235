// What a writer of the crash test expects of its database: a small interpreter of the commands that it sends, and the
// comparison of the database that was loaded with what was expected after every single step.
import type { Reply, RespClient } from "../harness/mod.ts";

export type Word = string | number;
export type Command = Word[];

type Content = string | string[] | Map<string, string> | Set<string>;

interface Value {
  content: Content;
  /** Unix time in milliseconds; 0: none. */
  expiresAt: number;
}

/** A reply that depends on what the model does not know. */
export const ANY = { any: "reply" } as const;
export type Expected = string | number | null | typeof ANY | Expected[];

/** One database that only its owner changes. */
export class Model {
  readonly #values = new Map<string, Value>();

  /** Runs a command; `touched` gets the keys that it may have changed. */
  run(command: Command, touched: Set<string>): Expected {
    const [name, key, ...rest] = command.map(String);
    touched.add(key);
    switch (name) {
      case "SET":
        this.#set(key, rest[0], rest[1] === "PXAT" ? Number(rest[2]) : 0);
        return "OK";
      case "SETNX":
        if (this.#values.has(key)) return 0;
        this.#set(key, rest[0], 0);
        return 1;
      case "APPEND": {
        const value = this.#made(key, () => "");
        value.content = value.content as string + rest[0];
        return value.content.length;
      }
      case "INCRBY": {
        const value = this.#made(key, () => "0");
        value.content = String(Number(value.content) + Number(rest[0]));
        return Number(value.content);
      }
      case "RPUSH":
        return this.#list(key).push(...rest);
      case "LPUSH":
        return this.#list(key).unshift(...rest.reverse());
      case "LPOP":
      case "RPOP": {
        const list = this.#list(key);
        const item = name === "LPOP" ? list.shift() : list.pop();
        this.#removeEmpty(key, list.length);
        return item ?? null;
      }
      case "LTRIM": {
        const list = this.#list(key);
        list.splice(0, Math.max(0, list.length + Number(rest[0])));
        this.#removeEmpty(key, list.length);
        return "OK";
      }
      case "HSET": {
        const hash = this.#hash(key);
        const before = hash.size;
        hash.set(rest[0], rest[1]);
        return hash.size - before;
      }
      case "HINCRBY": {
        const hash = this.#hash(key);
        const sum = Number(hash.get(rest[0]) ?? 0) + Number(rest[1]);
        hash.set(rest[0], String(sum));
        return sum;
      }
      case "HDEL": {
        const hash = this.#hash(key);
        const removed = hash.delete(rest[0]) ? 1 : 0;
        this.#removeEmpty(key, hash.size);
        return removed;
      }
      case "SADD": {
        const set = this.#members(key);
        const before = set.size;
        for (const member of rest) set.add(member);
        return set.size - before;
      }
      case "SREM": {
        const set = this.#members(key);
        const removed = set.delete(rest[0]) ? 1 : 0;
        this.#removeEmpty(key, set.size);
        return removed;
      }
      case "DEL":
        return this.#values.delete(key) ? 1 : 0;
      case "PEXPIREAT": {
        const value = this.#values.get(key);
        if (value === undefined) return 0;
        value.expiresAt = Number(rest[0]);
        return 1;
      }
      case "PERSIST": {
        const value = this.#values.get(key);
        if (value === undefined || value.expiresAt === 0) return 0;
        value.expiresAt = 0;
        return 1;
      }
      case "RENAME": {
        const value = this.#values.get(key);
        if (value === undefined) return ANY;
        this.#values.delete(key);
        this.#values.set(rest[0], value);
        touched.add(rest[0]);
        return "OK";
      }
      case "COPY": {
        const value = this.#values.get(key);
        if (value === undefined) return 0;
        this.#values.set(rest[0], { content: copyOf(value.content), expiresAt: value.expiresAt });
        touched.add(rest[0]);
        return 1;
      }
      case "FLUSHDB":
        for (const present of this.#values.keys()) touched.add(present);
        touched.delete(key);
        this.#values.clear();
        return "OK";
      default:
        throw new Error(`the model does not know ${name}`);
    }
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  /** One text for a key's value and expiry, for comparisons; undefined where there is none. */
  describe(key: string): Described | undefined {
    const value = this.#values.get(key);
    return value && described(value.content, value.expiresAt);
  }

  #set(key: string, content: Content, expiresAt: number): void {
    this.#values.set(key, { content, expiresAt });
  }

  #made(key: string, content: () => Content): Value {
    let value = this.#values.get(key);
    if (value === undefined) this.#values.set(key, value = { content: content(), expiresAt: 0 });
    return value;
  }

  #list(key: string): string[] {
    return this.#made(key, () => []).content as string[];
  }

  #hash(key: string): Map<string, string> {
    return this.#made(key, () => new Map()).content as Map<string, string>;
  }

  #members(key: string): Set<string> {
    return this.#made(key, () => new Set()).content as Set<string>;
  }

  #removeEmpty(key: string, size: number): void {
    if (size === 0) this.#values.delete(key);
  }
}

function copyOf(content: Content): Content {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.slice();
  return content instanceof Map ? new Map(content) : new Set(content);
}

export interface Described {
  text: string;
  /** Unix time in milliseconds; 0: none. */
  expiresAt: number;
}

function described(content: Content, expiresAt: number): Described {
  let plain: unknown = content;
  if (content instanceof Map) plain = [...content].sort();
  else if (content instanceof Set) plain = [...content].sort();
  return { text: `${JSON.stringify(plain)} ${expiresAt}`, expiresAt };
}

/** The first letter of a key says its type. */
const READS: Record<string, string[]> = {
  l: ["LRANGE", "0", "-1"],
  h: ["HGETALL"],
  t: ["SMEMBERS"],
};

/** What a server has in a database. */
export class LoadedDatabase {
  readonly values = new Map<string, Described>();
  /** Expiries before it may be due or not. */
  readAt = 0;

  static async read(client: RespClient, database: number): Promise<LoadedDatabase> {
    const loaded = new LoadedDatabase();
    await client.call("SELECT", database);
    const keys = await client.call("KEYS", "*") as string[];
    const commands: string[][] = [];
    for (const key of keys) {
      const [name, ...rest] = READS[key[0]] ?? ["GET"];
      commands.push([name, key, ...rest], ["PEXPIRETIME", key]);
    }
    const replies = await client.pipeline(commands);
    loaded.readAt = Date.now();
    for (const [at, key] of keys.entries()) {
      const content = contentOf(key, replies[2 * at]);
      const expiresAt = replies[2 * at + 1] as number;
      // It may have expired since KEYS.
      if (content === null || expiresAt === -2) continue;
      loaded.values.set(key, described(content, Math.max(0, expiresAt)));
    }
    return loaded;
  }

  /** Whether the key is as described; one that is due may be gone. */
  isLike(key: string, expected: Described | undefined): boolean {
    const actual = this.values.get(key);
    if (expected === undefined) return actual === undefined;
    if (actual === undefined) return expected.expiresAt !== 0 && expected.expiresAt <= this.readAt;
    return actual.text === expected.text;
  }
}

function contentOf(key: string, reply: Reply): Content | null {
  if (reply === null) return null;
  const items = reply as string[];
  switch (key[0]) {
    case "l":
      return items.length === 0 ? null : items;
    case "h": {
      const hash = new Map<string, string>();
      for (let at = 0; at < items.length; at += 2) hash.set(items[at], items[at + 1]);
      return hash.size === 0 ? null : hash;
    }
    case "t":
      return items.length === 0 ? null : new Set(items);
    default:
      return String(reply);
  }
}
