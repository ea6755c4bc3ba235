// What every plugin worker does around its runner: receives the host's requests, sends the answers, seals the realm
// before plugin code comes in, and tells the host when the worker is about to end.
import type { HostMessage, HostRequest, ThrownInWorker, WorkerMessage } from "../worker_protocol.ts";
import type { LogLine } from "./plugin_runner.ts";
import { sealRealm, watchExits } from "./seal.ts";

/** Answers requests; throws what the plugin throws. */
export interface RequestHandler {
  handle(request: HostRequest): Promise<unknown>;
}

/** Called once, as the whole program of a worker. */
export function runWorker(createRunner: (log: LogLine) => RequestHandler): void {
  const realm = watchExits((reason) => send({ ended: reason }));
  const runner = createRunner((log, text) => send({ log, text }));

  function send(message: WorkerMessage): void {
    realm.post(message);
  }

  /** An error that nobody caught ends the plugin: its state is unknown from here on. */
  function crash(what: string, error: unknown): void {
    const { name, message } = thrownOf(error);
    send({ ended: `${what}: ${name}: ${message}` });
    realm.close();
  }

  self.addEventListener("error", (event) => {
    event.preventDefault();
    crash("uncaught error", (event as ErrorEvent).error ?? (event as ErrorEvent).message);
  });
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    crash("unhandled rejection", (event as PromiseRejectionEvent).reason);
  });
  self.addEventListener("message", (event) => {
    // Plugin code that listens too hears nothing: what the host sends is for the runner.
    event.stopImmediatePropagation();
    const message = (event as MessageEvent<HostMessage>).data;
    if (message.op === "load" && message.sealed) sealRealm();
    runner.handle(message).then(
      (value) => send({ id: message.id, value }),
      (error) => send({ id: message.id, thrown: thrownOf(error) }),
    );
  });
}

function thrownOf(error: unknown): ThrownInWorker {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === "string" ? code : undefined,
  };
}
