// How long the event loop was held: a ticker that should come every millisecond notes how late it comes. It runs only
// while `latency-monitor-threshold` is set, because a thousand wake-ups a second are not free.
import type { LatencyMonitor } from "./latency_monitor.ts";
import type { ServerStats } from "./server_stats.ts";

const INTERVAL_MS = 1;

export class LoopMonitor {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0;

  constructor(private readonly stats: ServerStats, private readonly latency: LatencyMonitor) {}

  /** Starts or stops the ticker, as the threshold says. */
  update(): void {
    const wanted = this.latency.threshold > 0;
    if (wanted && this.timer === undefined) {
      this.last = performance.now();
      this.timer = setInterval(() => this.tick(), INTERVAL_MS);
    } else if (!wanted && this.timer !== undefined) {
      this.stop();
    }
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    const now = performance.now();
    const gap = now - this.last;
    this.last = now;
    if (gap > this.stats.loopStallMaxMs) this.stats.loopStallMaxMs = gap;
    this.latency.addIfNeeded("eventloop", gap, Date.now());
  }
}
