// Latency events (LATENCY LATEST, HISTORY...): anything that held the loop for at least `latency-monitor-threshold`
// milliseconds is recorded under its event's name, one sample a second, 160 samples an event.

const SAMPLES_MAX = 160;

export interface LatencySample {
  /** Seconds since 1970. */
  time: number;
  /** Milliseconds. */
  latency: number;
}

export interface LatencyEvent {
  samples: LatencySample[];
  /** Worst latency since the event was last reset, milliseconds. */
  max: number;
}

export class LatencyMonitor {
  private readonly eventsByName = new Map<string, LatencyEvent>();
  /** Milliseconds; 0 = off. */
  threshold = 0;

  /** Records the event where it took long enough. */
  addIfNeeded(name: string, milliseconds: number, nowMs: number): void {
    if (this.threshold === 0 || milliseconds < this.threshold) return;
    const latency = Math.round(milliseconds);
    const time = Math.floor(nowMs / 1000);
    let event = this.eventsByName.get(name);
    if (event === undefined) {
      event = { samples: [], max: 0 };
      this.eventsByName.set(name, event);
    }
    if (latency > event.max) event.max = latency;
    const last = event.samples[event.samples.length - 1];
    if (last !== undefined && last.time === time) {
      if (latency > last.latency) last.latency = latency;
      return;
    }
    event.samples.push({ time, latency });
    if (event.samples.length > SAMPLES_MAX) event.samples.shift();
  }

  get(name: string): LatencyEvent | undefined {
    return this.eventsByName.get(name);
  }

  events(): IterableIterator<[string, LatencyEvent]> {
    return this.eventsByName.entries();
  }

  /** Forgets the named events, or all; returns how many there were. */
  reset(names: readonly string[]): number {
    if (names.length === 0) {
      const count = this.eventsByName.size;
      this.eventsByName.clear();
      return count;
    }
    let count = 0;
    for (const name of names) if (this.eventsByName.delete(name)) count++;
    return count;
  }
}
