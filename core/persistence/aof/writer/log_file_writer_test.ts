import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogFile } from "../../../../plugins/sdk/types.ts";
import { FaultyLogFiles, type LogFileCall } from "./faulty_log_files.ts";
import { freshStart, LogFileWriter } from "./log_file_writer.ts";
import { LogIntake } from "./log_intake.ts";
import { LogRing } from "./log_ring.ts";
import type { LogFault, SyncPolicy } from "./log_writer.ts";

/** Writes and syncs at once, as aof-offload does. */
const AT_ONCE = {
  flush(log: LogFile) {
    log.write();
    if (log.syncDue) log.sync();
  },
};

/** Does what it is told to next, whatever is due. */
class WhimsicalPlugin {
  next: "write" | "sync" | "begin" | "nothing" = "nothing";

  flush(log: LogFile): void {
    if (this.next === "nothing") return;
    log.write();
    if (this.next === "sync" || log.policy === "always" && log.syncDue) log.sync();
    else if (this.next === "begin") log.beginSync();
  }
}

class Scene {
  readonly files = new FaultyLogFiles();
  readonly ring: LogRing;
  readonly intake: LogIntake;
  log: LogFileWriter;
  readonly whimsical = new WhimsicalPlugin();
  /** All bytes ever appended, and where each file begins in them. */
  readonly stream: number[] = [];
  readonly opened: { path: string; start: number; isHoled: boolean }[] = [];
  delays = 0;

  constructor(readonly patient: boolean, ringBytes = 256) {
    this.ring = LogRing.create(ringBytes, 16);
    this.intake = new LogIntake(this.ring, 0);
    this.log = this.takeOver();
  }

  /** Another writer goes on where this one left the ring; the first begins there. */
  takeOver(): LogFileWriter {
    const before = this.log;
    this.log = new LogFileWriter({
      ring: before === undefined ? this.ring : LogRing.attach(this.ring.handle, before.kept.record),
      files: this.files,
      start: before === undefined ? freshStart(0) : {
        offset: before.kept.offset,
        durableOffset: before.durable.offset,
        durableBytes: before.durable.size,
        isHoled: before.isHoled,
        opened: before.opened,
        writtenBytes: before.writtenBytes - (before.written.size - before.kept.size),
        file: before.opened === 0
          ? null
          : { path: this.opened[before.opened - 1].path, size: before.kept.size },
      },
      observer: {
        sampled: (_, milliseconds) => assert.ok(milliseconds >= 0),
        syncEnded: () => {},
        delayed: () => void this.delays++,
      },
      patient: this.patient,
    });
    if (before !== undefined) this.log.policy = before.policy;
    return this.log;
  }

  append(length: number): void {
    const bytes = Uint8Array.from({ length }, () => Math.floor(this.stream.length * 7 % 251));
    for (const byte of bytes) this.stream.push(byte);
    this.intake.append(bytes, this.stream.length);
  }

  open(): void {
    const path = `/log/${this.opened.length + 1}`;
    this.opened.push({ path, start: this.stream.length, isHoled: false });
    this.intake.open(path, 0);
  }

  turn(plugin: { flush(log: LogFile): void } = this.whimsical): void {
    this.intake.publish();
    this.log.turn(plugin);
    this.release();
  }

  retry(): void {
    this.log.retry();
    this.release();
  }

  release(): void {
    this.ring.release(this.log.kept.record);
  }

  /** What must hold whatever has happened so far. */
  check(): void {
    const { log, stream } = this;
    assert.ok(log.durable.offset <= log.written.offset, "nothing is durable before it is written");
    assert.ok(log.written.offset <= stream.length);
    assert.equal(log.unsyncedBytes >= 0, true);
    if (log.opened > 0) this.opened[log.opened - 1].isHoled ||= log.isHoled;
    this.opened.forEach(({ path, start, isHoled }, i) => {
      const end = this.opened[i + 1]?.start ?? stream.length;
      const file = this.files.files.get(path);
      const durable = file?.durable ?? [];
      for (let at = start; at < Math.min(end, log.durable.offset) && !isHoled; at++) {
        assert.equal(durable[at - start], stream[at], `byte ${at} counts as durable, the disk has it not`);
      }
      if (log.fault !== null) return;
      const content = file?.content ?? [];
      assert.deepEqual(content, stream.slice(start, start + content.length));
    });
  }

  /** The faults have gone: all gets to the files. */
  async finish(): Promise<void> {
    this.files.heal();
    await this.files.endSyncs();
    for (let tries = 0; this.log.fault !== null; tries++) {
      assert.ok(tries < 2, `${this.log.fault.kind}: ${this.log.fault.message}`);
      this.retry();
    }
    this.log.syncWanted = true;
    let turns = 0;
    do {
      assert.ok(turns++ < 100_000, "the log does not get on");
      this.turn(AT_ONCE);
      await this.files.endSyncs();
    } while (this.intake.hasSpilled || this.log.isBusy);
    this.check();
    this.log.close();
    assert.equal(this.log.fault, null);
    assert.equal(this.files.openFiles, 0);
    assert.equal(this.log.writtenBytes, this.stream.length);
    this.opened.forEach(({ path, start, isHoled }, i) => {
      const end = this.opened[i + 1]?.start ?? this.stream.length;
      assert.deepEqual([...this.files.content(path)], this.stream.slice(start, end));
      if (!isHoled) assert.deepEqual(this.files.files.get(path)!.durable, this.stream.slice(start, end));
    });
  }
}

type Step =
  | { do: "append"; length: number }
  | { do: "turn"; next: WhimsicalPlugin["next"] }
  | { do: "open" | "retry" | "end syncs" | "heal" | "take over" }
  | { do: "fail"; call: LogFileCall; times: number }
  | { do: "policy"; policy: SyncPolicy };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("append" as const), length: fc.integer({ min: 1, max: 150 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("turn" as const),
      next: fc.constantFrom("write" as const, "sync" as const, "begin" as const, "nothing" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "open" as const,
        "retry" as const,
        "end syncs" as const,
        "heal" as const,
        "take over" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("fail" as const),
      call: fc.constantFrom(
        "open" as const,
        "write" as const,
        "short" as const,
        "sync" as const,
        "truncate" as const,
      ),
      times: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("policy" as const),
      policy: fc.constantFrom("always" as const, "everysec" as const, "no" as const),
    }),
  },
);

async function play(scene: Scene, steps: readonly Step[]): Promise<void> {
  scene.open();
  for (const one of steps) {
    switch (one.do) {
      case "append":
        scene.append(one.length);
        break;
      case "turn":
        scene.whimsical.next = one.next;
        scene.turn();
        break;
      case "open":
        scene.open();
        break;
      case "retry":
        scene.retry();
        break;
      case "end syncs":
        await scene.files.endSyncs();
        break;
      case "heal":
        scene.files.heal();
        break;
      case "take over":
        scene.files.dropAll();
        scene.takeOver();
        break;
      case "fail":
        scene.files.fail(one.call, one.times);
        break;
      case "policy":
        scene.log.policy = one.policy;
    }
    scene.check();
  }
  await scene.finish();
}

for (const patient of [false, true]) {
  Deno.test(`whatever fails and in which order, no byte counts as durable that the disk has not (patient: ${patient})`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80, size: "max" }),
        (steps) => play(new Scene(patient), steps),
      ),
      {
        numRuns: 1000,
      },
    ));
}

/** A file with this much in it, written and synced. */
function sceneWith(length: number, ringBytes = 4096): Scene {
  const scene = new Scene(false, ringBytes);
  scene.open();
  scene.append(length);
  scene.log.policy = "always";
  scene.turn(AT_ONCE);
  assert.equal(scene.log.durable.offset, length);
  return scene;
}

function faultOf(scene: Scene): LogFault {
  assert.ok(scene.log.fault !== null);
  return scene.log.fault;
}

Deno.test("no space: the fault says what the system says, and the file ends where it was good", async () => {
  const scene = sceneWith(10);
  scene.files.fail("write");
  scene.append(20);
  scene.turn(AT_ONCE);
  assert.deepEqual(scene.log.fault, {
    kind: "write",
    code: "ENOSPC",
    message: "No space left on device",
    path: "/log/1",
  });
  assert.equal(scene.files.content("/log/1").length, 10);
  scene.append(5);
  scene.turn(AT_ONCE);
  assert.equal(scene.log.durable.offset, 10, "nothing is published while there is a fault");
  await scene.finish();
});

Deno.test("a short write is continued; where that fails it is cut, and the fault tells both lengths", async () => {
  const scene = sceneWith(10);
  scene.files.fail("short", 1);
  scene.append(20);
  scene.turn(AT_ONCE);
  assert.equal(scene.log.durable.offset, 30);

  scene.files.fail("short");
  scene.append(100);
  scene.turn(AT_ONCE);
  const { code, expected, written } = faultOf(scene);
  assert.deepEqual({ code, expected, written }, { code: "ENOSPC", expected: 100, written: 99 });
  assert.equal(scene.files.content("/log/1").length, 30);
  await scene.finish();
});

Deno.test("a short write that cannot be cut is told, and cut by the retry", async () => {
  const scene = sceneWith(10);
  scene.files.fail("short");
  scene.files.fail("truncate");
  scene.append(100);
  scene.turn(AT_ONCE);
  assert.equal(scene.log.fault?.cutFailure, "No space left on device");
  assert.equal(scene.files.content("/log/1").length, 109);
  assert.equal(scene.log.retry(), false);
  await scene.finish();
});

Deno.test("a failed sync never counts by a later one: what was not durable is written once more", async () => {
  const scene = sceneWith(10);
  scene.files.fail("sync", 1);
  scene.append(20);
  scene.turn(AT_ONCE);
  assert.equal(scene.log.fault?.kind, "sync");
  assert.equal(scene.log.fault?.code, "EIO");
  scene.files.calls.length = 0;
  assert.equal(scene.log.retry(), true);
  assert.deepEqual(scene.files.calls, ["truncate", "write", "sync"]);
  assert.equal(scene.log.durable.offset, 30);
  await scene.finish();
});

Deno.test("a file that cannot be opened stops the log there, and what came before is durable", async () => {
  const scene = sceneWith(10);
  scene.append(7);
  scene.open();
  scene.append(8);
  scene.files.fail("open");
  scene.turn(AT_ONCE);
  assert.equal(scene.log.fault?.kind, "open");
  assert.equal(scene.log.fault?.path, "/log/2");
  assert.equal(scene.log.durable.offset, 17);
  assert.deepEqual([...scene.files.files.keys()], ["/log/1"]);
  await scene.finish();
});

Deno.test("everysec syncs a second after the sync before, not while syncs are held, but where one is wanted", async () => {
  const scene = sceneWith(10);
  const { log } = scene;
  log.policy = "everysec";
  scene.append(5);
  scene.turn(AT_ONCE);
  assert.equal(log.unsyncedBytes, 5);
  assert.equal(log.syncDue, false);
  assert.ok(log.syncDueIn > 0 && log.syncDueIn <= 1000);
  log.holdsSyncs = true;
  assert.equal(log.syncDueIn, Infinity);
  log.syncWanted = true;
  assert.equal(log.syncDue, true);
  log.holdsSyncs = false;
  log.syncWanted = false;
  await new Promise((resolve) => setTimeout(resolve, log.syncDueIn));
  assert.equal(log.syncDue, true);
  scene.turn(AT_ONCE);
  assert.equal(log.durable.offset, 15);
  log.policy = "no";
  scene.append(5);
  scene.turn(AT_ONCE);
  assert.equal(log.syncDueIn, Infinity);
  assert.equal(log.syncDue, false);
  await scene.finish();
});

Deno.test("where room is short and nothing is promised, a failed sync leaves a hole until the next file", () => {
  const scene = sceneWith(10, 256);
  const { log } = scene;
  log.policy = "everysec";
  scene.append(60);
  scene.turn(AT_ONCE);
  scene.append(60);
  scene.turn(AT_ONCE);
  scene.append(60);
  scene.turn(AT_ONCE);
  assert.equal(log.kept.offset, 190, "half of the ring was given back");
  log.syncWanted = true;
  scene.files.fail("sync", 1);
  scene.turn(AT_ONCE);
  assert.equal(log.isHoled, true);
  assert.equal(log.retry(), true);
  scene.append(5);
  scene.turn(AT_ONCE);
  assert.equal(log.written.offset, 195, "writing goes on");
  assert.equal(log.durable.offset, 10, "but nothing counts as durable");
  scene.open();
  scene.append(5);
  scene.turn(AT_ONCE);
  assert.equal(log.isHoled, false);
  assert.equal(log.durable.offset, 200);
  log.close();
});

Deno.test("bytes that are not of the stream, as times are, are written and synced like others", async () => {
  const scene = new Scene(true, 4096);
  scene.open();
  scene.turn(AT_ONCE);
  scene.intake.append(new Uint8Array(20), 0);
  scene.whimsical.next = "begin";
  scene.turn();
  assert.equal(scene.log.unsyncedBytes, 20);
  await scene.files.endSyncs();
  assert.equal(scene.log.unsyncedBytes, 0);
  assert.equal(scene.log.durable.offset, 0);
  scene.log.close();
});

Deno.test("bytes written beside a running sync are told of, and are not part of it", async () => {
  const scene = new Scene(true, 4096);
  scene.open();
  scene.append(10);
  scene.whimsical.next = "begin";
  scene.turn();
  assert.equal(scene.log.syncRunning, true);
  scene.append(5);
  scene.whimsical.next = "write";
  scene.turn();
  assert.equal(scene.delays, 1);
  await scene.files.endSyncs();
  assert.equal(scene.log.durable.offset, 10);
  assert.equal(scene.log.unsyncedBytes, 5);
  await scene.finish();
});
