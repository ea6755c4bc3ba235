// Those who wait until what was appended before they came is durable, whatever comes meanwhile. While there are some, the
// process is kept alive, and the writer is looked at now and then.
import { type LogFault, LogStoppedError } from "./log_writer.ts";

const LOOK_MS = 100;

interface Waiting extends PromiseWithResolvers<void> {
  /** Bytes that were ever appended, and files that were asked for, when it came. */
  readonly bytes: number;
  readonly opens: number;
}

export class DrainWaiters {
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `look` is called until the waiting has ended. */
  constructor(private readonly look: () => void) {}

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Waits for so many bytes since the beginning to be durable, and so many files to be open. */
  add(bytes: number, opens: number): Promise<void> {
    const waiting = { ...Promise.withResolvers<void>(), bytes, opens };
    this.#waiting.push(waiting);
    this.#timer ??= setInterval(this.look, LOOK_MS);
    return waiting.promise;
  }

  /** So much is durable and open. */
  reached(bytes: number, opens: number): void {
    let count = 0;
    while (
      count < this.#waiting.length && this.#waiting[count].bytes <= bytes &&
      this.#waiting[count].opens <= opens
    ) {
      this.#waiting[count++].resolve();
    }
    if (count > 0) this.#keep(this.#waiting.slice(count));
  }

  /** Whether somebody waits for no more bytes than these. */
  awaits(bytes: number): boolean {
    return this.#waiting.length > 0 && this.#waiting[0].bytes <= bytes;
  }

  reject(fault: LogFault): void {
    for (const { reject } of this.#takeAll()) reject(new LogStoppedError(fault));
  }

  #takeAll(): Waiting[] {
    const all = this.#waiting;
    if (all.length > 0) this.#keep([]);
    return all;
  }

  #keep(waiting: Waiting[]): void {
    this.#waiting = waiting;
    if (waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
