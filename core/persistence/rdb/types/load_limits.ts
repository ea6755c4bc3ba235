// The limits of packed encodings that loaders convert by: what the configuration's values have, one interface a type.
import type { HashLimits } from "../../../keyspace/hash_value.ts";
import type { ListLimits } from "../../../keyspace/list_value.ts";
import type { SetLimits } from "../../../keyspace/set_value.ts";
import type { ZsetLimits } from "../../../keyspace/zset_value.ts";

export interface LoadLimits extends HashLimits, ListLimits, SetLimits, ZsetLimits {}

/** As the configuration has them by default. For tests and benchmarks. */
export const LOAD_LIMITS_DEFAULT: LoadLimits = {
  hashMaxListpackEntries: 128,
  hashMaxListpackValue: 64,
  listMaxListpackSize: -2,
  listCompressDepth: 0,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
};
