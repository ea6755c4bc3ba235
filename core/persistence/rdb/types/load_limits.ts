// The limits of packed encodings that loaders convert by: what the configuration's values have, one interface a type.
import type { HashLimits } from "../../../keyspace/hash_value.ts";

export interface LoadLimits extends HashLimits {}

/** As the configuration has them by default. For tests and benchmarks. */
export const LOAD_LIMITS_DEFAULT: LoadLimits = {
  hashMaxListpackEntries: 128,
  hashMaxListpackValue: 64,
};
