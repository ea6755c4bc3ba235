// Command handlers over a real keyspace, without network, dispatch or configuration files: what unit and model tests of
// command modules run on. Keeps the events that the mutation hook told, so that tests can see them.
import { latin1Text } from "../../core/bytes/ascii.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { ServerServices } from "../../core/commands/server_services.ts";
import { Keyspace } from "../../core/keyspace/keyspace.ts";
import { Arena } from "../../core/memory/arena.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { unknownCommand, wrongArity } from "../../core/protocol/errors.ts";
import { OutputSink } from "../../core/protocol/output_sink.ts";
import { ReplyWriter } from "../../core/protocol/reply_writer.ts";

const ARENA_BYTES_DEFAULT = 64 * 1024 * 1024;
const DATABASES = 2;

export interface RigOptions {
  arenaBytes?: number;
  /** Configuration values that the commands under test read, by their names in `config.values`. */
  config?: Record<string, unknown>;
}

export class CommandRig {
  readonly keyspace: Keyspace;
  /** What commands see of the server: only what is put here. */
  readonly server: ServerServices;
  /** What happened since the last `takeEvents`: "string set key", latin1. */
  readonly #events: string[] = [];
  readonly #specs = new Map<string, CommandSpec>();
  readonly #sink = new OutputSink();
  readonly #reply = new ReplyWriter(this.#sink);
  readonly #client: CommandClient;

  constructor(specs: CommandSpec[], options: RigOptions = {}) {
    for (const spec of specs) this.#specs.set(spec.name, spec);
    const arena = Arena.create({ bytes: options.arenaBytes ?? ARENA_BYTES_DEFAULT });
    this.keyspace = new Keyspace(arena, DATABASES);
    this.keyspace.listener = {
      keyChanged: (_database, eventClass, event, key, start, end) => {
        this.#events.push(`${eventClass} ${event} ${latin1Text(key, start, end)}`);
      },
    };
    const values = {
      protoMaxBulkLen: 512 * 1024 * 1024,
      hashMaxListpackEntries: 128,
      hashMaxListpackValue: 64,
      setMaxIntsetEntries: 512,
      setMaxListpackEntries: 128,
      setMaxListpackValue: 64,
      zsetMaxListpackEntries: 128,
      zsetMaxListpackValue: 64,
      hllSparseMaxBytes: 3000,
      listMaxListpackSize: -2,
      listCompressDepth: 0,
      streamNodeMaxBytes: 4096,
      streamNodeMaxEntries: 100,
      ...options.config,
    };
    const waiters = { ready: () => {} };
    const propagation = { active: false };
    this.server = {
      keyspace: this.keyspace,
      config: { values },
      waiters,
      propagation,
    } as unknown as ServerServices;
    this.#client = {
      server: this.server,
      mayBlock: false,
      reply: this.#reply,
      db: this.keyspace.databases[0],
    } as unknown as CommandClient;
  }

  set protocol(protocol: 2 | 3) {
    this.#reply.protocol = protocol;
  }

  /** Runs one command and returns the bytes of its reply, one character a byte. Throws what the handler throws. */
  raw(...words: (string | Uint8Array)[]): string {
    this.keyspace.clock.update();
    try {
      this.#run(Arguments.of(...words));
    } finally {
      this.lastReply = latin1Text(this.#sink.bytes, 0, this.#sink.length);
      this.#sink.clear();
    }
    return this.lastReply;
  }

  #run(args: Arguments): void {
    let spec = this.#specs.get(args.latin1(0).toLowerCase());
    let name = spec?.name;
    if (spec?.subcommands !== undefined) {
      spec = spec.subcommands.find((each) => args.count > 1 && args.is(1, each.name.toLowerCase()));
      name = `${name}|${spec?.name}`;
    }
    if (spec?.handler === undefined) this.#reply.error(unknownCommand(args));
    else if (spec.arity > 0 ? args.count !== spec.arity : args.count < -spec.arity) {
      this.#reply.error(wrongArity(name!));
    } else spec.handler(this.#client, args);
  }

  /** What the last command had written, also when it threw. */
  lastReply = "";

  /** The events since the last call, in order. */
  takeEvents(): string[] {
    return this.#events.splice(0);
  }
}
