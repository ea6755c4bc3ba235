// Spork and a real redis-server side by side, with the same data directory-less start, and command lines as text: what
// the tests of server and connection commands compare with.
import assert from "node:assert/strict";
import { RedisServer, type RespClient, SporkServer } from "../harness/mod.ts";

/** Where Valkey's defaults left those of redis-server 7.0, both get the same value. */
const SAME_OPTIONS = [
  ["--enable-debug-command", "yes"],
  ["--hash-max-listpack-entries", "128"],
  ["--hash-max-listpack-value", "64"],
  ["--lazyfree-lazy-user-del", "no"],
  ["--lazyfree-lazy-server-del", "no"],
  ["--lazyfree-lazy-expire", "no"],
].flat();

export class ServerPair implements AsyncDisposable {
  private constructor(readonly spork: SporkServer, readonly redis: RedisServer) {}

  static async start(...args: string[]): Promise<ServerPair> {
    const [spork, redis] = await Promise.all([
      SporkServer.start({ args: [...SAME_OPTIONS, "--rdb-version", "10", ...args] }),
      RedisServer.start({ args: [...SAME_OPTIONS, ...args] }),
    ]);
    return new ServerPair(spork, redis);
  }

  /** A connection to each. */
  async connect(protocol: 2 | 3 = 2): Promise<ClientPair> {
    const pair = new ClientPair(await this.spork.connect(), await this.redis.connect());
    await pair.onBoth("HELLO", `${protocol}`);
    return pair;
  }

  /** All that each answers to these bytes until it closes the connection, one character a byte. */
  async streams(input: string): Promise<[spork: string, redis: string]> {
    const read = async (server: SporkServer | RedisServer) => {
      await using client = await server.connect({ replyMilliseconds: 10_000 });
      await client.send(input);
      return await client.untilClosed();
    };
    return await Promise.all([read(this.spork), read(this.redis)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.spork.stop(), this.redis.stop()]);
  }
}

export class ClientPair implements AsyncDisposable {
  constructor(readonly spork: RespClient, readonly redis: RespClient) {}

  /** Runs a command on both, whatever they answer. */
  async onBoth(...words: (string | Uint8Array)[]): Promise<[spork: string, redis: string]> {
    return await Promise.all([this.spork.raw(...words), this.redis.raw(...words)]);
  }

  /** Runs the commands on both; every reply has to be the same, byte for byte. */
  async same(commands: (string | Uint8Array)[][]): Promise<void> {
    const [spork, redis] = await Promise.all([
      this.spork.rawPipeline(commands),
      this.redis.rawPipeline(commands),
    ]);
    const told = (replies: string[]) => commands.map((words, at) => `${words.join(" ")} => ${replies[at]}`);
    assert.deepEqual(told(spork), told(redis));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.spork.close();
    this.redis.close();
    await Promise.resolve();
  }
}

/** Commands, one a line; words are split at spaces, a word in double quotes is a JSON string. `#` begins a comment line. */
export function commandLines(text: string): string[][] {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  return lines.map((line) =>
    [...line.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) =>
      word.startsWith('"') ? JSON.parse(word) : word
    )
  );
}

/** The bytes of a bulk reply. */
export function payloadOf(reply: string): Uint8Array {
  const body = reply.slice(reply.indexOf("\r\n") + 2, -2);
  return Uint8Array.from(body, (character) => character.charCodeAt(0));
}
