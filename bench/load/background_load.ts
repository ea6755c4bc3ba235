// A steady writer and a probing client, each on a thread of its own, around one server. Used by the stall scenario.
import type { ProbeLog, ProberOrder } from "./prober.ts";
import type { WriterOrder } from "./steady_writer.ts";

export interface BackgroundReport {
  writesPerSecond: number;
  probes: ProbeLog;
}

export class BackgroundLoad {
  readonly #writer: Worker;
  readonly #prober: Worker;

  constructor(order: WriterOrder) {
    this.#writer = new Worker(new URL("./steady_writer.ts", import.meta.url), { type: "module" });
    this.#prober = new Worker(new URL("./prober.ts", import.meta.url), { type: "module" });
    this.#writer.postMessage(order);
    const probe: ProberOrder = { port: order.port, keys: order.keys };
    this.#prober.postMessage(probe);
  }

  async stop(): Promise<BackgroundReport> {
    const writes = answer<{ perSecond: number }>(this.#writer);
    const probes = answer<ProbeLog>(this.#prober);
    this.#writer.postMessage("stop");
    this.#prober.postMessage("stop");
    try {
      return { writesPerSecond: (await writes).perSecond, probes: await probes };
    } finally {
      this.#writer.terminate();
      this.#prober.terminate();
    }
  }
}

/** How long the answers took that were asked for in this span (ms of the epoch). */
export function probesBetween(log: ProbeLog, from: number, to: number): number[] {
  const found: number[] = [];
  for (let index = 0; index < log.sentAt.length; index++) {
    const asked = log.sentAt[index];
    // A probe counts when any part of its wait lies inside the span.
    if (asked + log.took[index] >= from && asked <= to) found.push(log.took[index]);
  }
  return found;
}

function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<T & { failed?: string }>) =>
      event.data.failed ? reject(new Error(event.data.failed)) : resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}
