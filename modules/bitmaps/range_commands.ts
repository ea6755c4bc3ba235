// Bits of a range: BITCOUNT and BITPOS. Long strings go a word at a time (core/bytes/bit_runs.ts).
import { countBits, findBit, populationCount } from "../../core/bytes/bit_runs.ts";
import { type ArgumentDoc, type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { BIT_MUST_BE_1_OR_0, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { findString, REFUSED } from "../strings/string_value.ts";
import { unitArgument } from "./bit_arguments.ts";

/** The range that `readRange` read: as given, may be negative. */
let first = 0;
let last = -1;
let countsBits = false;

/** Reads `start [end [BYTE | BIT]]` from argument `index` to the end; false after the error reply. */
function readRange(client: CommandClient, args: Arguments, index: number): boolean {
  first = 0;
  last = -1;
  countsBits = false;
  const given = args.count - index;
  if (given === 0) return true;
  if (given > 3) {
    client.reply.error(SYNTAX_ERROR);
    return false;
  }
  first = integerArgument(client, args, index);
  if (first !== first) return false;
  if (given >= 2) last = integerArgument(client, args, index + 1);
  if (last !== last) return false;
  if (given < 3) return true;
  const unit = unitArgument(client, args, index + 2);
  countsBits = unit === 1;
  return unit >= 0;
}

/** Makes the range one of bits, `first` to `last` (not included), of a string of so many bytes. */
function resolveRange(bytes: number): void {
  const total = countsBits ? bytes * 8 : bytes;
  if (first < 0) first = Math.max(0, first + total);
  if (last < 0) last = Math.max(0, last + total);
  last = Math.min(last, total - 1) + 1;
  if (!countsBits) {
    first *= 8;
    last *= 8;
  }
  if (first > last) last = first;
}

function bitcount(client: CommandClient, args: Arguments): void {
  if (!readRange(client, args, 2)) return;
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  if (ref === 0) {
    client.reply.integer(0);
    return;
  }
  const { arena, entries } = client.server.keyspace;
  // Of two that reach beyond the start, in the wrong order, BITPOS makes the first byte, and BITCOUNT nothing.
  const isReversed = first < 0 && last < 0 && first > last;
  resolveRange(entries.stringLength(ref));
  client.reply.integer(isReversed ? 0 : countRange(arena, entries.stringAddress(ref)));
}

function countRange(arena: { u8: Uint8Array; i32: Int32Array }, address: number): number {
  if (first >= last) return 0;
  const { u8, i32 } = arena;
  const from = address + Math.floor(first / 8);
  const to = address + Math.floor(last / 8);
  // Bits before the first and behind the last, in bytes of which others count.
  const before = populationCount(u8[from] & ~(0xff >>> first % 8) & 0xff);
  const behind = last % 8 === 0 ? 0 : populationCount(u8[to] & (0xff00 >>> last % 8) & 0xff);
  return countBits(u8, i32, from, to) - before + behind;
}

function bitpos(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const bit = integerArgument(client, args, 2);
  if (bit !== bit) return;
  if (bit !== 0 && bit !== 1) {
    reply.error(BIT_MUST_BE_1_OR_0);
    return;
  }
  if (!readRange(client, args, 3)) return;
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  if (ref === 0) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  const { arena, entries } = client.server.keyspace;
  const bytes = entries.stringLength(ref);
  resolveRange(bytes);
  const found = findBit(arena.u8, arena.i32, entries.stringAddress(ref), first, last, bit);
  // Where no end was given, a string of ones is followed by zeros without end.
  const isOpen = bit === 0 && args.count < 5 && first < last;
  reply.integer(found < 0 && isOpen ? bytes * 8 : found);
}

const unit: ArgumentDoc = {
  name: "unit",
  type: "oneof",
  optional: true,
  since: "7.0.0",
  arguments: [
    { name: "byte", type: "pure-token", token: "BYTE" },
    { name: "bit", type: "pure-token", token: "BIT" },
  ],
};

const range: ArgumentDoc = {
  name: "range",
  type: "block",
  optional: true,
  arguments: [
    { name: "start", type: "integer" },
    {
      name: "end-unit-block",
      type: "block",
      optional: true,
      arguments: [{ name: "end", type: "integer" }, unit],
    },
  ],
};

export const rangeCommands: CommandSpec[] = [
  {
    name: "bitcount",
    arity: -2,
    flags: ["readonly"],
    categories: ["bitmap"],
    keySpecs: oneKey("RO", "access"),
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N) where N is the number of bytes looked at",
    summary: "Counts the bits of a string that are 1, or those in a range of it.",
    history: [["7.0.0", "BYTE and BIT."], ["8.0.0", "The end may be left out."]],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, range],
    handler: bitcount,
  },
  {
    name: "bitpos",
    arity: -3,
    flags: ["readonly"],
    categories: ["bitmap"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.7",
    group: "bitmap",
    complexity: "O(N) where N is the number of bytes looked at",
    summary: "Finds the first bit of a string, or of a range of it, that is 1, or 0.",
    history: [["7.0.0", "BYTE and BIT."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "bit", type: "integer" },
      range,
    ],
    handler: bitpos,
  },
];
