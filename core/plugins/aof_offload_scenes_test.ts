// aof-offload in a real worker through random scenes: bytes of any size, changes of file and policy, file calls that
// fail, killed workers, retries. What is durable only grows, and in the end the files hold all, once.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { FaultPlan } from "../../plugins/sdk/conformance/fault_plan.ts";
import type { ConformanceRequest } from "../../plugins/sdk/conformance/host_messages.ts";
import {
  type LogStoppedError,
  type LogWriter,
  type LogWriterEvents,
  NOT_WHOLE,
  type SyncPolicy,
} from "../persistence/aof/writer/log_writer.ts";
import type { Plugin } from "./plugin.ts";
import { until, withBench } from "./test_plugins.ts";

type Step =
  | { do: "append"; length: number; ends: boolean }
  | { do: "open" | "kill" | "retry" | "pause" }
  | { do: "faults"; plan: FaultPlan | undefined }
  | { do: "policy"; policy: SyncPolicy };

const plan: fc.Arbitrary<FaultPlan | undefined> = fc.option(
  fc.record({
    call: fc.constantFrom("open" as const, "write" as const, "sync" as const),
    from: fc.integer({ min: 1, max: 4 }),
    fault: fc.constantFrom("ENOSPC" as const, "EIO" as const, "short" as const),
  }),
  { nil: undefined },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      length: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000_000 }) },
      ),
      ends: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("open" as const, "kill" as const, "retry" as const, "pause" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("faults" as const), plan }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("policy" as const),
      policy: fc.constantFrom("always" as const, "everysec" as const, "no" as const),
    }),
  },
);

class Scene {
  private writer!: LogWriter;
  private readonly files: { path: string; length: number }[] = [];
  private length = 0;
  private durable = 0;
  private failures = 0;
  private recoveries = 0;

  constructor(private readonly plugin: Plugin, private readonly folder: string) {}

  async open(start: (events: LogWriterEvents) => Promise<LogWriter>): Promise<void> {
    this.writer = await start({
      progressed: () => this.look(),
      failed: () => void this.failures++,
      recovered: () => void this.recoveries++,
      delayed: () => {},
    });
    this.openFile();
  }

  async play(one: Step): Promise<void> {
    switch (one.do) {
      case "append":
        return this.append(one.length, one.ends);
      case "open":
        return this.openFile();
      case "kill":
        return this.plugin.abandon("killed by the scene");
      case "retry":
        return this.writer.retry();
      case "pause":
        return await new Promise((resolve) => setTimeout(resolve, 2));
      case "faults":
        return await this.faults(one.plan);
      case "policy":
        this.writer.policy = one.policy;
    }
  }

  async finish(): Promise<void> {
    await this.faults(undefined);
    for (let tries = 0;; tries++) {
      assert.ok(tries < 100, `there is still a fault: ${this.writer.fault?.message}`);
      this.writer.endTurn();
      // A death that was not heard of yet comes as a fault of the drain.
      const problem = await this.writer.drain().then(() => null, (error) => error as LogStoppedError);
      if (problem === null) break;
      if (problem.fault === NOT_WHOLE) this.openFile();
      await this.faults(undefined);
      const { failures, recoveries } = this;
      this.writer.retry();
      if (this.writer.fault !== null) {
        await until(() => this.failures > failures || this.recoveries > recoveries, "a retry ended");
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(this.writer.durableOffset, this.length);
    assert.equal(this.writer.waitingBytes, 0);
    await this.writer.close();
    let start = 0;
    for (const { path, length } of this.files) {
      const found = Deno.readFileSync(path);
      assert.equal(found.length, length, path);
      for (let at = 0; at < length; at++) {
        if (found[at] !== byteAt(start + at)) assert.fail(`${path} is wrong at ${at}`);
      }
      start += length;
      Deno.removeSync(path);
    }
  }

  private append(length: number, ends: boolean): void {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = byteAt(this.length + at);
    this.length += length;
    this.files.at(-1)!.length += length;
    this.writer.append(bytes, this.length);
    if (ends) this.writer.endTurn();
    this.look();
  }

  private openFile(): void {
    const path = `${this.folder}/${this.files.length + 1}`;
    this.files.push({ path, length: 0 });
    this.writer.open(path, 0);
  }

  private async faults(plan: FaultPlan | undefined): Promise<void> {
    if (this.plugin.state !== "running") return;
    await this.plugin.job({ conformance: "faults", plan } satisfies ConformanceRequest).catch(() => {});
  }

  private look(): void {
    const { durableOffset, writtenOffset } = this.writer;
    assert.ok(durableOffset >= this.durable, "what is durable went back");
    assert.ok(durableOffset <= writtenOffset && writtenOffset <= this.length);
    this.durable = durableOffset;
  }
}

function byteAt(offset: number): number {
  return (Math.imul(offset, 31) + (offset >> 8)) & 0xff;
}

Deno.test("whatever happens to files and worker, the log ends whole and what is durable only grows", () =>
  withBench(async (bench) => {
    const host = bench.host([], { workerUrl: new URL("./worker/conformance_main.ts", import.meta.url) });
    const folder = `${bench.dir}/data/appendonlydir`;
    Deno.mkdirSync(folder, { recursive: true });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const scene = new Scene(host.get("aof-offload")!, folder);
      await scene.open((events) => host.aof("aof-offload").open({ policy: "always", offset: 0 }, events));
      for (const one of steps) await scene.play(one);
      await scene.finish();
    });
    await fc.assert(property, { numRuns: 12, endOnFailure: true });
  }));
