// One bit of a string: SETBIT, GETBIT. Both are hot: they allocate nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { BIT_OUT_OF_RANGE } from "../../core/protocol/errors.ts";
import { findString, findStringToChange, REFUSED } from "../strings/string_value.ts";
import { offsetArgument, withLength } from "./bit_arguments.ts";

const ZERO = 0x30;
const ONE = 0x31;

function setbit(client: CommandClient, args: Arguments): void {
  const { reply, db } = client;
  const offset = offsetArgument(client, args, 2);
  if (offset < 0) return;
  const digit = args.length(3) === 1 ? args.buffer[args.starts[3]] : 0;
  if (digit !== ZERO && digit !== ONE) {
    reply.error(BIT_OUT_OF_RANGE);
    return;
  }
  const found = findStringToChange(client, args, 1);
  if (found === REFUSED) return;
  const { entries, arena } = client.server.keyspace;
  const before = found === 0 ? 0 : entries.stringLength(found);
  const byte = Math.floor(offset / 8);
  const ref = withLength(client, args, found, byte + 1);
  const address = entries.stringAddress(ref) + byte;
  const shift = 7 - offset % 8;
  const old = arena.u8[address];
  const bit = (old >>> shift) & 1;
  if (bit !== digit - ZERO) arena.setU8(address, old ^ (1 << shift));
  if (bit !== digit - ZERO || before <= byte) {
    db.changed("string", "setbit", args.buffer, args.starts[1], args.ends[1]);
  }
  reply.integer(bit);
}

function getbit(client: CommandClient, args: Arguments): void {
  const offset = offsetArgument(client, args, 2);
  if (offset < 0) return;
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  const { entries, arena } = client.server.keyspace;
  const byte = Math.floor(offset / 8);
  if (ref === 0 || byte >= entries.stringLength(ref)) client.reply.integer(0);
  else client.reply.integer((arena.u8[entries.stringAddress(ref) + byte] >>> (7 - offset % 8)) & 1);
}

export const singleBitCommands: CommandSpec[] = [
  {
    name: "setbit",
    arity: 4,
    flags: ["write", "denyoom"],
    categories: ["bitmap"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "2.2.0",
    group: "bitmap",
    complexity: "O(1)",
    summary: "Sets or clears one bit of a string, which grows as far as that, and gives what the bit was.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "offset", type: "integer" },
      { name: "value", type: "integer" },
    ],
    handler: setbit,
  },
  {
    name: "getbit",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["bitmap"],
    keySpecs: oneKey("RO", "access"),
    since: "2.2.0",
    group: "bitmap",
    complexity: "O(1)",
    summary: "Gives one bit of a string; beyond its end all are 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "offset", type: "integer" },
    ],
    handler: getbit,
  },
];
