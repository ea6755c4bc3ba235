// Those who wait until all that was appended is durable. While there are some, the process is kept alive, and the
// writer is looked at now and then.
import { type LogFault, LogStoppedError } from "./log_writer.ts";

const LOOK_MS = 100;

export class DrainWaiters {
  #waiting: PromiseWithResolvers<void>[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `look` is called until the waiting has ended. */
  constructor(private readonly look: () => void) {}

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    this.#timer ??= setInterval(this.look, LOOK_MS);
    return waiting.promise;
  }

  /** All is durable. */
  resolve(): void {
    for (const { resolve } of this.#takeAll()) resolve();
  }

  reject(fault: LogFault): void {
    for (const { reject } of this.#takeAll()) reject(new LogStoppedError(fault));
  }

  #takeAll(): PromiseWithResolvers<void>[] {
    const all = this.#waiting;
    if (all.length === 0) return all;
    this.#waiting = [];
    clearInterval(this.#timer);
    this.#timer = undefined;
    return all;
  }
}
