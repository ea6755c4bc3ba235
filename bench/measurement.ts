// What a benchmark run produces: one measurement is one row of the table, with the samples of every contender. Scenarios
// make them, results.ts stores them, the report reads them.

/** The one that ratios refer to, where a measurement names no other. */
export const REFERENCE = "redis-server";

export interface Target {
  /** Bound of the contender's median: relative to the reference's, or in the measurement's unit. */
  kind: "ratio" | "absolute";
  bound: number;
}

export interface Measurement {
  /** Stable name, such as `throughput/set/64B/P32`. */
  id: string;
  title: string;
  unit: string;
  better: "higher" | "lower";
  /** Contender (`redis-server`, `spork`, `spork BGSAVE THREAD`, ...) to its samples, in the order of the runs. */
  samples: Record<string, number[]>;
  /** The contender that ratios refer to; REFERENCE unless said. */
  reference?: string;
  /** Contender to its target. */
  targets?: Record<string, Target>;
  /** The candidate's ratios of all measurements that have this, together, have this target as their geometric mean. */
  meanTarget?: number;
  /** ISO time of the end of the measurement. */
  measuredAt: string;
}

/** Gathers the samples of one scenario: measurements in the order of their first sample. */
export class Samples {
  #measurements = new Map<string, Omit<Measurement, "measuredAt">>();

  add(kind: Omit<Measurement, "samples" | "measuredAt">, contender: string, sample: number): void {
    let measurement = this.#measurements.get(kind.id);
    if (!measurement) this.#measurements.set(kind.id, measurement = { ...kind, samples: {} });
    (measurement.samples[contender] ??= []).push(sample);
  }

  finish(): Measurement[] {
    const measuredAt = new Date().toISOString();
    return [...this.#measurements.values()].map((measurement) => ({ ...measurement, measuredAt }));
  }
}
