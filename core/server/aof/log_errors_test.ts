// What a disk that fails does to the server: which lines, which restriction, when it is over.
import assert from "node:assert/strict";
import type { LogFault, SyncPolicy } from "../../persistence/aof/writer/log_writer.ts";
import { RESTRICT_LOG_ERROR } from "../dispatcher.ts";
import { LogErrors } from "./log_errors.ts";

const FULL: LogFault = { kind: "write", code: "ENOSPC", message: "No space left on device", path: "/x" };
const SYNC: LogFault = { kind: "sync", code: "EIO", message: "Input/output error", path: "/x" };

function rig(policy: SyncPolicy, errorPolicy: "exit" | "read-only") {
  const told: string[] = [];
  const clock = { ms: 0 };
  const log = (line: string) => void told.push(line);
  const errors = new LogErrors({
    log: { notice: log, warning: log },
    policy: () => policy,
    errorPolicy: () => errorPolicy,
    restrict: (bit, on) => {
      assert.equal(bit, RESTRICT_LOG_ERROR);
      told.push(on ? "restricted" : "free");
    },
    exit: (code) => told.push(`exit ${code}`),
    now: () => clock.ms,
    retry: () => told.push("retry"),
    rewriteSoon: () => told.push("rewrite"),
    rewriteAgain: () => told.push("rewrite again"),
  });
  return { errors, told, clock };
}

Deno.test("under always the server says why and ends", () => {
  const write = rig("always", "exit");
  write.errors.failed(FULL);
  assert.deepEqual(write.told, [
    "Error writing to the AOF file: No space left on device",
    "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    "restricted",
    "exit 1",
  ]);
  const sync = rig("always", "exit");
  sync.errors.failed(SYNC);
  assert.deepEqual(sync.told, [
    "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting...",
    "restricted",
    "exit 1",
  ]);
  const short = rig("always", "exit");
  short.errors.failed({ ...FULL, expected: 10, written: 3, cutFailure: "Input/output error" });
  assert.match(short.told[0], /^Short write while writing to the AOF file: \(nwritten=3, expected=10\)/);
  assert.match(short.told[1], /^Could not remove short write .* ftruncate: Input\/output error$/);
  assert.equal(short.told.at(-1), "exit 1");
});

for (
  const [policy, errorPolicy] of [["always", "read-only"], ["everysec", "exit"], ["no", "exit"]] as const
) {
  Deno.test(`${policy}, ${errorPolicy}: writes are refused until a retry has success; the log has it once`, () => {
    const { errors, told } = rig(policy, errorPolicy);
    errors.failed(FULL);
    assert.equal(errors.status, "err");
    assert.equal(errors.fault, FULL);
    errors.failed({ ...FULL });
    errors.recovered();
    assert.equal(errors.status, "ok");
    assert.deepEqual(told, [
      "Error writing to the AOF file: No space left on device",
      "restricted",
      "restricted",
      "free",
      "AOF write error looks solved. The server can write again.",
    ]);
    errors.recovered();
    errors.rewritten();
    assert.equal(told.length, 5, "it is over once");
  });
}

Deno.test("a failed sync of everysec is over only when a rewrite has ended, and the writer goes on", () => {
  for (const order of ["retry first", "rewrite first"] as const) {
    const { errors, told } = rig("everysec", "exit");
    errors.failed(SYNC);
    assert.deepEqual(told, ["Fail to fsync the AOF file: Input/output error", "restricted", "rewrite"]);
    const steps = [() => errors.recovered(), () => errors.rewritten()];
    if (order === "rewrite first") steps.reverse();
    steps[0]();
    assert.equal(errors.status, "err", order);
    steps[1]();
    assert.equal(errors.status, "ok", order);
    assert.equal(told.at(-1), "AOF write error looks solved. The server can write again.");
  }
});

Deno.test("under always and read-only a failed sync is retried, no rewrite is needed", () => {
  const { errors, told } = rig("always", "read-only");
  errors.failed(SYNC);
  assert.ok(!told.includes("rewrite"));
  errors.recovered();
  assert.equal(errors.status, "ok");
});

Deno.test("a writer that has stopped is told to try again each second, and the log has it every 30 seconds", () => {
  const { errors, told, clock } = rig("no", "exit");
  errors.failed(FULL);
  told.length = 0;
  for (clock.ms = 0; clock.ms < 31_000; clock.ms += 100) {
    const before = told.length;
    errors.cron();
    if (told.length > before) errors.failed({ ...FULL });
  }
  assert.equal(told.filter((line) => line === "retry").length, 30);
  assert.equal(told.filter((line) => line.startsWith("Error writing")).length, 1);
  errors.recovered();
  told.length = 0;
  clock.ms += 5000;
  errors.cron();
  assert.deepEqual(told, []);
});

Deno.test("the rewrite that a failed sync needs is asked for until one has success", () => {
  const { errors, told, clock } = rig("everysec", "exit");
  errors.failed(SYNC);
  errors.recovered();
  told.length = 0;
  for (clock.ms = 0; clock.ms < 10_000; clock.ms += 100) errors.cron();
  assert.deepEqual(new Set(told), new Set(["rewrite again"]));
  assert.equal(told.length, 5);
  errors.rewritten();
  told.length = 0;
  clock.ms += 5000;
  errors.cron();
  assert.deepEqual(told, []);
});

Deno.test("a log that is switched off has no error", () => {
  const { errors, told } = rig("no", "exit");
  errors.failed(FULL);
  errors.forget();
  assert.deepEqual([errors.status, told.at(-1)], ["ok", "free"]);
});
