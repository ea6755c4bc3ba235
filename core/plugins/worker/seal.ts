// Closes, inside a plugin's worker, the few ways out that Deno's permissions leave open: ending or signalling the
// server's process, talking to other workers, starting workers whose messages nobody checks, and making code from
// text, which would get around the check of imports. Runs once, before any plugin code.
// The boundary is the worker's permissions; this is a second fence, in the same realm as what it fences.

export interface Realm {
  /** The worker's own way to the host; not reachable from plugin code afterwards. */
  post(message: unknown): void;
  /** Ends the worker. */
  close(): void;
}

/** Reports to `ended` when code in this worker ends it. */
export function watchExits(ended: (reason: string) => void): Realm {
  const scope = globalThis as unknown as { postMessage(message: unknown): void; close(): void };
  const realm: Realm = { post: scope.postMessage.bind(globalThis), close: scope.close.bind(globalThis) };
  Deno.exit = (code?: number): never => {
    ended(`called Deno.exit(${code ?? 0})`);
    realm.close();
    throw new Error("the worker has ended");
  };
  scope.close = () => {
    ended("called close()");
    realm.close();
  };
  return realm;
}

/** Takes the capabilities away. There is no way back. */
export function sealRealm(): void {
  const denoNames = ["kill", "addSignalListener", "removeSignalListener", "bundle"];
  for (const name of denoNames) Reflect.deleteProperty(Deno, name);
  Reflect.deleteProperty(Deno, (Deno as unknown as { internal: symbol }).internal);
  const globalNames = ["Worker", "BroadcastChannel", "caches", "process", "postMessage", "eval"];
  for (const name of globalNames) Reflect.deleteProperty(globalThis, name);
  sealCodeGeneration();
}

function sealCodeGeneration(): void {
  const refuse = function () {
    throw new EvalError("a plugin cannot make code from text");
  };
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind);
    Object.defineProperty(prototype, "constructor", { value: refuse, writable: false, configurable: false });
  }
  // Keeps `instanceof Function` working.
  refuse.prototype = Object.getPrototypeOf(kinds[0]);
  Object.defineProperty(globalThis, "Function", { value: refuse, writable: false, configurable: false });
}
