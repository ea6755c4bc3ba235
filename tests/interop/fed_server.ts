// Spork in this process, with a sink at its propagation and clients in memory; and the commands that a redis-server has
// appended to its log. What the tests of propagation compare.
import assert from "node:assert/strict";
import { Client } from "../../core/net/client.ts";
import { MemoryConnection } from "../../core/net/memory_connection.ts";
import { TO_LOG } from "../../core/server/feed/feed_stream.ts";
import { loadConfig } from "../../core/server/config/load_config.ts";
import { Server } from "../../core/server/server.ts";
import { allCommands } from "../../modules/modules.ts";
import { eventually, RedisServer, type RespClient } from "../harness/mod.ts";
import type { Command } from "./compare_replies.ts";

/** Where Valkey's defaults left those of redis-server 7.0, both get the same value. */
const SAME_OPTIONS = ["user-del", "server-del", "expire", "eviction"]
  .flatMap((name) => [`--lazyfree-lazy-${name}`, "no"]).concat("--enable-debug-command", "yes");
const NO_LOG = { debug: () => {}, verbose: () => {}, notice: () => {}, warning: () => {} };
/** How far apart two servers may read the clock, milliseconds. */
const CLOCKS_DIFFER_MAX = 10_000;

export class FedServer {
  readonly server: Server;
  #fed = "";

  constructor(args: string[] = [], target: number = TO_LOG) {
    const words = [...SAME_OPTIONS, "--save", "", "--rdb-version", "10", "--arena-size", "64mb", ...args];
    this.server = new Server(
      loadConfig(words),
      NO_LOG as unknown as ConstructorParameters<typeof Server>[1],
      allCommands,
    );
    const append = (bytes: Uint8Array, offset: number) => {
      assert.equal(offset, this.#fed.length);
      for (const byte of bytes) this.#fed += String.fromCharCode(byte);
    };
    this.stream = this.server.propagation.attach({ target, append });
  }

  readonly stream: ReturnType<Server["propagation"]["attach"]>;

  connect(): MemoryClient {
    const connection = new MemoryConnection();
    this.join(connection);
    return new MemoryClient(connection);
  }

  /** The client at the other end of a connection. `role`: as who its commands are run. */
  join(connection: MemoryConnection, role: Client["role"] = "normal"): Client {
    const { server } = this;
    const client = new Client({ id: server.clients.newId(), connection, host: server });
    client.role = role;
    server.clients.add(client);
    client.start();
    return client;
  }

  /** From here on replies wait for a log that is durable up to `durable()`. */
  hold(durable: () => number): void {
    const { stream } = this;
    this.server.durability.attach({
      get offset() {
        return stream.offset;
      },
      get durableOffset() {
        return durable();
      },
    });
  }

  /** All that was propagated from position `from` on. */
  commands(from = 0): string[][] {
    this.server.propagation.flush();
    assert.equal(this.stream.offset, this.#fed.length);
    return parseCommands(this.#fed.slice(from));
  }

  stop(): void {
    this.server.waiters.stop();
    for (const client of [...this.server.clients.all()]) client.closeNow("shutdown");
  }
}

export class MemoryClient {
  #received = "";
  #pings = 0;

  constructor(readonly connection: MemoryConnection) {}

  /** Sends commands and waits until all have been answered. */
  async run(commands: Command[]): Promise<void> {
    await this.#replies(commands);
  }

  /** The bytes of the reply to one command, one character a byte. */
  reply(command: Command): Promise<string> {
    return this.#replies([command]);
  }

  async #replies(commands: Command[]): Promise<string> {
    const done = `done-${++this.#pings}`;
    const end = `$${done.length}\r\n${done}\r\n`;
    this.send([...commands, ["ECHO", done]]);
    await eventually(() => {
      this.#received += this.connection.received();
      return this.#received.endsWith(end);
    }, { everyMilliseconds: 1 });
    const replies = this.#received.slice(0, -end.length);
    this.#received = "";
    return replies;
  }

  send(commands: Command[]): void {
    this.connection.send(commands.map(encoded).join(""));
  }
}

/** A redis-server that appends to its log, and what it has appended. */
export class LoggingRedis implements AsyncDisposable {
  private constructor(readonly server: RedisServer, readonly client: RespClient) {}

  static async start(...args: string[]): Promise<LoggingRedis> {
    const logging = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--appendfsync", "no"];
    const server = await RedisServer.start({ args: [...SAME_OPTIONS, ...logging, ...args] });
    return new LoggingRedis(server, await server.connect());
  }

  get #path(): string {
    return `${this.server.dir}/appendonlydir/appendonly.aof.1.incr.aof`;
  }

  size(): number {
    return Deno.statSync(this.#path).size;
  }

  /** What was appended from position `from` on. */
  commands(from = 0): string[][] {
    const bytes = Deno.readFileSync(this.#path).subarray(from);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return parseCommands(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}

/** One character a byte. */
function encoded(command: Command): string {
  const encoder = new TextEncoder();
  let text = `*${command.length}\r\n`;
  for (const word of command) {
    const bytes = typeof word === "string" ? encoder.encode(word) : word;
    text += `$${bytes.length}\r\n`;
    for (const byte of bytes) text += String.fromCharCode(byte);
    text += "\r\n";
  }
  return text;
}

export function parseCommands(text: string): string[][] {
  const commands: string[][] = [];
  let at = 0;
  const count = (sign: string) => {
    assert.equal(text[at], sign, `at ${at}`);
    const end = text.indexOf("\r\n", at);
    const value = Number(text.slice(at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < text.length) {
    const words: string[] = [];
    for (let left = count("*"); left > 0; left--) {
      const length = count("$");
      words.push(text.slice(at, at + length));
      at += length + 2;
    }
    commands.push(words);
  }
  return commands;
}

/** Commands have to be the same, but for the case of names and for clocks that were read at different times. */
export function assertSameCommands(found: string[][], expected: string[][], message = ""): void {
  const told = found.map((words, index) => inTermsOf(words, expected[index] ?? []).join(" "));
  assert.deepEqual(told, expected.map((words) => inTermsOf(words, words).join(" ")), message);
}

function inTermsOf(words: string[], expected: string[]): string[] {
  return words.map((word, index) => {
    const other = expected[index] ?? "";
    if (index === 0) return word.toUpperCase();
    const [time, rest] = /^(1\d{12})(-\d+)?$/.exec(word)?.slice(1) ?? [];
    const [otherTime, otherRest] = /^(1\d{12})(-\d+)?$/.exec(other)?.slice(1) ?? [];
    if (time === undefined || otherTime === undefined || rest !== otherRest) return word;
    return Math.abs(Number(time) - Number(otherTime)) <= CLOCKS_DIFFER_MAX ? other : word;
  });
}
