// Where the scenes of held replies are played: a server whose log can be frozen (DEBUG REPLY-BLOCKING-PAUSE), and peers that
// show what has come so far. In this process with a log that is durable at once, or as a process with a real one.
import assert from "node:assert/strict";
import { MemoryConnection } from "../../core/net/memory_connection.ts";
import { FedServer } from "../interop/fed_server.ts";
import { encodeCommands, eventually, pause, SporkServer } from "../harness/mod.ts";

export const OK = "+OK\r\n";
export const QUEUED = "+QUEUED\r\n";
export const NIL = "$-1\r\n";
export const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

export interface Scene {
  name: string;
  play(stage: Stage): Promise<void>;
}

/** One connection: sends, and keeps what comes, one character a byte. */
export interface Peer {
  send(bytes: Uint8Array): void | Promise<void>;
  /** All that came since the last call. */
  take(): string;
  /** The server has ended the connection. */
  readonly ended: boolean;
  /** Ends its own side. */
  end(): void | Promise<void>;
  close(): void;
}

export interface World {
  connect(): Promise<Peer>;
  /** Everything that was sent has been run, and what it led to has come. */
  settle(): Promise<void>;
}

/** A peer as scenes use it: commands are lines, what is expected is the bytes. */
export class Actor {
  constructor(readonly world: World, readonly peer: Peer) {}

  /** Sends these commands at once, each a line of words. */
  async sends(...lines: string[]): Promise<this> {
    await this.peer.send(encodeCommands(lines.map((line) => line.split(" "))));
    return this;
  }

  /** Waits for exactly these bytes. */
  async sees(expected: string): Promise<void> {
    let seen = "";
    await eventually(() => {
      seen += this.peer.take();
      return seen.length >= expected.length;
    }, { what: `${JSON.stringify(expected)} to come`, everyMilliseconds: 2, withinMilliseconds: 5000 }).catch(
      () => {},
    );
    assert.equal(seen, expected);
  }

  async seesNothing(message?: string): Promise<void> {
    await this.world.settle();
    assert.equal(this.peer.take(), "", message);
  }

  /** Sends one command and waits for this reply. */
  async gets(line: string, expected: string): Promise<void> {
    await this.sends(line);
    await this.sees(expected);
  }

  /** Waits for something that ends with `end`, and gives it. */
  async until(end: string): Promise<string> {
    let seen = "";
    await eventually(() => {
      seen += this.peer.take();
      return seen.endsWith(end);
    }, { what: `something that ends with ${JSON.stringify(end)}`, everyMilliseconds: 2 });
    return seen;
  }
}

/** The actors of one scene. */
export class Stage {
  readonly #peers: Peer[] = [];
  #director: Actor | null = null;

  constructor(readonly world: World) {}

  async actor(): Promise<Actor> {
    const peer = await this.world.connect();
    this.#peers.push(peer);
    return new Actor(this.world, peer);
  }

  async #direct(line: string, expected: string): Promise<void> {
    this.#director ??= await this.actor();
    await this.#director.gets(line, expected);
  }

  pause(): Promise<void> {
    return this.#direct("DEBUG REPLY-BLOCKING-PAUSE aof", "+OK\r\n");
  }

  resume(): Promise<void> {
    return this.#direct("DEBUG REPLY-BLOCKING-RESUME aof", "+OK\r\n");
  }

  /** Runs commands that are to be durable before the scene. */
  async given(...lines: string[]): Promise<void> {
    this.#director ??= await this.actor();
    await this.#director.sends(...lines, "ECHO given");
    await this.#director.until("$5\r\ngiven\r\n");
  }

  /** A field of INFO debug; undefined where it is not there. */
  async info(field: string, section = "debug"): Promise<string | undefined> {
    this.#director ??= await this.actor();
    await this.#director.sends(`INFO ${section}`, "ECHO told");
    const text = await this.#director.until("$4\r\ntold\r\n");
    return new RegExp(`^${field}:(.*)\r$`, "m").exec(text)?.[1];
  }

  /** Waits until it is so. */
  async eventually(probe: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(probe, { everyMilliseconds: 2 });
  }

  async end(): Promise<void> {
    await this.resume();
    for (const peer of this.#peers) peer.close();
  }
}

class MemoryPeer implements Peer {
  constructor(private readonly connection: MemoryConnection) {}

  send(bytes: Uint8Array): void {
    this.connection.send(bytes);
  }

  take(): string {
    return this.connection.received();
  }

  get ended(): boolean {
    return this.connection.closed;
  }

  end(): void {
    this.connection.end();
  }

  close(): void {
    this.connection.end();
  }
}

/** In this process: everything that happens happens before the next task. */
export class MemoryWorld implements World, Disposable {
  readonly fed: FedServer;
  /** Largest number of bytes that a socket takes at a time. */
  writeBytesMax = Infinity;

  constructor(...args: string[]) {
    this.fed = new FedServer(args);
    this.fed.hold(() => this.fed.stream.offset);
  }

  connect(): Promise<Peer> {
    const connection = new MemoryConnection();
    connection.writeBytesMax = this.writeBytesMax;
    this.fed.join(connection);
    return Promise.resolve(new MemoryPeer(connection));
  }

  async settle(): Promise<void> {
    await pause(0);
    await pause(0);
  }

  [Symbol.dispose](): void {
    this.fed.stop();
  }
}

class SocketPeer implements Peer {
  ended = false;
  #received = "";

  constructor(private readonly connection: Deno.TcpConn) {
    this.#read();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      while (true) {
        const count = await this.connection.read(buffer);
        if (count === null) break;
        for (let at = 0; at < count; at++) this.#received += String.fromCharCode(buffer[at]);
      }
    } catch {
      // Closed by either side.
    }
    this.ended = true;
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.connection.write(bytes.subarray(sent));
  }

  take(): string {
    const received = this.#received;
    this.#received = "";
    return received;
  }

  end(): Promise<void> {
    return this.connection.closeWrite();
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It is closed.
    }
  }
}

/** As a process, with a log on disk. */
export class ProcessWorld implements World, AsyncDisposable {
  #probe: SocketPeer | null = null;

  private constructor(readonly server: SporkServer) {}

  static async start(...args: string[]): Promise<ProcessWorld> {
    const words = ["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes"];
    return new ProcessWorld(await SporkServer.start({ args: [...words, ...args] }));
  }

  async connect(): Promise<SocketPeer> {
    return new SocketPeer(await Deno.connect({ hostname: "127.0.0.1", port: this.server.port }));
  }

  /**
   * Two round trips of somebody else: what was sent before has been read, run and answered by then. Of DEBUG, which no
   * monitor is shown.
   */
  async settle(): Promise<void> {
    this.#probe ??= await this.connect();
    for (let round = 0; round < 2; round++) {
      await this.#probe.send(encodeCommands([["DEBUG", "STRINGMATCH-LEN", "1", "x"]]));
      await eventually(() => this.#probe!.take() === "+OK\r\n", { everyMilliseconds: 2 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#probe?.close();
    await this.server.stop();
  }
}
