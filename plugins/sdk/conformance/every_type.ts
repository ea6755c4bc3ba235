// Values of the types beyond strings and hashes, small and large, for the datasets of the conformance cases: they come
// in by way of an RDB stream, since that is what the format offers to make them with.
import type { ArenaDataset } from "../../../core/persistence/rdb/arena_dataset.ts";
import { MemoryByteSource } from "../../../core/persistence/rdb/byte_source.ts";
import {
  RDB_TYPE_LIST,
  RDB_TYPE_SET,
  RDB_TYPE_STREAM_LISTPACKS_3,
  RDB_TYPE_ZSET,
} from "../../../core/persistence/rdb/format.ts";
import { KeyspaceSink } from "../../../core/persistence/rdb/keyspace_sink.ts";
import { loadRdb } from "../../../core/persistence/rdb/load.ts";
import { RdbBuilder, streamValue } from "../../../core/persistence/rdb/rdb_builder.ts";
import { LOAD_LIMITS_DEFAULT } from "../../../core/persistence/rdb/types/load_limits.ts";

/** Elements of values of each type: one in a packed form, and one that is a table, a tree or many nodes. */
const SIZES = [5, 3000];
/** Values of each size. */
const COUNT = 3;
const RDB_VERSION = 11;

/** The keys that `addEveryType` adds to database 0. */
export const EVERY_TYPE_KEYS: readonly string[] = ["list", "integers", "set", "zset", "stream"].flatMap((
  type,
) => SIZES.flatMap((size) => Array.from({ length: COUNT }, (_, index) => `${type}:${size}:${index}`)));

export function addEveryType(dataset: ArenaDataset): void {
  const builder = new RdbBuilder(RDB_VERSION).raw(0xfe, 0);
  for (const key of EVERY_TYPE_KEYS) {
    const [type, size] = key.split(":");
    const count = Number(size);
    switch (type) {
      case "list":
        builder.raw(RDB_TYPE_LIST).string(key).length(count);
        for (let k = 0; k < count; k++) builder.string(`element ${k} of ${key}`);
        break;
      case "integers":
        builder.raw(RDB_TYPE_SET).string(key).length(count);
        for (let k = 0; k < count; k++) builder.string(`${k * 7919}`);
        break;
      case "set":
        builder.raw(RDB_TYPE_SET).string(key).length(count);
        for (let k = 0; k < count; k++) builder.string(`member ${k}`);
        break;
      case "zset":
        builder.raw(RDB_TYPE_ZSET).string(key).length(count);
        for (let k = 0; k < count; k++) builder.string(`member ${k}`).string(`${(k * 31) % 1000}.5`);
        break;
      case "stream":
        streamValue(builder.raw(RDB_TYPE_STREAM_LISTPACKS_3).string(key), 3);
        break;
    }
  }
  loadRdb(
    new MemoryByteSource(builder.end()),
    new KeyspaceSink(dataset.keyspace, LOAD_LIMITS_DEFAULT, { existing: "refuse" }),
    { databases: 16, checksum: "verify", versionCheck: "strict", unsupported: "refuse" },
  );
}
