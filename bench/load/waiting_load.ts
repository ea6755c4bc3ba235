// The worker of waiting writers, as scenarios use it.
import type { WaitingWritersOrder } from "./waiting_writers.ts";

export class WaitingLoad {
  readonly #worker = new Worker(new URL("./waiting_writers.ts", import.meta.url), { type: "module" });
  readonly #answer: Promise<number>;

  constructor(order: WaitingWritersOrder) {
    this.#answer = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<{ perSecond: number; failed?: string }>) =>
        data.failed === undefined ? resolve(data.perSecond) : reject(new Error(data.failed));
      this.#worker.onerror = (event) => reject(new Error(event.message));
    });
    // Whoever stops it hears of the failure.
    this.#answer.catch(() => {});
    this.#worker.postMessage(order);
  }

  /** Writes per second. */
  async stop(): Promise<number> {
    this.#worker.postMessage("stop");
    try {
      return await this.#answer;
    } finally {
      this.#worker.terminate();
    }
  }
}
