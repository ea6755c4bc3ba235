// Faults of the file system for conformance runs: replaces the file calls of the realm it runs in, so that any plugin
// meets them, whichever way it writes. Only the workers of conformance runs load this.

export type FaultedCall = "open" | "write" | "sync";

export interface FaultPlan {
  call: FaultedCall;
  /** The fault begins with the call of this number (from 1). */
  from: number;
  /** `short`: writes take only some bytes, every time. A code: the call fails with it, every time. */
  fault: "short" | "ENOSPC" | "EIO";
}

const TEXTS = { ENOSPC: "No space left on device (os error 28)", EIO: "Input/output error (os error 5)" };

let plan: FaultPlan | undefined;
let calls = 0;

/** From here on the plan holds; undefined = no faults. */
export function setFaults(next: FaultPlan | undefined): void {
  plan = next;
  calls = 0;
}

/** Puts itself between the realm's code and its file calls. Returns what takes it away again. */
export function installFaults(): () => void {
  const { openSync, open } = Deno;
  Deno.openSync = (...args) => {
    fail("open");
    return openSync(...args);
  };
  Deno.open = async (...args) => {
    fail("open");
    return await open(...args);
  };
  const prototype = Deno.FsFile.prototype;
  const { writeSync, write, syncSync, sync, syncDataSync, syncData } = prototype;
  prototype.writeSync = function (bytes) {
    return writeSync.call(this, shortened(bytes));
  };
  prototype.write = async function (bytes) {
    return await write.call(this, shortened(bytes));
  };
  prototype.syncSync = function () {
    fail("sync");
    syncSync.call(this);
  };
  prototype.syncDataSync = function () {
    fail("sync");
    syncDataSync.call(this);
  };
  prototype.sync = async function () {
    fail("sync");
    await sync.call(this);
  };
  prototype.syncData = async function () {
    fail("sync");
    await syncData.call(this);
  };
  return () => {
    setFaults(undefined);
    Object.assign(Deno, { openSync, open });
    Object.assign(prototype, { writeSync, write, syncSync, sync, syncDataSync, syncData });
  };
}

function shortened(bytes: Uint8Array): Uint8Array {
  fail("write");
  const short = plan !== undefined && plan.call === "write" && plan.fault === "short" && calls >= plan.from;
  return short && bytes.length > 1 ? bytes.subarray(0, Math.ceil(bytes.length / 3)) : bytes;
}

function fail(call: FaultedCall): void {
  if (plan === undefined || plan.call !== call || ++calls < plan.from || plan.fault === "short") return;
  const error = new Error(TEXTS[plan.fault]) as Error & { code: string };
  error.code = plan.fault;
  throw error;
}
