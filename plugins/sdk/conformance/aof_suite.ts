// What every aof plugin must keep, as conformance cases: what was appended gets to the file whole and in order; it
// becomes durable when the policy says; what the file system does wrong stops the log with nothing lost, and a retry
// goes on; a worker that dies loses nothing. The writer is the server's own, with the plugin where it runs.
import type {
  LogFault,
  LogWriter,
  LogWriterEvents,
  LogWriterStart,
} from "../../../core/persistence/aof/writer/log_writer.ts";
import { type ConformanceCase, expect, SeededBytes } from "./conformance_case.ts";
import type { FaultPlan } from "./fault_plan.ts";

/** The plugin under test. */
export interface AofSubject {
  open(start: LogWriterStart, events: LogWriterEvents): Promise<LogWriter>;
  /** A folder that the plugin may write to and this program may read. */
  readonly folder: string;
  readonly runs: "loop" | "worker";
  readonly declares: readonly string[];
  /** How long a case waits for what must happen, milliseconds. */
  readonly limitMs?: number;
  /** The plugin's file calls fail like this from now on; undefined = they work. */
  setFaults(plan: FaultPlan | undefined): Promise<void>;
  /** Ends the plugin's worker without a word. */
  kill(): void;
}

/** What takes longer than this hangs. */
const LIMIT_MS = 20_000;
const OFFSET = 4_000;

export function aofCases(subject: AofSubject): ConformanceCase[] {
  const cases: { name: string; policy?: LogWriterStart["policy"]; run(log: TestLog): Promise<void> }[] = [
    {
      name: "always: all that is appended becomes durable without being asked for, whole and in order",
      async run(log) {
        for (let turn = 0; turn < 200; turn++) {
          for (let i = log.random.below(4); i >= 0; i--) log.append(1 + log.random.below(3_000));
          log.endTurn();
          if (turn % 20 === 0) await log.until(() => log.isDurable, "the turns became durable");
        }
        await log.until(() => log.isDurable, "the last turn became durable");
        log.expectFiles();
      },
    },
    {
      name: "everysec: what is appended becomes durable within three seconds, with nothing coming after it",
      policy: "everysec",
      async run(log) {
        log.append(1_000);
        log.endTurn();
        await log.until(() => log.isDurable, "the first turn became durable", 3_000);
        log.append(1_000);
        log.endTurn();
        await log.until(() => log.isDurable, "the second turn became durable", 3_000);
        log.expectFiles();
      },
    },
    {
      name: "no: what is appended is written without being asked for, and a drain makes it durable",
      policy: "no",
      async run(log) {
        log.append(1_000);
        log.endTurn();
        await log.until(() => log.writer.waitingBytes === 0, "the turn was written", 3_000);
        await log.drain();
        log.expectFiles();
      },
    },
    {
      name: "a change of files: each holds what belongs to it",
      async run(log) {
        for (let file = 0; file < 5; file++) {
          log.append(500 + log.random.below(5_000));
          if (file % 2 === 0) log.endTurn();
          log.openNext();
        }
        log.append(10);
        await log.drain();
        log.expectFiles();
      },
    },
    {
      name: "a change of policy: what waits becomes durable",
      policy: "no",
      async run(log) {
        log.append(5_000);
        log.endTurn();
        log.writer.policy = "always";
        log.append(5_000);
        log.endTurn();
        await log.until(() => log.isDurable, "all became durable");
        log.expectFiles();
      },
    },
    {
      name: "forty megabytes in one turn",
      async run(log) {
        for (let i = 0; i < 40; i++) log.append(1024 * 1024);
        await log.drain();
        log.expectFiles();
      },
    },
    {
      name: "a log that is closed at once has all in its file",
      policy: "everysec",
      async run(log) {
        log.append(100_000);
        log.endTurn();
        log.append(100_000);
        await log.writer.close();
        log.expectFiles();
      },
    },
    {
      name: "short writes are continued",
      async run(log) {
        await log.faults({ call: "write", from: 1, fault: "short" });
        log.append(100_000);
        await log.drain();
        log.expectFiles();
      },
    },
    failing("no space", { call: "write", from: 1, fault: "ENOSPC" }, "write"),
    failing("a failing sync", { call: "sync", from: 1, fault: "EIO" }, "sync"),
    {
      name: "a file that cannot be opened: the log stops there, and a retry goes on",
      async run(log) {
        log.append(1_000);
        await log.drain();
        await log.faults({ call: "open", from: 1, fault: "EIO" });
        log.openNext();
        log.append(1_000);
        log.endTurn();
        await log.expectFault("open", "EIO");
        await log.faults(undefined);
        await log.recover();
        await log.drain();
        log.expectFiles();
      },
    },
  ];
  if (subject.declares.includes("group-commit")) {
    cases.push({
      name: "what comes while a sync runs is one group: fewer syncs than turns",
      async run(log) {
        const turns = 200;
        for (let turn = 0; turn < turns; turn++) {
          log.append(100);
          log.endTurn();
        }
        await log.drain();
        let syncs = 0;
        log.writer.takeSamples((kind) => syncs += kind === "sync" ? 1 : 0);
        expect(syncs > 0 && syncs < turns, `${turns} turns took ${syncs} syncs`);
        log.expectFiles();
      },
    });
  }
  if (subject.runs === "worker") {
    cases.push({
      name: "a killed worker stops the log; the one after it loses nothing and repeats nothing",
      async run(log) {
        for (let kill = 0; kill < 5; kill++) {
          for (let turn = 0; turn < 50; turn++) {
            log.append(1 + log.random.below(20_000));
            log.endTurn();
            if (turn % 10 === 0) await pause(1);
          }
          const before = log.writer.durableOffset;
          subject.kill();
          log.append(1_000);
          log.endTurn();
          await log.expectFault("worker", "");
          expect(log.writer.durableOffset >= before, "the durable offset went back");
          log.expectDurable();
          await log.recover();
          await log.drain();
          log.expectFiles();
        }
      },
    });
  }
  return cases.map(({ name, policy = "always", run }) => ({
    name,
    async run() {
      const log = await TestLog.open(subject, policy);
      try {
        await run(log);
        log.expectNoRegress();
      } finally {
        await log.close();
      }
    },
  }));
}

function failing(what: string, plan: FaultPlan, kind: LogFault["kind"]) {
  return {
    name:
      `${what}: nothing counts as durable, a retry in vain changes nothing, and one that works loses nothing`,
    async run(log: TestLog) {
      log.append(10_000);
      await log.drain();
      const durable = log.writer.durableOffset;
      await log.faults(plan);
      log.append(3_000);
      log.endTurn();
      await log.expectFault(kind, plan.fault);
      log.append(3_000);
      log.endTurn();
      const tries = log.failures;
      log.writer.retry();
      await log.until(() => log.failures > tries, "the retry in vain was told");
      expect(log.writer.durableOffset === durable, "bytes count as durable whose call failed");
      let isRejected = false;
      await log.writer.drain().catch(() => isRejected = true);
      expect(isRejected, "a drain had success while the log was stopped");
      await log.faults(undefined);
      await log.recover();
      await log.drain();
      log.expectFiles();
    },
  };
}

/** A log under test, with all that was appended to it. */
class TestLog {
  readonly random = new SeededBytes(7);
  failures = 0;
  private recoveries = 0;
  private readonly files: { path: string; start: number }[] = [];
  private readonly chunks: Uint8Array[] = [];
  private length = 0;
  private highest = OFFSET;
  private isRegressed = false;
  private hasFaults = false;
  writer!: LogWriter;

  private constructor(private readonly subject: AofSubject) {}

  static async open(subject: AofSubject, policy: LogWriterStart["policy"]): Promise<TestLog> {
    const log = new TestLog(subject);
    log.writer = await subject.open({ policy, offset: OFFSET }, {
      progressed: () => log.look(),
      failed: () => void log.failures++,
      recovered: () => void log.recoveries++,
      delayed: () => {},
    });
    log.openNext();
    return log;
  }

  get isDurable(): boolean {
    return this.writer.durableOffset === OFFSET + this.length;
  }

  append(length: number): void {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = (this.length + at) * 31 + (at >> 8);
    this.chunks.push(bytes.slice());
    this.length += length;
    this.writer.append(bytes, OFFSET + this.length);
    // They are the caller's again.
    bytes.fill(0);
  }

  endTurn(): void {
    this.writer.endTurn();
    this.look();
  }

  openNext(): void {
    const path = `${this.subject.folder}/log.${this.files.length + 1}.incr.aof`;
    this.files.push({ path, start: this.length });
    this.writer.open(path, 0);
  }

  async drain(): Promise<void> {
    this.writer.endTurn();
    let isDone = false;
    const drained = this.writer.drain().finally(() => isDone = true);
    await Promise.race([drained, this.until(() => isDone, "the drain ended")]);
    expect(this.isDurable, "a drain had success before all was durable");
  }

  async faults(plan: FaultPlan | undefined): Promise<void> {
    this.hasFaults = plan !== undefined;
    await this.subject.setFaults(plan);
  }

  async expectFault(kind: LogFault["kind"], code: string): Promise<void> {
    await this.until(() => this.failures > 0 && this.writer.fault !== null, "the log stopped");
    const { fault } = this.writer;
    expect(
      fault!.kind === kind && fault!.code === code,
      `stopped by ${fault!.kind} ${fault!.code} ${fault!.message}`,
    );
  }

  /** Retries until there is no fault: a worker that was killed may still hold its file for a moment. */
  async recover(): Promise<void> {
    const before = this.recoveries;
    await this.until(async () => {
      if (this.recoveries > before) return true;
      const tries = this.failures;
      this.writer.retry();
      await this.until(() => this.recoveries > before || this.failures > tries, "a retry ended");
      return this.recoveries > before;
    }, "a retry had success");
    expect(this.writer.fault === null, "recovery was told while there is a fault");
  }

  async until(
    isSo: () => boolean | Promise<boolean>,
    what: string,
    limitMs = this.subject.limitMs ?? LIMIT_MS,
  ): Promise<void> {
    const end = performance.now() + limitMs;
    while (!await isSo()) {
      expect(performance.now() < end, `waited in vain until ${what}`);
      await pause(2);
      this.writer.endTurn();
    }
  }

  /** The files hold at least what counts as durable. */
  expectDurable(): void {
    this.compare(this.writer.durableOffset - OFFSET, "at least");
  }

  /** The files hold what was appended, and nothing else. */
  expectFiles(): void {
    this.compare(this.length, "exactly");
  }

  expectNoRegress(): void {
    expect(!this.isRegressed, "the durable offset went back");
  }

  async close(): Promise<void> {
    if (this.hasFaults) await this.faults(undefined);
    await this.writer.close();
    for (const { path } of this.files) {
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  private look(): void {
    const { durableOffset } = this.writer;
    if (durableOffset < this.highest) this.isRegressed = true;
    this.highest = durableOffset;
  }

  private compare(length: number, how: "exactly" | "at least"): void {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    this.files.forEach(({ path, start }, i) => {
      const end = Math.min(length, this.files[i + 1]?.start ?? this.length);
      if (end <= start) return;
      const found = Deno.readFileSync(path);
      const isLength = how === "exactly" ? found.length === end - start : found.length >= end - start;
      expect(isLength, `file ${i + 1} has ${found.length} bytes, ${end - start} belong to it`);
      for (let byte = start; byte < end; byte++) {
        expect(found[byte - start] === all[byte], `file ${i + 1} is wrong at byte ${byte - start}`);
      }
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
