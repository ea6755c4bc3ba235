// What HyperLogLogs have seen: PFCOUNT estimates how much, PFMERGE puts several together.
import { type CommandSpec, keyAt, keysFrom, manyKeys } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ArenaFullError, type Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { CORRUPT_HYPERLOGLOG } from "../../core/protocol/errors.ts";
import { HLL_CORRUPT } from "../../core/structures/hyperloglog.ts";
import { countElements, countRegisters } from "../../core/structures/hyperloglog_count.ts";
import {
  cachedCount,
  hasCachedCount,
  HLL_CACHE_AT,
  HLL_REGISTERS,
  isSparse,
  mergeRegisters,
} from "../../core/structures/hyperloglog_format.ts";
import {
  addressOf,
  findHyperLogLog,
  findHyperLogLogToChange,
  hyperLogLog,
  lengthOf,
  load,
  REFUSED,
  store,
} from "./hyperloglog_value.ts";

const CACHE_BYTES = 8;

/** The highest value of each register among the HyperLogLogs of one command. */
const merged = new Uint8Array(HLL_REGISTERS);

function pfcount(client: CommandClient, args: Arguments): void {
  if (args.count > 2) {
    if (mergeKeys(client, args) !== REFUSED) client.reply.integer(countRegisters(merged));
    return;
  }
  const ref = findHyperLogLog(client, args, 1);
  if (ref === REFUSED) return;
  const { u8 } = client.server.keyspace.arena;
  if (ref === 0) client.reply.integer(0);
  else if (hasCachedCount(u8, addressOf(client, ref))) {
    client.reply.integer64(cachedCount(u8, addressOf(client, ref)));
  } else countAnew(client, args, ref);
}

function countAnew(client: CommandClient, args: Arguments, ref: Ref): void {
  const count = countElements(client.server.keyspace.arena.u8, addressOf(client, ref), lengthOf(client, ref));
  if (count < 0) {
    client.reply.error(CORRUPT_HYPERLOGLOG);
    return;
  }
  try {
    cacheCount(client, args, count);
  } catch (error) {
    // A snapshot may want a copy of the string first, for which there is no room: the next one counts anew, too.
    if (!(error instanceof ArenaFullError)) throw error;
  }
  client.reply.integer(count);
}

/** A change of the value, though not of what it means: it is told to snapshots, watchers and the log, without an event. */
function cacheCount(client: CommandClient, args: Arguments, count: number): void {
  const { db, server: { keyspace } } = client;
  const { buffer } = args;
  const start = args.starts[1];
  const end = args.ends[1];
  const found = db.lookupWrite(buffer, start, end);
  const ref = db.resizeString(found, lengthOf(client, found));
  const address = addressOf(client, ref) + HLL_CACHE_AT;
  let rest = count;
  for (let index = 0; index < CACHE_BYTES; index++) {
    keyspace.arena.setU8(address + index, rest % 256);
    rest = Math.floor(rest / 256);
  }
  keyspace.touched(db.id, "string", buffer, start, end);
  keyspace.dirty++;
}

/** Merges the HyperLogLogs of all keys; whether one is dense, or REFUSED after the error reply. */
function mergeKeys(client: CommandClient, args: Arguments): number {
  const { u8 } = client.server.keyspace.arena;
  let dense = 0;
  merged.fill(0);
  for (let index = 1; index < args.count; index++) {
    const ref = findHyperLogLog(client, args, index);
    if (ref === REFUSED) return REFUSED;
    if (ref === 0) continue;
    const address = addressOf(client, ref);
    if (!isSparse(u8, address)) dense = 1;
    if (!mergeRegisters(merged, u8, address, lengthOf(client, ref))) {
      client.reply.error(CORRUPT_HYPERLOGLOG);
      return REFUSED;
    }
  }
  return dense;
}

function pfmerge(client: CommandClient, args: Arguments): void {
  const dense = mergeKeys(client, args);
  if (dense === REFUSED) return;
  const ref = findHyperLogLogToChange(client, args, 1);
  if (ref === REFUSED) return;
  if (ref === 0) hyperLogLog.clear();
  else load(client, ref);
  if (!raiseAll(client, dense)) {
    client.reply.error(CORRUPT_HYPERLOGLOG);
    return;
  }
  hyperLogLog.makeStale();
  store(client, args, ref);
  // To those who listen a merge is an addition of many elements.
  client.db.changed("string", "pfadd", args.buffer, args.starts[1], args.ends[1]);
  client.reply.ok();
}

function raiseAll(client: CommandClient, dense: number): boolean {
  if (dense === 1 && !hyperLogLog.makeDense()) return false;
  const { hllSparseMaxBytes } = client.server.config.values;
  for (let index = 0; index < HLL_REGISTERS; index++) {
    if (merged[index] === 0) continue;
    if (hyperLogLog.raise(index, merged[index], hllSparseMaxBytes) === HLL_CORRUPT) return false;
  }
  return true;
}

export const countCommands: CommandSpec[] = [
  {
    name: "pfcount",
    arity: -2,
    flags: ["readonly", "may_replicate"],
    categories: ["hyperloglog"],
    keySpecs: manyKeys(1, "RW", "access"),
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1) for one key, whose count is cached; O(N) for N keys, with a large constant",
    summary: "Estimates how many different elements were added to HyperLogLogs.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: pfcount,
  },
  {
    name: "pfmerge",
    arity: -2,
    flags: ["write", "denyoom"],
    categories: ["hyperloglog"],
    keySpecs: [keyAt(1, "RW", "access", "insert"), keysFrom(2, "RO", "access")],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(N) for N HyperLogLogs, with a large constant",
    summary: "Adds what HyperLogLogs have seen to another one.",
    arguments: [
      { name: "destkey", type: "key", keySpecIndex: 0 },
      { name: "sourcekey", type: "key", keySpecIndex: 1, optional: true, multiple: true },
    ],
    handler: pfmerge,
  },
];
