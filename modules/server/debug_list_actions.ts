// What DEBUG says and sets of lists: the fields of DEBUG OBJECT, LISTPACK's size, QUICKLIST-PACKED-THRESHOLD.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ENCODING_LISTPACK, TYPE_LIST } from "../../core/keyspace/entry_layout.ts";
import type { Keyspace } from "../../core/keyspace/keyspace.ts";
import type { Ref } from "../../core/memory/arena.ts";
import { LiveReader } from "../../core/memory/arena_reader.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { PACKED_THRESHOLD_RANGE } from "../../core/protocol/errors.ts";
import { LISTPACK_EMPTY_BYTES } from "../../core/structures/listpack_format.ts";
import { setPackedThreshold } from "../../core/structures/quicklist.ts";
import { QuickListReader } from "../../core/structures/quicklist_reader.ts";

/** As Valkey has it: a little below 4 GiB. */
const THRESHOLD_MAX = 2 ** 32 - 2 ** 20;
const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** What DEBUG OBJECT adds for a list of several nodes; "" for all other values. */
export function quicklistFields(keyspace: Keyspace, ref: Ref): string {
  const { arena, entries } = keyspace;
  if (entries.type(ref) !== TYPE_LIST || entries.encoding(ref) === ENCODING_LISTPACK) return "";
  const list = new QuickListReader(new LiveReader(arena)).open(entries.valueRef(ref));
  const average = hundredths(list.length / list.nodeCount);
  let bytes = 0;
  while (list.nextNode()) bytes += list.isPacked ? list.bytes + LISTPACK_EMPTY_BYTES : list.bytes;
  return ` ql_nodes:${list.nodeCount} ql_avg_node:${average} ql_listpack_max:${list.fill} ` +
    `ql_compressed:${list.compressDepth > 0 ? 1 : 0} ql_uncompressed_size:${bytes}`;
}

/** Two digits behind the point; what lies in the middle goes to the even one, as C prints it. */
function hundredths(value: number): string {
  // Only odd eighths lie exactly in the middle.
  if (!Number.isInteger(value * 8) || Number.isInteger(value * 4)) return value.toFixed(2);
  const below = Math.floor(value * 100);
  return ((below + below % 2) / 100).toFixed(2);
}

/** Bytes of the listpack that a list in that encoding is. */
export function listpackBytesOfList(keyspace: Keyspace, ref: Ref): number {
  const { arena, entries } = keyspace;
  const list = new QuickListReader(new LiveReader(arena)).open(entries.valueRef(ref));
  return list.nextNode() ? list.bytes + LISTPACK_EMPTY_BYTES : LISTPACK_EMPTY_BYTES;
}

export function quicklistPackedThreshold(client: CommandClient, args: Arguments): void {
  const match = /^(\d+)([a-z]*)$/i.exec(args.latin1(2));
  const unit = match === null ? undefined : UNITS[match[2].toLowerCase()];
  const bytes = unit === undefined ? NaN : Number(match![1]) * unit;
  if (!(bytes <= THRESHOLD_MAX)) {
    client.reply.error(PACKED_THRESHOLD_RANGE);
    return;
  }
  setPackedThreshold(bytes);
  client.reply.ok();
}
