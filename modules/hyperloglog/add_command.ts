// PFADD. Hot: an element that changes nothing costs a look at the string where it is, and a dense one is changed there.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { CORRUPT_HYPERLOGLOG } from "../../core/protocol/errors.ts";
import { HLL_CHANGED, HLL_CORRUPT } from "../../core/structures/hyperloglog.ts";
import {
  denseRegister,
  HLL_HEADER_BYTES,
  isSparse,
  sparseRegister,
  staleByte,
  staleByteAt,
} from "../../core/structures/hyperloglog_format.ts";
import {
  addressOf,
  findHyperLogLogToChange,
  hyperLogLog,
  lengthOf,
  load,
  REFUSED,
  store,
} from "./hyperloglog_value.ts";

function pfadd(client: CommandClient, args: Arguments): void {
  const ref = findHyperLogLogToChange(client, args, 1);
  if (ref === REFUSED) return;
  let changes: number;
  if (ref === 0) changes = addToNew(client, args);
  else if (isSparse(client.server.keyspace.arena.u8, addressOf(client, ref))) {
    changes = addToSparse(client, args, ref);
  } else changes = addToDense(client, args, ref);
  if (changes < 0) {
    client.reply.error(CORRUPT_HYPERLOGLOG);
    return;
  }
  if (changes > 0) {
    client.db.changed("string", "pfadd", args.buffer, args.starts[1], args.ends[1]);
    client.server.keyspace.dirty += changes - 1;
  }
  client.reply.integer(changes > 0 ? 1 : 0);
}

/** These return the number of changes, or HLL_CORRUPT with nothing changed. A new key is one of them. */
function addToNew(client: CommandClient, args: Arguments): number {
  hyperLogLog.clear();
  const changes = addElements(client, args, 2) + 1;
  hyperLogLog.makeStale();
  store(client, args, 0);
  return changes;
}

function addToSparse(client: CommandClient, args: Arguments, ref: Ref): number {
  const { u8 } = client.server.keyspace.arena;
  const address = addressOf(client, ref);
  const length = lengthOf(client, ref);
  for (let index = 2; index < args.count; index++) {
    hyperLogLog.hash(args.buffer, args.starts[index], args.ends[index]);
    const value = sparseRegister(u8, address, length, hyperLogLog.index);
    if (value >= hyperLogLog.value) continue;
    if (value < 0) return HLL_CORRUPT;
    load(client, ref);
    const changes = addElements(client, args, index);
    if (changes < 0) return changes;
    hyperLogLog.makeStale();
    store(client, args, ref);
    return changes;
  }
  return 0;
}

function addElements(client: CommandClient, args: Arguments, from: number): number {
  const { hllSparseMaxBytes } = client.server.config.values;
  let changes = 0;
  for (let index = from; index < args.count; index++) {
    hyperLogLog.hash(args.buffer, args.starts[index], args.ends[index]);
    const result = hyperLogLog.raise(hyperLogLog.index, hyperLogLog.value, hllSparseMaxBytes);
    if (result === HLL_CORRUPT) return result;
    if (result === HLL_CHANGED) changes++;
  }
  return changes;
}

function addToDense(client: CommandClient, args: Arguments, found: Ref): number {
  const { arena } = client.server.keyspace;
  // Makes it a string of bytes where somebody has set one that looks like something else.
  const ref = client.db.resizeString(found, lengthOf(client, found));
  const address = addressOf(client, ref);
  let changes = 0;
  for (let index = 2; index < args.count; index++) {
    hyperLogLog.hash(args.buffer, args.starts[index], args.ends[index]);
    const register = hyperLogLog.index;
    if (denseRegister(arena.u8, address, register) >= hyperLogLog.value) continue;
    const byte = address + HLL_HEADER_BYTES + (register * 6 >>> 3);
    const shift = register * 6 & 7;
    const mask = 0x3f << shift;
    const bits = hyperLogLog.value << shift;
    arena.setU8(byte, (arena.u8[byte] & ~mask) | (bits & 0xff));
    if (shift > 2) arena.setU8(byte + 1, (arena.u8[byte + 1] & ~(mask >>> 8)) | (bits >>> 8));
    changes++;
  }
  if (changes > 0) arena.setU8(staleByteAt(address), staleByte(arena.u8, address));
  return changes;
}

export const addCommands: CommandSpec[] = [
  {
    name: "pfadd",
    arity: -2,
    flags: ["write", "denyoom", "fast"],
    categories: ["hyperloglog"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1) an element",
    summary: "Adds elements to a HyperLogLog, which is made where the key is absent.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "element", type: "string", optional: true, multiple: true },
    ],
    handler: pfadd,
  },
];
