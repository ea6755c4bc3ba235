// Members at random, each with the same chance: SRANDMEMBER gives them, SPOP takes them. SPOP of one is hot: it allocates
// nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { leastArgument } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { pickDistinct, pickRepeatedly, randomCountArgument } from "../../core/commands/random_picks.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { MUST_BE_POSITIVE, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import type { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { ABSENT, announce, announceGone, openSet, openSetToChange, REFUSED, set } from "./set_lookup.ts";

/** Members in one propagated SREM. */
const MEMBERS_PER_COMMAND_MAX = 1024;

/** What SPOP has taken, while somebody wants to know. */
let taken: Uint8Array[] | null = null;

/** Where `writeAt` writes to; set for one command. */
let current: ReplyWriter;

function spop(client: CommandClient, args: Arguments): void {
  if (args.count > 3) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  if (args.count === 3) {
    popMany(client, args);
    return;
  }
  const found = openSetToChange(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.null();
    return;
  }
  taken = client.server.propagation.active ? [] : null;
  popOne(client.reply);
  popped(client, args, 1);
  if (taken !== null) propagateTaken(client, args, taken);
}

/** Those that were taken are propagated: another server would pick others. */
function propagateTaken(client: CommandClient, args: Arguments, members: readonly Uint8Array[]): void {
  const { propagation } = client.server;
  propagation.nothing();
  for (let first = 0; first < members.length; first += MEMBERS_PER_COMMAND_MAX) {
    const end = Math.min(first + MEMBERS_PER_COMMAND_MAX, members.length);
    propagation.instead("SREM", 2 + end - first).argument(args, 1);
    for (let index = first; index < end; index++) propagation.bytes(members[index], 0, members[index].length);
  }
  taken = null;
}

function popOne(reply: ReplyWriter): void {
  set.place = set.randomPlace();
  takeMember(reply);
  set.deleteCurrent();
}

/** Tells that members were taken, and takes the key away where none is left. */
function popped(client: CommandClient, args: Arguments, count: number): void {
  const isEmpty = set.size === 0;
  if (isEmpty) client.db.removeEntry(set.ref);
  announce(client, args, 1, "spop", count);
  if (isEmpty) announceGone(client, args, 1);
}

function popMany(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const count = leastArgument(client, args, 2, 0, MUST_BE_POSITIVE);
  if (count !== count) return;
  const found = openSetToChange(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) {
    reply.set(0);
    return;
  }
  const { size } = set;
  const wanted = Math.min(count, size);
  reply.set(wanted);
  if (wanted === size) popAll(client, args);
  else {
    taken = client.server.propagation.active ? [] : null;
    if (set.isPacked) popPacked(reply, wanted);
    else for (let left = wanted; left > 0; left--) popOne(reply);
    popped(client, args, wanted);
    if (taken !== null) propagateTaken(client, args, taken);
  }
}

function popAll(client: CommandClient, args: Arguments): void {
  const { size } = set;
  writeAll(client.reply);
  client.db.removeEntry(set.ref);
  announce(client, args, 1, "spop", size);
  announceGone(client, args, 1);
  propagateRemoval(client, args, 1, "serverDelete");
}

/** Takes some members of an intset or listpack in one pass: each place is chosen with the chance that is left to it. */
function popPacked(reply: ReplyWriter, wanted: number): void {
  const places = new Int32Array(wanted);
  let left = set.size;
  let count = 0;
  set.walk();
  while (count < wanted && set.next()) {
    if (Math.random() * left-- >= wanted - count) continue;
    places[count++] = set.place;
    takeMember(reply);
  }
  set.deletePacked(places, count);
}

function srandmember(client: CommandClient, args: Arguments): void {
  if (args.count > 3) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  if (args.count === 2) {
    replyOne(client, args);
    return;
  }
  const count = randomCountArgument(client, args);
  if (count !== count) return;
  const found = openSet(client, args);
  if (found === REFUSED) return;
  const { reply } = client;
  if (found === ABSENT || count === 0) {
    reply.emptyArray();
    return;
  }
  const isDistinct = count > 0;
  const wanted = isDistinct ? Math.min(count, set.size) : -count;
  reply.array(wanted);
  current = reply;
  if (!isDistinct) pickRepeatedly(set, wanted, writeAt);
  else if (wanted === set.size) writeAll(reply);
  else pickDistinct(set, wanted, writeAt);
}

function replyOne(client: CommandClient, args: Arguments): void {
  const found = openSet(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.null();
    return;
  }
  set.place = set.randomPlace();
  writeMember(client.reply);
}

function writeAt(place: number): void {
  set.place = place;
  writeMember(current);
}

function writeAll(reply: ReplyWriter): void {
  set.walk();
  while (set.next()) writeMember(reply);
}

/** Writes a member that is about to go. */
function takeMember(reply: ReplyWriter): void {
  writeMember(reply);
  if (taken !== null) taken.push(set.bytes.slice(set.start, set.end));
}

function writeMember(reply: ReplyWriter): void {
  set.readMember();
  reply.bulk(set.bytes, set.start, set.end);
}

export const randomCommands: CommandSpec[] = [
  {
    name: "spop",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members taken",
    summary: "Takes members out of a set at random and gives them; with its last member the set goes too.",
    history: [["3.2.0", "The count."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "count", type: "integer", optional: true, since: "3.2.0" },
    ],
    handler: spop,
  },
  {
    name: "srandmember",
    arity: -2,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members given",
    summary:
      "Gives members of a set at random: distinct ones, or with a negative count perhaps the same again.",
    history: [["2.6.0", "The count."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "count", type: "integer", optional: true, since: "2.6.0" },
    ],
    handler: srandmember,
  },
];
