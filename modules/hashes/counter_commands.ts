// Fields as numbers: HINCRBY and HINCRBYFLOAT.
import { writeLatin1 } from "../../core/bytes/ascii.ts";
import {
  formatInt64,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_BYTES_MAX,
  parseInt64,
  parseSafeInteger,
} from "../../core/bytes/integer.ts";
import {
  addLongDoubles,
  LONG_DOUBLE_ZERO,
  longDoubleText,
  parseLongDouble,
} from "../../core/bytes/long_double.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int64Argument } from "../../core/commands/number_arguments.ts";
import { FIELD_STAYS } from "../../core/structures/field_table.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  HASH_NOT_A_FLOAT,
  HASH_NOT_AN_INTEGER,
  NAN_OR_INFINITY,
  NOT_A_FLOAT,
  NOT_FINITE,
  OVERFLOW,
} from "../../core/protocol/errors.ts";
import { announce, hash, OPEN, openHashToChange, REFUSED, setField } from "./hash_lookup.ts";

const scratch = new Uint8Array(INT64_TEXT_BYTES_MAX);

function hincrby(client: CommandClient, args: Arguments): void {
  const increment = parseSafeInteger(args.buffer, args.starts[3], args.ends[3]);
  const large = increment === increment ? 0n : int64Argument(client, args, 3);
  if (large === null) return;
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  const exists = found === OPEN && hash.find(args.buffer, args.starts[2], args.ends[2]);
  if (exists) hash.readValue();
  const expireAt = exists ? hash.expireAt() : FIELD_STAYS;
  const sum = increment + (exists ? parseSafeInteger(hash.bytes, hash.start, hash.end) : 0);
  if (!(sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER)) {
    addLarge(client, args, found, exists, increment === increment ? BigInt(increment) : large);
    return;
  }
  const end = formatInteger(scratch, 0, sum);
  const expires = hasExpiringFields(found);
  setField(client, args, found, scratch, 0, end, expireAt);
  announce(client, args, "hincrby", 1);
  if (expires) propagateResult(client, args, scratch, end, expireAt);
  client.reply.integer(sum);
}

function addLarge(
  client: CommandClient,
  args: Arguments,
  found: number,
  exists: boolean,
  increment: bigint,
): void {
  const value = exists ? parseInt64(hash.bytes, hash.start, hash.end) : 0n;
  if (value === null) {
    client.reply.error(HASH_NOT_AN_INTEGER);
    return;
  }
  const sum = value + increment;
  if (sum < INT64_MIN || sum > INT64_MAX) {
    client.reply.error(OVERFLOW);
    return;
  }
  const expireAt = exists ? hash.expireAt() : FIELD_STAYS;
  const end = formatInt64(scratch, 0, sum);
  const expires = hasExpiringFields(found);
  setField(client, args, found, scratch, 0, end, expireAt);
  announce(client, args, "hincrby", 1);
  if (expires) propagateResult(client, args, scratch, end, expireAt);
  client.reply.integer64(sum);
}

function hincrbyfloat(client: CommandClient, args: Arguments): void {
  const increment = parseLongDouble(args.buffer, args.starts[3], args.ends[3]);
  if (increment === null) {
    client.reply.error(NOT_A_FLOAT);
    return;
  }
  if (increment.infinite) {
    client.reply.error(NOT_FINITE);
    return;
  }
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  let value: ReturnType<typeof parseLongDouble> = LONG_DOUBLE_ZERO;
  let expireAt = FIELD_STAYS;
  if (found === OPEN && hash.find(args.buffer, args.starts[2], args.ends[2])) {
    hash.readValue();
    value = parseLongDouble(hash.bytes, hash.start, hash.end);
    expireAt = hash.expireAt();
  }
  if (value === null) {
    client.reply.error(HASH_NOT_A_FLOAT);
    return;
  }
  const sum = addLongDoubles(value, increment);
  if (sum === null) {
    client.reply.error(NAN_OR_INFINITY);
    return;
  }
  const text = longDoubleText(sum);
  const bytes = new Uint8Array(text.length);
  setField(client, args, found, bytes, 0, writeLatin1(bytes, 0, text), expireAt);
  announce(client, args, "hincrbyfloat", 1);
  propagateResult(client, args, bytes, bytes.length, expireAt);
  client.reply.bulkBytes(bytes);
}

/** Whether a field of the hash that was found may have expired by the time that a replica runs the command. */
function hasExpiringFields(found: number): boolean {
  return found === OPEN && hash.expiring > 0;
}

/** The result is propagated, not the addition, with the expiry that the field has. */
function propagateResult(
  client: CommandClient,
  args: Arguments,
  text: Uint8Array,
  end: number,
  expireAt: number,
): void {
  const { propagation } = client.server;
  if (!propagation.active) return;
  if (expireAt === FIELD_STAYS) propagation.instead("HSET", 4).argument(args, 1);
  else {
    propagation.instead("HSETEX", 8).argument(args, 1).word("PXAT").number(expireAt).word("FIELDS").word("1");
  }
  propagation.argument(args, 2).bytes(text, 0, end);
}

export const counterCommands: CommandSpec[] = [
  {
    name: "hincrby",
    arity: 4,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Adds to the integer in a field; an absent field counts as 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
      { name: "increment", type: "integer" },
    ],
    handler: hincrby,
  },
  {
    name: "hincrbyfloat",
    arity: 4,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "2.6.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Adds to the number with a fraction in a field; an absent field counts as 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
      { name: "increment", type: "double" },
    ],
    handler: hincrbyfloat,
  },
];
