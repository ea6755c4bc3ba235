// BITFIELD and BITFIELD_RO: integers of any width at any bit of a string, several operations in one command.
import { equalsWord } from "../../core/bytes/ascii.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type ArgumentDoc, type CommandSpec, oneKey, type Spans } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int64Argument } from "../../core/commands/number_arguments.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  BITFIELD_OVERFLOW,
  BITFIELD_READ_ONLY,
  BITFIELD_TYPE,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { findString, findStringToChange, REFUSED } from "../strings/string_value.ts";
import { fieldOffsetArgument, withLength } from "./bit_arguments.ts";
import { fitsField, type Overflow, overflowed, readField, writeField } from "./bit_field.ts";

const LETTER_I = 0x69;
const LETTER_U = 0x75;
const UNSIGNED_BITS_MAX = 63;
const SIGNED_BITS_MAX = 64;
const OVERFLOWS: Overflow[] = ["wrap", "sat", "fail"];

interface Operation {
  kind: "get" | "set" | "incrby";
  isSigned: boolean;
  bits: number;
  offset: number;
  overflow: Overflow;
  /** What to set or to add. */
  operand: bigint;
}

function bitfield(client: CommandClient, args: Arguments): void {
  run(client, args, "change");
}

function bitfieldRo(client: CommandClient, args: Arguments): void {
  run(client, args, "read");
}

function run(client: CommandClient, args: Arguments, access: "read" | "change"): void {
  const operations = parseOperations(client, args);
  if (operations === null) return;
  const { reply, server: { keyspace: { entries } } } = client;
  let bytes = 0;
  for (const { kind, offset, bits } of operations) {
    if (kind !== "get") bytes = Math.max(bytes, Math.floor((offset + bits - 1) / 8) + 1);
  }
  if (bytes === 0) {
    const ref = findString(client, args, 1);
    if (ref === REFUSED) return;
    reply.array(operations.length);
    for (const operation of operations) get(client, ref, operation);
    return;
  }
  if (access === "read") {
    reply.error(BITFIELD_READ_ONLY);
    return;
  }
  const found = findStringToChange(client, args, 1);
  if (found === REFUSED) return;
  const grows = found === 0 || entries.stringLength(found) < bytes;
  const ref = withLength(client, args, found, bytes);
  reply.array(operations.length);
  let changes = 0;
  for (const operation of operations) {
    if (operation.kind === "get") get(client, ref, operation);
    else if (change(client, ref, operation) || grows) changes++;
  }
  if (changes === 0) return;
  client.db.changed("string", "setbit", args.buffer, args.starts[1], args.ends[1]);
  client.server.keyspace.dirty += changes - 1;
}

function get(client: CommandClient, ref: Ref, operation: Operation): void {
  client.reply.integer64(read(client, ref, operation));
}

function read(client: CommandClient, ref: Ref, { offset, bits, isSigned }: Operation): bigint {
  if (ref === 0) return 0n;
  const { arena, entries } = client.server.keyspace;
  return readField(arena, entries.stringAddress(ref), entries.stringLength(ref), offset, bits, isSigned);
}

/** Replies the old value (SET) or the new one (INCRBY); true where the value is another one now. */
function change(client: CommandClient, ref: Ref, operation: Operation): boolean {
  const { bits, isSigned, overflow, operand, offset } = operation;
  const kind = operation.kind === "incrby" ? "incrby" : "set";
  const { arena, entries } = client.server.keyspace;
  const old = read(client, ref, operation);
  let value = kind === "incrby" ? old + operand : operand;
  // A negative number that an unsigned field is set to is a very large one.
  if (kind === "set" && !isSigned) value = BigInt.asUintN(64, value);
  if (!fitsField(value, bits, isSigned)) {
    if (overflow === "fail") {
      client.reply.null();
      return false;
    }
    value = overflowed(value, bits, isSigned, overflow, kind);
  }
  client.reply.integer64(kind === "incrby" ? value : old);
  writeField(arena, entries.stringAddress(ref), offset, bits, value);
  return value !== old;
}

/** The operations, or null after the error reply. */
function parseOperations(client: CommandClient, args: Arguments): Operation[] | null {
  const operations: Operation[] = [];
  let overflow: Overflow = "wrap";
  for (let index = 2; index < args.count;) {
    const left = args.count - index - 1;
    let kind: Operation["kind"];
    if (left >= 2 && args.is(index, "get")) kind = "get";
    else if (left >= 3 && args.is(index, "set")) kind = "set";
    else if (left >= 3 && args.is(index, "incrby")) kind = "incrby";
    else if (left >= 1 && args.is(index, "overflow")) {
      const found = OVERFLOWS.find((name) => args.is(index + 1, name));
      if (found === undefined) return refuse(client, BITFIELD_OVERFLOW);
      overflow = found;
      index += 2;
      continue;
    } else return refuse(client, SYNTAX_ERROR);
    const isSigned = args.buffer[args.starts[index + 1]] === LETTER_I;
    const bits = widthArgument(args, index + 1);
    if (bits === 0) return refuse(client, BITFIELD_TYPE);
    const offset = fieldOffsetArgument(client, args, index + 2, bits);
    if (offset < 0) return null;
    let operand: bigint | null = 0n;
    if (kind !== "get") {
      operand = int64Argument(client, args, index + 3);
      if (operand === null) return null;
    }
    operations.push({ kind, isSigned, bits, offset, overflow, operand });
    index += kind === "get" ? 3 : 4;
  }
  return operations;
}

function refuse(client: CommandClient, problem: string): null {
  client.reply.error(problem);
  return null;
}

/** Bits of a type such as `i16` or `u8`; 0 where it is none. */
function widthArgument(args: Arguments, index: number): number {
  const start = args.starts[index];
  const letter = args.length(index) > 0 ? args.buffer[start] : 0;
  const isSigned = letter === LETTER_I;
  if (!isSigned && letter !== LETTER_U) return 0;
  const bits = parseSafeInteger(args.buffer, start + 1, args.ends[index]);
  return bits >= 1 && bits <= (isSigned ? SIGNED_BITS_MAX : UNSIGNED_BITS_MAX) ? bits : 0;
}

/** A call that only gets is a read. */
function keyFlags(args: Spans): string[] {
  const { buffer, starts, ends, count } = args;
  for (let index = 2; index < count; index++) {
    const isWrite = equalsWord(buffer, starts[index], ends[index], "set") ||
      equalsWord(buffer, starts[index], ends[index], "incrby");
    if (isWrite) return ["RW", "access", "update"];
  }
  return ["RO", "access"];
}

const encoding: ArgumentDoc = { name: "encoding", type: "string" };
const offset: ArgumentDoc = { name: "offset", type: "integer" };

export const bitfieldCommands: CommandSpec[] = [
  {
    name: "bitfield",
    arity: -2,
    flags: ["write", "denyoom"],
    categories: ["bitmap"],
    keySpecs: oneKey("RW", "access", "update", "variable_flags"),
    keyFlags,
    since: "3.2.0",
    group: "bitmap",
    complexity: "O(1) an operation",
    summary: "Gets, sets and adds to integers of any width at any bit of a string.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "operation",
        type: "oneof",
        optional: true,
        multiple: true,
        arguments: [
          { name: "get-block", type: "block", token: "GET", arguments: [encoding, offset] },
          {
            name: "write",
            type: "block",
            arguments: [
              {
                name: "overflow-block",
                type: "oneof",
                token: "OVERFLOW",
                optional: true,
                arguments: [
                  { name: "wrap", type: "pure-token", token: "WRAP" },
                  { name: "sat", type: "pure-token", token: "SAT" },
                  { name: "fail", type: "pure-token", token: "FAIL" },
                ],
              },
              {
                name: "write-operation",
                type: "oneof",
                arguments: [
                  {
                    name: "set-block",
                    type: "block",
                    token: "SET",
                    arguments: [encoding, offset, { name: "value", type: "integer" }],
                  },
                  {
                    name: "incrby-block",
                    type: "block",
                    token: "INCRBY",
                    arguments: [encoding, offset, { name: "increment", type: "integer" }],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    handler: bitfield,
  },
  {
    name: "bitfield_ro",
    arity: -2,
    flags: ["readonly", "fast"],
    categories: ["bitmap"],
    keySpecs: oneKey("RO", "access"),
    since: "6.0.0",
    group: "bitmap",
    complexity: "O(1) an operation",
    summary: "Gets integers of any width at any bit of a string, and changes none.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "get-block",
        type: "block",
        token: "GET",
        optional: true,
        multiple: true,
        multipleToken: true,
        arguments: [encoding, offset],
      },
    ],
    handler: bitfieldRo,
  },
];
