// One part of the benchmark; bench/main.ts runs those that the command line selects.
import type { Measurement } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";

export interface Scenario {
  /** Ids of everything that it can measure (or their common beginnings), for `--only`. */
  ids: string[];
  run(
    options: BenchOptions,
    wanted: (id: string) => boolean,
    log: (line: string) => void,
  ): Promise<Measurement[]>;
}
