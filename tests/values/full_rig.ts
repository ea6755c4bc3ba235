// Every command over a keyspace without a network, with the services that data commands use: for tests in one process
// that run many thousand commands.
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { ServerServices } from "../../core/commands/server_services.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import { Config } from "../../core/server/config/config.ts";
import { MemoryHost } from "../../core/server/config/memory_host.ts";
import { DumpService } from "../../core/server/dump_service.ts";
import { allCommands } from "../../modules/modules.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import type { Word } from "./samples.ts";

export class FullRig extends CommandRig {
  readonly config: Config;

  constructor(options: { arenaBytes: number; config?: [string, string][]; commands?: CommandSpec[] }) {
    const config = new Config(new MemoryHost());
    Object.assign(config.values, { enableDebugCommand: "yes" });
    const problem = config.set(options.config ?? [], { local: true, loading: false });
    if (problem !== null) throw new Error(problem);
    super(options.commands ?? allCommands, {
      arenaBytes: options.arenaBytes,
      config: config.values as unknown as Record<string, unknown>,
    });
    this.config = config;
    Object.assign(
      this.server,
      {
        config,
        dumps: new DumpService(this.keyspace, config),
        waiters: { wait: () => {}, ready: () => {} },
      } satisfies Partial<ServerServices>,
    );
  }

  /** Runs a command with texts in latin1; its reply as bytes, one character a byte. */
  run(words: Word[]): string {
    return this.raw(...words.map((word) => latin1Bytes(`${word}`)));
  }

  /** The payload that DUMP gives for the key, empty where there is no key. */
  dump(key: string): Uint8Array {
    const reply = this.run(["DUMP", key]);
    return reply.startsWith("$-1")
      ? new Uint8Array(0)
      : latin1Bytes(reply.slice(reply.indexOf("\r\n") + 2, -2));
  }

  restore(key: string, payload: Uint8Array): string {
    return this.raw("RESTORE", key, "0", payload);
  }

  /** Bytes in use when everything that was given up has been freed, tables of the databases left out. */
  usedBytes(): number {
    const { keyspace } = this;
    while (!keyspace.lazyFree.run(1000));
    while (keyspace.arena.reclaim() > 0);
    let tables = 0;
    for (const { keys, expires, fieldExpires } of keyspace.databases) {
      tables += keys.overheadBytes + expires.overheadBytes + fieldExpires.overheadBytes;
    }
    return keyspace.arena.usedBytes - tables;
  }

  /** Whether the key is there, and has no expiry. */
  holdsForEver(key: string): boolean {
    const ref = this.keyspace.databases[0].peek(latin1Bytes(key), 0, key.length);
    return ref !== 0 && this.keyspace.entries.expireAt(ref) === NO_EXPIRE;
  }
}
