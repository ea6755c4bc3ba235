// BITOP: strings combined bit by bit, shorter ones as if zeros followed. The result is put together outside the arena, a
// word at a time, and then stored as a whole.
import { type CommandSpec, keyAt, keysFrom } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ENCODING_RAW } from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { BITOP_NOT_ONE_KEY, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { findString, REFUSED } from "../strings/string_value.ts";

type Operation = "and" | "or" | "xor" | "not";
const OPERATIONS: Operation[] = ["and", "or", "xor", "not"];

/** Bytes of an operand that are copied at a time, because they begin at no word of the arena. A multiple of 4. */
const CHUNK_BYTES = 64 * 1024;
const chunk = new Uint8Array(CHUNK_BYTES);
const chunkWords = new Int32Array(chunk.buffer);

/** The entries of the operands, 0 where a key is absent. */
const operands: Ref[] = [];

function bitop(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const operation = OPERATIONS.find((name) => args.is(1, name));
  if (operation === undefined) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (operation === "not" && args.count !== 4) {
    reply.error(BITOP_NOT_ONE_KEY);
    return;
  }
  const { entries } = client.server.keyspace;
  let bytes = 0;
  operands.length = 0;
  for (let index = 3; index < args.count; index++) {
    const ref = findString(client, args, index);
    if (ref === REFUSED) return;
    operands.push(ref);
    if (ref !== 0) bytes = Math.max(bytes, entries.stringLength(ref));
  }
  store(client, args, bytes === 0 ? chunk : combine(client, operation, bytes), bytes);
  reply.integer(bytes);
}

function store(client: CommandClient, args: Arguments, result: Uint8Array, bytes: number): void {
  const { db } = client;
  const { buffer } = args;
  const start = args.starts[2];
  const end = args.ends[2];
  if (bytes > 0) {
    const ref = db.setString(buffer, start, end, result, 0, bytes, NO_EXPIRE);
    // Bits are no number and no text, whatever they look like.
    client.server.keyspace.entries.setEncoding(ref, ENCODING_RAW);
    db.changed("string", "set", buffer, start, end);
  } else if (db.remove(buffer, start, end)) {
    db.changed("generic", "del", buffer, start, end);
  }
}

function combine(client: CommandClient, operation: Operation, bytes: number): Uint8Array {
  const { arena, entries } = client.server.keyspace;
  const words = new Int32Array(Math.ceil(bytes / 4));
  const result = new Uint8Array(words.buffer);
  const [first, ...others] = operands;
  if (first !== 0) arena.copyOut(entries.stringAddress(first), entries.stringLength(first), result, 0);
  if (operation === "not") { for (let word = 0; word < words.length; word++) words[word] = ~words[word]; }
  for (const ref of others) {
    const length = ref === 0 ? 0 : entries.stringLength(ref);
    const address = ref === 0 ? 0 : entries.stringAddress(ref);
    const whole = Math.floor(length / 4);
    if (address % 4 === 0) {
      apply(operation, words, 0, arena.i32, address / 4, whole);
    } else {
      for (let done = 0; done < whole * 4; done += CHUNK_BYTES) {
        const part = Math.min(CHUNK_BYTES, whole * 4 - done);
        arena.copyOut(address + done, part, chunk, 0);
        apply(operation, words, done / 4, chunkWords, 0, part / 4);
      }
    }
    for (let at = whole * 4; at < length; at++) {
      result[at] = combined(operation, result[at], arena.u8[address + at]);
    }
    if (operation === "and") result.fill(0, length);
  }
  return result;
}

function apply(
  operation: Operation,
  target: Int32Array,
  at: number,
  source: Int32Array,
  from: number,
  count: number,
): void {
  if (operation === "and") {
    for (let word = 0; word < count; word++) {
      target[at + word] &= source[from + word];
    }
  } else if (operation === "or") {
    for (let word = 0; word < count; word++) target[at + word] |= source[from + word];
  } else for (let word = 0; word < count; word++) target[at + word] ^= source[from + word];
}

function combined(operation: Operation, a: number, b: number): number {
  if (operation === "and") return a & b;
  return operation === "or" ? a | b : a ^ b;
}

export const bitopCommands: CommandSpec[] = [
  {
    name: "bitop",
    arity: -4,
    flags: ["write", "denyoom"],
    categories: ["bitmap"],
    keySpecs: [keyAt(2, "OW", "update"), keysFrom(3, "RO", "access")],
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N) where N is the number of bytes of the longest string",
    summary: "Combines strings bit by bit and stores the result under a key.",
    arguments: [
      {
        name: "operation",
        type: "oneof",
        arguments: [
          { name: "and", type: "pure-token", token: "AND" },
          { name: "or", type: "pure-token", token: "OR" },
          { name: "xor", type: "pure-token", token: "XOR" },
          { name: "not", type: "pure-token", token: "NOT" },
        ],
      },
      { name: "destkey", type: "key", keySpecIndex: 0 },
      { name: "key", type: "key", keySpecIndex: 1, multiple: true },
    ],
    handler: bitop,
  },
];
