// Latency distribution of one command (LATENCY HISTOGRAM, INFO latencystats): logarithmic buckets with 16 linear
// steps each, so that a percentile is within about 6 %. Lazy: a command that never ran costs nothing.

const STEPS = 16;
/** Largest latency told apart, as Valkey: one second, in nanoseconds; the rest counts there. */
const NANOS_MAX = 1_000_000_000;
const SLOTS = STEPS * 28;

export class LatencyHistogram {
  private counts: Float64Array | null = null;
  total = 0;

  /** Counts `times` calls that took `nanos` each. */
  record(nanos: number, times: number): void {
    const counts = this.counts ??= new Float64Array(SLOTS);
    counts[slotOf(nanos)] += times;
    this.total += times;
  }

  reset(): void {
    this.counts = null;
    this.total = 0;
  }

  /** Latency in nanoseconds below which `percent` of the calls lie; 0 when there were none. */
  percentile(percent: number): number {
    if (this.counts === null || this.total === 0) return 0;
    const wanted = Math.max(1, Math.ceil(this.total * percent / 100));
    let seen = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      seen += this.counts[slot];
      if (seen >= wanted) return upperBound(slot);
    }
    return NANOS_MAX;
  }

  /** Cumulative counts at powers of two microseconds, only where a bucket added something: [micros, calls]. */
  cumulative(): [number, number][] {
    const result: [number, number][] = [];
    if (this.counts === null) return result;
    let seen = 0;
    let reported = 0;
    let micros = 1;
    for (let slot = 0; slot < SLOTS; slot++) {
      while (upperBound(slot) > micros * 1000) {
        if (seen > reported) result.push([micros, seen]);
        reported = seen;
        micros *= 2;
      }
      seen += this.counts[slot];
    }
    if (seen > reported) result.push([micros, seen]);
    return result;
  }
}

function slotOf(nanos: number): number {
  const n = Math.min(Math.max(nanos, 0), NANOS_MAX) | 0;
  if (n < STEPS) return n;
  const shift = 27 - Math.clz32(n); // leaves a 5-bit number with its top bit set
  return (shift + 1) * STEPS + ((n >>> shift) & (STEPS - 1));
}

/** Largest latency that falls into the slot. */
function upperBound(slot: number): number {
  if (slot < STEPS) return slot;
  const shift = Math.floor(slot / STEPS) - 1;
  return (((slot & (STEPS - 1)) + STEPS + 1) << shift) - 1;
}
