// Runs the commands of one file of the append-only log, and those of a transaction once its EXEC is there. The loader
// reads them; they change nothing but the dataset: no statistics, no slow log, no monitors, no propagation. Hot: a
// command costs no allocation.
import type { Client } from "../../net/client.ts";
import type { ClientHost } from "../../net/client_host.ts";
import type { Logger } from "../../log/logger.ts";
import { ArgumentLog } from "../../protocol/argument_log.ts";
import { Arguments } from "../../protocol/arguments.ts";
import type { Command, CommandTable } from "../command_table.ts";
import { makeLogClient } from "./log_client.ts";

/** Errors of commands that are logged; Valkey logs as many. */
const ERRORS_LOGGED_MAX = 10;

/** A command that no server of ours has logged. `reason` says so up to the name of the file. */
export class RefusedCommand extends Error {
  override readonly name = "RefusedCommand";

  constructor(readonly reason: string) {
    super(reason);
  }
}

export interface ReplayHost extends ClientHost {
  readonly commands: CommandTable;
  readonly log: Logger;
  readonly loader: {
    /** Sources of function libraries: nothing runs them yet, but they are kept. */
    readonly functions: Uint8Array[];
  };
}

export class LogReplayer {
  /** Commands that ran, those of transactions included. */
  count = 0;
  readonly #client: Client;
  readonly #table: CommandTable;
  readonly #log: Logger;
  readonly #loader: ReplayHost["loader"];
  #inTransaction = false;
  #queued: Command[] = [];
  #queue = new ArgumentLog();
  readonly #queuedArgs = new Arguments();
  #errors = 0;

  constructor(host: ReplayHost) {
    this.#client = makeLogClient(host);
    this.#table = host.commands;
    this.#log = host.log;
    this.#loader = host.loader;
  }

  /**
   * Takes one command. `inTransaction`: from MULTI (itself included) until before EXEC. Throws RefusedCommand, and what
   * handlers throw (ARENA_FULL).
   */
  take(args: Arguments, inTransaction: boolean): void {
    if (inTransaction) {
      if (this.#inTransaction) this.#add(args);
      else this.#inTransaction = true;
    } else if (this.#inTransaction) {
      this.#inTransaction = false;
      this.#runQueue();
    } else if (isLibrary(args)) {
      this.count++;
      this.#loader.functions.push(args.buffer.slice(args.starts[2], args.ends[2]));
    } else this.#run(this.#find(args), args);
  }

  #find(args: Arguments): Command {
    const found = this.#table.find(args.buffer, args.starts[0], args.ends[0]);
    const command: Command | null = found === null || found.subcommands === null || args.count < 2
      ? found
      : found.subcommands.find(args.buffer, args.starts[1], args.ends[1]);
    if (command === null || command.handler === undefined || command.handler === null) {
      throw new RefusedCommand(`Unknown command '${args.latin1(0)}'`);
    }
    const { arity } = command;
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      throw new RefusedCommand(`Wrong number of arguments for command '${command.fullName}'`);
    }
    return command;
  }

  #add(args: Arguments): void {
    this.#queued.push(this.#find(args));
    this.#queue.add(args);
  }

  #runQueue(): void {
    const commands = this.#queued;
    const args = this.#queuedArgs;
    this.#queue.rewind();
    for (let index = 0; index < commands.length; index++) {
      this.#queue.next(args);
      this.#run(commands[index], args);
    }
    commands.length = 0;
    this.#queue.clear();
  }

  #run(command: Command, args: Arguments): void {
    const client = this.#client;
    const { reply } = client;
    const before = reply.errorCount;
    client.args = args;
    this.count++;
    command.handler!(client, args);
    if (reply.errorCount !== before) this.#failed(command);
    if (client.blocking !== null || client.isClosing) {
      throw new RefusedCommand(`Command '${command.fullName}' is not one of a log,`);
    }
  }

  /** It had success when it was logged: the dataset is not what it was. */
  #failed(command: Command): void {
    if (++this.#errors > ERRORS_LOGGED_MAX) return;
    this.#log.warning(
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${this.#client.reply.lastError}' ` +
        `after processing the command '${command.fullName}'`,
    );
  }
}

/** FUNCTION LOAD, as the base of a log without RDB preamble has it. */
function isLibrary(args: Arguments): boolean {
  return args.count === 3 && args.is(0, "function") && args.is(1, "load");
}
