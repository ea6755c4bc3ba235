// One round of the crash test: a server in a fresh directory, clients that write and look, kill -9 at a random moment (with a
// loss of power or without), a restart, the judgement; a few times on the same data. All choices come from the seed.
import assert from "node:assert/strict";
import { pause, RedisServer, type RespClient, type ServerProcess, SporkServer } from "../harness/mod.ts";
import { Random } from "../values/random.ts";
import { checkAfterCrash, type Verdict } from "./crash_check.ts";
import {
  broadcastTracker,
  isEnd,
  monitor,
  Observations,
  reader,
  subscriber,
  tracker,
  watcher,
} from "./crash_observers.ts";
import { Consumers, Racers } from "./crash_rivals.ts";
import { Writer } from "./crash_writer.ts";
import { hasFaultDisk } from "./fault_disk.ts";
import { PowerLossDisk } from "./power_loss.ts";

/** What `everysec` may lose: a second until a sync is due, one until it is no longer put off, and what a busy machine adds. */
const EVERYSEC_LOSS_MILLISECONDS = 2000 + 1000;
/** What a process may have accepted and not yet handed to the system, without `always`. */
const UNWRITTEN_MILLISECONDS = 1500;
const SYNC_MILLISECONDS = [0, 2, 10, 30];

export type ServerName = "spork" | "redis-server";
type Ending = "kill" | "power loss" | "shutdown";

export interface RoundChoices {
  server: ServerName;
  seed: number;
  policy: "always" | "everysec" | "no";
  strategy: "aof-offload" | "aof-inline";
  snapshotStrategy: "threadsave" | "fork-emulated";
  preamble: "yes" | "no";
  timestamps: "yes" | "no";
  holdSyncsOnRewrite: "yes" | "no";
  /** The policy that is judged by, where it is not the server's: the judge itself is under test. */
  judgedAs?: "always";
  /** How much longer a sync takes, milliseconds. */
  syncMilliseconds: number;
  rewrites: "none" | "some" | "many";
  /** The strategy is changed to the other one and back while clients write. */
  switches: boolean;
  writers: number;
  readers: number;
  monitored: boolean;
  lives: number;
  /** How lives end; one of them is picked each time. */
  endings: Ending[];
}

const ENDINGS: Ending[] = [
  "kill",
  "kill",
  "power loss",
  "power loss",
  "power loss",
  "power loss",
  "shutdown",
];

/** The choices of a seed; what `fixed` has is not up to chance. */
export function roundChoices(
  server: ServerName,
  seed: number,
  fixed: Partial<RoundChoices> = {},
): RoundChoices {
  const random = new Random(seed);
  const choices: RoundChoices = {
    server,
    seed,
    policy: random.pick(["always", "always", "always", "everysec", "no"]),
    strategy: random.pick(["aof-offload", "aof-offload", "aof-inline"]),
    snapshotStrategy: random.pick(["threadsave", "fork-emulated"]),
    preamble: random.pick(["yes", "no"]),
    timestamps: random.pick(["yes", "no"]),
    holdSyncsOnRewrite: random.pick(["yes", "no", "no"]),
    syncMilliseconds: random.pick(SYNC_MILLISECONDS),
    rewrites: random.pick(["none", "some", "many"]),
    switches: random.oneIn(5),
    writers: 2 + random.below(3),
    readers: 1 + random.below(3),
    monitored: random.oneIn(3),
    lives: 1 + random.below(3),
    endings: hasFaultDisk ? ENDINGS : ENDINGS.filter((ending) => ending !== "power loss"),
  };
  const all = { ...choices, ...fixed };
  if (server === "redis-server") {
    all.switches = false;
    // There it weakens `always`, as its documentation says.
    all.holdSyncsOnRewrite = "no";
  }
  return all;
}

export interface RoundReport {
  choices: RoundChoices;
  steps: number;
  acked: number;
  noted: Record<string, number>;
  lives: { ending: Ending; milliseconds: number; lostSteps: number; lostMilliseconds: number }[];
}

/** Throws with the server's log when something is not as it must be. */
export async function runRound(choices: RoundChoices): Promise<RoundReport> {
  const round = new Round(choices);
  try {
    return await round.run();
  } catch (error) {
    // The server's end is the cause, or else it is still there.
    await pause(200);
    throw new Error(
      `${(error as Error).message}\n${JSON.stringify(choices)}\nlog:\n${round.log.slice(-5000)}`,
      {
        cause: error,
      },
    );
  } finally {
    await round.end();
  }
}

class Round {
  readonly #random: Random;
  readonly #disk: PowerLossDisk;
  readonly #writers: Writer[];
  readonly #consumers: Consumers;
  readonly #racers = new Racers();
  #server: ServerProcess | null = null;
  #latest: ServerProcess | null = null;

  /** The log of the latest server. */
  get log(): string {
    return `${this.#latest?.log}\n(${this.#latest?.isRunning ? "running" : "ended"})`;
  }

  constructor(readonly choices: RoundChoices) {
    this.#random = new Random(choices.seed ^ 0x5bd1e995);
    this.#disk = new PowerLossDisk({ files: "appendonly" });
    this.#disk.faults.syncMilliseconds = choices.syncMilliseconds;
    this.#writers = Array.from({ length: choices.writers }, (_, at) => new Writer(at + 1));
    this.#consumers = new Consumers(choices.writers);
  }

  async run(): Promise<RoundReport> {
    const report: RoundReport = { choices: this.choices, steps: 0, acked: 0, noted: {}, lives: [] };
    let kept = this.#writers.map(() => 0);
    await this.#start();
    for (let life = 0; life < this.choices.lives; life++) {
      for (const [at, writer] of this.#writers.entries()) writer.begin(life, kept[at]);
      this.#consumers.begin();
      this.#racers.begin();
      const { seen, ending, at, milliseconds } = await this.#live();
      for (const writer of this.#writers) {
        report.steps += writer.sent - writer.base;
        report.acked += writer.acked - writer.base;
      }
      for (const [how, count] of seen.counts) {
        const way = how.startsWith("a reader's") ? how.split(" ").slice(0, 3).join(" ") : how;
        report.noted[way] = (report.noted[way] ?? 0) + count;
      }
      if (ending === "power loss") this.#disk.lose(this.#random);
      else this.#disk.begin();
      await this.#start();
      const verdict = await this.#judge(seen, at, ending);
      report.lives.push({ ending, milliseconds, ...lossOf(verdict) });
      kept = verdict.kept;
    }
    return report;
  }

  async end(): Promise<void> {
    try {
      await this.#server?.kill();
    } finally {
      this.#disk[Symbol.dispose]();
    }
  }

  async #start(): Promise<void> {
    const { choices } = this;
    const args = [
      ["--appendonly", "yes"],
      ["--appendfsync", choices.policy],
      ["--aof-use-rdb-preamble", choices.preamble],
      ["--aof-timestamp-enabled", choices.timestamps],
      ["--no-appendfsync-on-rewrite", choices.holdSyncsOnRewrite],
      ["--auto-aof-rewrite-percentage", choices.rewrites === "many" ? "20" : "0"],
      ["--auto-aof-rewrite-min-size", "64kb"],
      ["--notify-keyspace-events", "KEA"],
      ...choices.server === "spork"
        ? [["--aof-strategy", choices.strategy], ["--snapshot-strategy", choices.snapshotStrategy]]
        : [],
    ].flat();
    const options = { dir: this.#disk.data, env: hasFaultDisk ? this.#disk.env : undefined, args };
    const server = choices.server === "spork"
      ? await SporkServer.spawn(options)
      : await RedisServer.start(options);
    this.#server = this.#latest = server;
    await server.untilReady();
  }

  /** Clients write and look until the server is ended. */
  async #live() {
    const { choices } = this;
    const server = this.#server!;
    const random = this.#random;
    const ending = random.pick(choices.endings);
    // Long enough for a part of the history to be beyond what may be lost.
    const milliseconds = choices.policy === "everysec" && ending === "power loss"
      ? 3000 + random.below(2000)
      : 100 + random.below(random.oneIn(4) ? 3000 : 1200);
    let ended = false;
    const seen = new Observations(this.#writers, () => ended);
    const clients: RespClient[] = [];
    const connect = async () => {
      const client = await server.connect();
      clients.push(client);
      return client;
    };
    const chance = () => new Random(random.below(0x7fffffff));
    const tasks: Promise<void>[] = [];
    const add = async (body: (client: RespClient) => Promise<void>) => {
      const task = body(await connect()).catch((error) => {
        if (!ended || !isEnd(error)) throw error;
      });
      // Reported below; until then it is not unhandled.
      task.catch(() => {});
      tasks.push(task);
    };
    await add((client) => subscriber(client, seen));
    await add((client) => broadcastTracker(client, seen));
    await add((client) => tracker(client, seen, chance()));
    if (choices.monitored) await add((client) => monitor(client, seen));
    for (let at = 0; at < choices.readers; at++) await add((client) => reader(client, seen, chance()));
    for (let at = 0; at < 2; at++) {
      await add((client) => watcher(client, seen, chance()));
      await add((client) => this.#consumers.run(client, seen, chance()));
      await add((client) => this.#racers.run(at, client, seen, chance()));
    }
    for (const writer of this.#writers) await add((client) => writer.run(client, chance(), () => ended));
    if (choices.rewrites !== "none" || choices.switches) {
      await add((client) => this.#administer(client, chance(), () => ended));
    }
    await Promise.race([this.#untilMoment(milliseconds, random), ...tasks]);
    const at = performance.now();
    ended = true;
    if (ending === "shutdown") {
      const { code } = await server.terminate();
      assert.equal(code, 0, "a shutdown had no success");
    } else {
      await server.kill();
    }
    await Promise.all(tasks);
    for (const client of clients) client.close();
    this.#server = null;
    return { seen, ending, at, milliseconds };
  }

  /** A random moment, sometimes right behind a change of the log's files. */
  async #untilMoment(milliseconds: number, random: Random): Promise<void> {
    await pause(milliseconds);
    if (this.choices.rewrites === "none" || random.oneIn(3)) return;
    using watcher = Deno.watchFs(this.#disk.data, { recursive: true });
    const late = pause(1500);
    const manifestOnly = random.oneIn(2);
    const change = (async () => {
      for await (const event of watcher) {
        if (event.kind === "modify" && !manifestOnly) continue;
        if (
          event.paths.some((path) => /manifest|temp-/.test(path) && !(manifestOnly && /temp-re/.test(path)))
        ) return;
      }
    })();
    await Promise.race([late, change]);
    await pause(random.below(6));
  }

  /** Rewrites, and changes of the strategy. */
  async #administer(client: RespClient, random: Random, ended: () => boolean): Promise<void> {
    const { choices } = this;
    let { strategy } = choices;
    while (!ended()) {
      await pause(choices.rewrites === "many" ? random.below(100) : 100 + random.below(500));
      if (choices.rewrites !== "none") {
        await client.pipeline([["BGREWRITEAOF"]]);
        if (random.oneIn(3)) await client.pipeline([["BGSAVE"]]);
      }
      if (choices.switches) {
        strategy = strategy === "aof-offload" ? "aof-inline" : "aof-offload";
        assert.equal(await client.call("CONFIG", "SET", "aof-strategy", strategy), "OK");
      }
    }
  }

  async #judge(seen: Observations, at: number, ending: Ending): Promise<Verdict> {
    await using client = await this.#server!.connect();
    return await checkAfterCrash(client, {
      writers: this.#writers,
      seen,
      consumers: this.#consumers,
      racers: this.#racers,
      at,
      lossMillisecondsMax: this.#lossMillisecondsMax(ending),
    });
  }

  #lossMillisecondsMax(ending: Ending): number {
    const { policy, judgedAs, holdSyncsOnRewrite, rewrites } = this.choices;
    if (policy === "always" || judgedAs === "always" || ending === "shutdown") return 0;
    if (ending === "kill") return UNWRITTEN_MILLISECONDS;
    const bounded = policy === "everysec" && (holdSyncsOnRewrite === "no" || rewrites === "none");
    return bounded ? EVERYSEC_LOSS_MILLISECONDS : Infinity;
  }
}

function lossOf({ lostSteps, lostMilliseconds }: Verdict) {
  return { lostSteps, lostMilliseconds: Math.round(lostMilliseconds) };
}
