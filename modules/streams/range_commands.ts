// Commands that read entries by their ids: XRANGE, XREVRANGE, XLEN.
import { type ArgumentDoc, type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { countArgument } from "./argument_docs.ts";
import { replyEntries } from "./entry_replies.ts";
import { endArgument, startArgument } from "./id_arguments.ts";
import { ABSENT, openStream, REFUSED, stream } from "./stream_lookup.ts";

const start = new StreamId();
const end = new StreamId();

function xrange(client: CommandClient, args: Arguments): void {
  if (!startArgument(client, args, 2, start) || !endArgument(client, args, 3, end)) return;
  const count = parseCount(client, args);
  if (!opens(client, args, count)) return;
  replyEntries(client.reply, stream.cursor.openForward(stream.root, start, end), Math.max(count, 0));
}

function xrevrange(client: CommandClient, args: Arguments): void {
  if (!startArgument(client, args, 3, start) || !endArgument(client, args, 2, end)) return;
  const count = parseCount(client, args);
  if (!opens(client, args, count)) return;
  replyEntries(client.reply, stream.cursor.openBackward(stream.root, start, end), Math.max(count, 0));
}

/** COUNT: -1 where it is not given, NaN after an error reply. */
function parseCount(client: CommandClient, args: Arguments): number {
  let count = -1;
  for (let index = 4; index < args.count; index += 2) {
    if (!args.is(index, "count") || index + 1 === args.count) {
      client.reply.error(SYNTAX_ERROR);
      return NaN;
    }
    count = integerArgument(client, args, index + 1);
    if (count !== count) return NaN;
    count = Math.max(count, 0);
  }
  return count;
}

/** Opens the stream; false where the reply has been given. */
function opens(client: CommandClient, args: Arguments, count: number): boolean {
  if (count !== count) return false;
  const found = openStream(client, args, 1);
  if (found === REFUSED) return false;
  if (found === ABSENT) client.reply.emptyArray();
  else if (count === 0) client.reply.nullArray();
  else return true;
  return false;
}

function xlen(client: CommandClient, args: Arguments): void {
  const found = openStream(client, args, 1);
  if (found !== REFUSED) client.reply.integer(found === ABSENT ? 0 : stream.entries.length);
}

const rangeHistory: [string, string][] = [["6.2.0", "Exclusive ranges."]];

function rangeArguments(first: string, last: string): ArgumentDoc[] {
  return [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: first, type: "string" },
    { name: last, type: "string" },
    countArgument,
  ];
}

export const rangeCommands: CommandSpec[] = [
  {
    name: "xrange",
    arity: -4,
    flags: ["readonly"],
    categories: ["stream"],
    keySpecs: oneKey("RO", "access"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) where N is the number of entries returned",
    summary: "Reads the entries of a stream between two ids.",
    history: rangeHistory,
    arguments: rangeArguments("start", "end"),
    handler: xrange,
  },
  {
    name: "xrevrange",
    arity: -4,
    flags: ["readonly"],
    categories: ["stream"],
    keySpecs: oneKey("RO", "access"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) where N is the number of entries returned",
    summary: "Reads the entries of a stream between two ids, the newest first.",
    history: rangeHistory,
    arguments: rangeArguments("end", "start"),
    handler: xrevrange,
  },
  {
    name: "xlen",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RO"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(1)",
    summary: "Tells how many entries a stream has.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: xlen,
  },
];
