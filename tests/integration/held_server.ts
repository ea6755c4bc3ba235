// Spork in this process whose log is in the test's hands: what is propagated is counted, and the test says how much of it
// is durable. Clients are in memory; what each has received so far is one text, one character a byte.
import type { Client } from "../../core/net/client.ts";
import { MemoryConnection } from "../../core/net/memory_connection.ts";
import { encodeCommands } from "../harness/mod.ts";
import { FedServer, type MemoryClient } from "../interop/fed_server.ts";

export class HeldServer {
  readonly fed: FedServer;
  readonly #control: MemoryClient;
  #durable = 0;

  constructor(args: string[] = []) {
    this.fed = new FedServer(args);
    this.#control = this.fed.connect();
    this.hold();
  }

  get server(): FedServer["server"] {
    return this.fed.server;
  }

  /** R. */
  get offset(): number {
    return this.fed.stream.offset;
  }

  /** From here on replies wait for the log. */
  hold(): void {
    this.fed.hold(() => this.#durable);
  }

  /** Nothing waits any more. */
  release(): void {
    this.server.durability.attach(null);
  }

  /** All below `offset` (default: everything) is durable now, and that has had its effects. */
  async durable(offset = this.offset): Promise<void> {
    this.#durable = offset;
    this.server.durability.progressed();
    await this.settled();
  }

  /** All that was sent has run, and all that may be received was. */
  async settled(): Promise<void> {
    await this.#control.run([["PING"]]);
  }

  /** Runs a command of a client whose replies never wait: for CLIENT KILL and the like. */
  control(...words: string[]): Promise<string> {
    return this.#control.reply(words);
  }

  async connect(options: { protocol: 2 | 3 } = { protocol: 2 }): Promise<Peer> {
    const connection = new MemoryConnection();
    const peer = new Peer(this, this.fed.join(connection), connection);
    await peer.run(["HELLO", `${options.protocol}`]);
    peer.take();
    return peer;
  }

  stop(): void {
    this.release();
    this.fed.stop();
  }
}

export class Peer {
  #received = "";

  constructor(
    private readonly server: HeldServer,
    readonly client: Client,
    readonly connection: MemoryConnection,
  ) {}

  get id(): number {
    return this.client.id;
  }

  /** What was received since the last call. */
  take(): string {
    const text = this.#received + this.connection.received();
    this.#received = "";
    return text;
  }

  /** Sends the commands as one pipeline, in one turn; all have run when it resolves, whether answered or not. */
  async run(...commands: string[][]): Promise<void> {
    this.connection.send(encodeCommands(commands));
    await this.server.settled();
  }

  /** As `run`; returns what was received by then. */
  async ask(...commands: string[][]): Promise<string> {
    await this.run(...commands);
    return this.take();
  }
}
