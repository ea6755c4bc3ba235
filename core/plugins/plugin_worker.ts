// One worker that runs one plugin, seen from the host: created with the plugin's permissions, asked by messages, each
// answer with a time limit, its crash reported once. Owned by Plugin; it knows nothing of lifecycle or restarts.
import type { WorkerPermissions } from "./grants.ts";
import type { HostRequest, ThrownInWorker, WorkerMessage } from "./worker_protocol.ts";

/** What a plugin threw, on this side of the thread. */
export class ThrownError extends Error {
  override readonly name: string;
  readonly code: string | undefined;

  constructor(thrown: ThrownInWorker) {
    super(thrown.message);
    this.name = thrown.name;
    this.code = thrown.code;
    if (thrown.stack !== undefined) this.stack = thrown.stack;
  }
}

/** No answer within the limit. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** The worker ended, or was ended, before it answered. */
export class WorkerEndedError extends Error {
  override readonly name = "WorkerEndedError";
}

export interface WorkerOptions {
  url: URL;
  /** Shown by the runtime in its own messages. */
  name: string;
  /** Undefined: those of the program (the trusted tier). */
  permissions: WorkerPermissions | undefined;
  onLog(level: "debug" | "notice" | "warning", text: string): void;
  /** Called at most once, when the worker ended without being asked to. */
  onCrash(reason: string): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class PluginWorker {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private ended = false;

  constructor(private readonly options: WorkerOptions) {
    const { url, name, permissions } = options;
    const deno = permissions === undefined ? {} : { deno: { permissions } };
    this.worker = new Worker(url, { type: "module", name: `plugin ${name}`, ...deno } as WorkerInit);
    this.worker.onmessage = (event: MessageEvent<WorkerMessage>) => this.receive(event.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.crash(event.message);
    };
    this.worker.onmessageerror = () => this.crash("sent a message that cannot be read");
  }

  /** Sends a request; rejects with what the plugin threw, with NoAnswerError, or with WorkerEndedError. */
  ask(request: HostRequest, limitMs: number): Promise<unknown> {
    if (this.ended) return Promise.reject(new WorkerEndedError("the worker has ended"));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = limitMs === Infinity ? undefined : setTimeout(() => {
        this.pending.delete(id);
        reject(new NoAnswerError(`no answer within ${limitMs} ms`));
      }, limitMs);
      this.pending.set(id, { resolve, reject, timer });
      this.worker.postMessage({ ...request, id });
    });
  }

  /**
   * Ends the worker. Code that is in the middle of a busy loop runs on, but nothing it says is heard any more.
   */
  terminate(): void {
    if (this.ended) return;
    this.ended = true;
    this.worker.terminate();
    this.rejectAll("the worker was ended");
  }

  private receive(message: WorkerMessage): void {
    if (this.ended || typeof message !== "object" || message === null) return;
    if ("log" in message) return this.options.onLog(message.log, String(message.text));
    if ("ended" in message) return this.crash(String(message.ended));
    const waiting = this.pending.get(message.id);
    if (waiting === undefined) return;
    this.pending.delete(message.id);
    clearTimeout(waiting.timer);
    if ("thrown" in message) waiting.reject(new ThrownError(message.thrown));
    else waiting.resolve(message.value);
  }

  private crash(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.worker.terminate();
    this.rejectAll(reason);
    this.options.onCrash(reason);
  }

  private rejectAll(reason: string): void {
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(new WorkerEndedError(reason));
    }
    this.pending.clear();
  }
}

/** The options that Deno takes beyond the standard ones. */
type WorkerInit = WorkerOptionsStandard & { deno?: { permissions: WorkerPermissions } };
type WorkerOptionsStandard = ConstructorParameters<typeof Worker>[1];
