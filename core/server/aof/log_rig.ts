// A server around the append-only log, as far as the log sees it; its writers and the snapshot worker are played.
import { ArenaDataset } from "../../persistence/rdb/arena_dataset.ts";
import { PlayedStrategy } from "../../persistence/snapshot/played_worker.ts";
import { Config } from "../config/config.ts";
import { MemoryHost } from "../config/memory_host.ts";
import { BackPressure } from "../durability/back_pressure.ts";
import type { DurableLog } from "../durability/durability.ts";
import { Propagation } from "../feed/propagation.ts";
import { SaveCoordinator, type SaveHost } from "../save_coordinator.ts";
import { AppendOnlyLog } from "./append_only_log.ts";
import { systemDirectoryFiles } from "./log_directory.ts";
import type { LogHost } from "./log_host.ts";
import { PlayedLogStrategy, type PlayedWriter, settle } from "./played_writer.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export const ON = { appendonly: true, appendfsync: "always" } as const;

/** Its log is in a directory of its own, removed in the end. */
export class LogRig implements Disposable {
  readonly dir = Deno.makeTempDirSync();
  readonly dataset = new ArenaDataset(16 * 1024 * 1024);
  readonly values: Mutable<Config["values"]> = new Config(new MemoryHost()).values;
  readonly lines: string[] = [];
  readonly latencies: string[] = [];
  readonly propagation = new Propagation(this.dataset.keyspace);
  readonly worker = new PlayedStrategy("tables");
  readonly strategies: Record<string, PlayedLogStrategy> = {
    "aof-offload": new PlayedLogStrategy("worker"),
    "aof-inline": new PlayedLogStrategy("loop"),
  };
  /** What replies wait for. */
  attached: DurableLog | null = null;
  readonly files = { ...systemDirectoryFiles };
  restrictions = 0;
  exits: number[] = [];
  executing = false;
  readonly log: AppendOnlyLog;
  readonly saves: SaveCoordinator;

  constructor(values: Partial<Config["values"]> = {}) {
    Object.assign(this.values, { dir: this.dir, save: [], autoAofRewritePercentage: 0 }, values);
    const note = (line: string) => void this.lines.push(line);
    const shared: SaveHost & Pick<LogHost, "propagation" | "exit"> = {
      keyspace: this.dataset.keyspace,
      loader: { functions: [] },
      config: { values: this.values },
      log: { debug: note, verbose: note, notice: note, warning: note } as SaveHost["log"],
      latency: { addIfNeeded: (event: string) => void this.latencies.push(event) },
      plugins: { snapshot: () => this.worker },
      usedMemory: () => 1,
      restrict: (bit, on) => {
        this.restrictions = on ? this.restrictions | bit : this.restrictions & ~bit;
      },
      releaseWriters: () => {},
      propagation: this.propagation,
      exit: (code) => this.exits.push(code),
    };
    this.saves = new SaveCoordinator(shared);
    const isExecuting = () => this.executing;
    this.log = new AppendOnlyLog({
      ...shared,
      latency: { ...shared.latency, threshold: 1 },
      saves: this.saves,
      durability: {
        attach: (log) => void (this.attached = log),
        progressed: () => {},
        pressure: new BackPressure(() => {}),
      },
      plugins: {
        aof: (name) => {
          const strategy = this.strategies[name];
          if (strategy === undefined) throw new Error(`there is no plugin "${name}"`);
          return strategy;
        },
      },
      writeWaiters: { progressed: () => {} },
      transactions: {
        get executing() {
          return isExecuting();
        },
      },
    }, this.files);
  }

  /** As a server starts. */
  async start(): Promise<void> {
    this.log.readManifest();
    const opened = this.log.openAtStart();
    await settle();
    if (this.log.state === "on") this.writer.syncs();
    await opened;
  }

  get writer(): PlayedWriter {
    return this.strategies[this.values.aofStrategy].last;
  }

  set(values: Partial<Config["values"]>): string | void {
    Object.assign(this.values, values);
    return this.log.configChanged();
  }

  /** A command that is propagated. */
  write(key: string): void {
    this.propagation.instead("SET", 3).word(key).word("v");
    this.propagation.endUnit();
    this.propagation.flush();
    this.log.endTurn();
  }

  /** The running rewrite ends. */
  async rewriteEnds(how: "well" | Error): Promise<void> {
    const { worker } = this.worker;
    if (how === "well") {
      Deno.writeTextFileSync(worker.input.path(), "base");
      worker.finish();
    } else worker.fail(how);
    let isOver = false;
    const settled = this.log.rewriter.settled.then(() => isOver = true);
    // The files of before go once the writer has come to the cut.
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve));
      for (const { writers } of Object.values(this.strategies)) {
        for (const writer of writers) if (writer.fault === null) writer.syncs();
      }
    }
    await settled;
  }

  get manifest(): string {
    return this.log.directory.manifest.format().replace(
      /file appendonly\.aof\.(\S+) seq \d+ type (\w)\n/g,
      "$1/$2 ",
    )
      .trim();
  }

  get names(): string[] {
    return [...Deno.readDirSync(`${this.dir}/appendonlydir`)].map((entry) => entry.name).sort();
  }

  cron(now = 0): void {
    this.log.cron(now);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}
