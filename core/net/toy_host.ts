// A ClientHost with a handful of commands and no keyspace, for this room's tests and benchmarks: what a client does
// around its commands is tested here, the commands themselves elsewhere.
import type { Blocking } from "../commands/command_client.ts";
import type { ServerServices } from "../commands/server_services.ts";
import { Clock } from "../keyspace/clock.ts";
import type { Database } from "../keyspace/database.ts";
import { Client } from "./client.ts";
import { type ClientHost, type CloseReason, defaultClientLimits } from "./client_host.ts";
import type { Connection } from "./connection.ts";
import { Turn } from "./turn.ts";

export class ToyHost implements ClientHost {
  readonly services = {} as ServerServices;
  readonly clock = new Clock();
  readonly limits = defaultClientLimits();
  readonly firstDatabase = { id: 0 } as Database;
  readonly counters = {
    inputBytes: 0,
    outputBytes: 0,
    reads: 0,
    writes: 0,
    clientQueryBufferLimitDisconnections: 0,
    clientOutputBufferLimitDisconnections: 0,
  };
  startsAuthenticated = true;
  readonly logged: string[] = [];
  readonly errors: string[] = [];
  readonly closed: { id: number; reason: CloseReason }[] = [];
  /** Names of the commands that ran. */
  readonly ran: string[] = [];
  /** Set to false where the list above would only cost time. */
  keepsHistory = true;
  /** How often the end of a turn was reached. */
  sleeps = 0;
  readonly turn = new Turn({
    beginTurn: () => this.clock.update(),
    beforeSleep: () => {
      this.sleeps++;
      this.turn.flush();
    },
  });
  readonly log = {
    debug: (message: string) => this.#note("debug", message),
    verbose: (message: string) => this.#note("verbose", message),
    notice: (message: string) => this.#note("notice", message),
    warning: (message: string) => this.#note("warning", message),
  };
  readonly #value = new Uint8Array(64).fill(0x61);
  #lastId = 0;

  /** A client of this host that reads already. */
  connect(connection: Connection): Client {
    const client = new Client({ id: ++this.#lastId, connection, host: this });
    client.start();
    return client;
  }

  beginBatch(_client: Client): void {}

  lookAhead(_client: Client): void {}

  endBatch(_client: Client): void {}

  execute(client: Client): void {
    const { args, reply } = client;
    client.totalCommands++;
    if (this.keepsHistory) {
      client.lastCommand = args.text(0).toLowerCase();
      this.ran.push(client.lastCommand);
    }
    if (args.is(0, "get")) reply.bulkBytes(this.#value);
    else if (args.is(0, "set")) reply.ok();
    else if (args.is(0, "ping")) reply.pong();
    else if (args.is(0, "echo")) reply.bulk(args.buffer, args.starts[1], args.ends[1]);
    else if (args.is(0, "fill")) this.#fill(client);
    else if (args.is(0, "quit")) this.#quit(client);
    else if (args.is(0, "die")) client.closeNow();
    else if (args.is(0, "block")) client.block(this.blocking);
    else if (args.is(0, "reply")) client.replyMode = args.text(1) as "on" | "off" | "skip";
    else reply.error(`ERR unknown command '${args.latin1(0)}'`);
  }

  /** How BLOCK blocks. */
  blocking: Blocking = { reason: "keys" };

  errorReplied(text: string): void {
    this.errors.push(text);
  }

  clientClosed(client: Client, reason: CloseReason): void {
    this.closed.push({ id: client.id, reason });
  }

  /** FILL count: an array of that many values of 64 bytes. */
  #fill(client: Client): void {
    const count = Number(client.args.text(1));
    client.reply.array(count);
    for (let index = 0; index < count; index++) client.reply.bulkBytes(this.#value);
  }

  #quit(client: Client): void {
    client.reply.ok();
    client.closeAfterReply();
  }

  #note(level: string, message: string): void {
    this.logged.push(`${level} ${message}`);
  }
}
