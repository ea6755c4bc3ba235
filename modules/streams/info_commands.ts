// XINFO: what is known of a stream, its groups and their consumers.
import { type CommandSpec, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { withHelp } from "../../core/commands/help.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NO_SUCH_KEY, subcommandSyntax } from "../../core/protocol/errors.ts";
import type { IdTree } from "../../core/structures/id_tree.ts";
import { READ_UNKNOWN } from "../../core/structures/stream.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { MAX_ID, MIN_ID, replyCount, replyEntries, replyEntry, replyId } from "./entry_replies.ts";
import { ABSENT, findGroup, OPEN, openStream, replyNoGroup, stream } from "./stream_lookup.ts";

/** Entries and pending entries that XINFO STREAM FULL shows where COUNT does not say. */
const FULL_COUNT_DEFAULT = 10;
/** Children of an inner node, for the number of nodes that XINFO STREAM tells. */
const NODE_CHILDREN = 50;

const id = new StreamId();

function opens(client: CommandClient, args: Arguments): boolean {
  const found = openStream(client, args, 2);
  if (found === ABSENT) client.reply.error(NO_SUCH_KEY);
  return found === OPEN;
}

function infoStream(client: CommandClient, args: Arguments): void {
  if (!opens(client, args)) return;
  if (args.count === 3) return replyStream(client);
  const hasCount = args.count === 6 && args.is(4, "count");
  if (!args.is(3, "full") || (args.count !== 4 && !hasCount)) {
    return client.reply.error(subcommandSyntax(args));
  }
  let count = FULL_COUNT_DEFAULT;
  if (hasCount) {
    const given = integerArgument(client, args, 5);
    if (given !== given) return;
    if (given >= 0) count = given;
  }
  replyFull(client, count);
}

/** The seven fields that both forms begin with. */
function replyCommon(client: CommandClient): void {
  const { reply } = client;
  const { entries } = stream;
  const blocks = entries.blocks;
  reply.bulkText("length");
  reply.integer(entries.length);
  reply.bulkText("radix-tree-keys");
  reply.integer(blocks);
  reply.bulkText("radix-tree-nodes");
  reply.integer(blocks === 0 ? 1 : blocks + Math.ceil(blocks / NODE_CHILDREN));
  reply.bulkText("last-generated-id");
  replyId(reply, entries.readLastId(id));
  reply.bulkText("max-deleted-entry-id");
  replyId(reply, entries.readMaxDeletedId(id));
  reply.bulkText("entries-added");
  replyCount(reply, entries.entriesAdded);
  reply.bulkText("recorded-first-entry-id");
  replyId(reply, entries.readFirstId(id));
}

function replyStream(client: CommandClient): void {
  const { reply } = client;
  const { cursor, root } = stream;
  reply.map(10);
  replyCommon(client);
  reply.bulkText("groups");
  reply.integer(stream.groups.count);
  reply.bulkText("first-entry");
  if (cursor.openForward(root, MIN_ID, MAX_ID).next()) replyEntry(reply, cursor);
  else reply.null();
  reply.bulkText("last-entry");
  if (cursor.openBackward(root, MIN_ID, MAX_ID).next()) replyEntry(reply, cursor);
  else reply.null();
}

function replyFull(client: CommandClient, count: number): void {
  const { reply } = client;
  const { groups } = stream;
  reply.map(9);
  replyCommon(client);
  reply.bulkText("entries");
  replyEntries(reply, stream.cursor.openForward(stream.root, MIN_ID, MAX_ID), count);
  reply.bulkText("groups");
  const size = groups.count;
  reply.array(size);
  for (let index = 0; index < size; index++) replyFullGroup(client, groups.at(index), count);
}

function replyFullGroup(client: CommandClient, group: Ref, count: number): void {
  const { reply } = client;
  const { groups } = stream;
  reply.map(7);
  replyName(client, group);
  replyProgress(client, group);
  const pending = groups.pendingOfGroup(group);
  reply.bulkText("pel-count");
  reply.integer(pending.size);
  reply.bulkText("pending");
  replyPending(client, pending, count, "withConsumer");
  reply.bulkText("consumers");
  const size = groups.consumers(group).size;
  reply.array(size);
  for (let index = 0; index < size; index++) {
    replyFullConsumer(client, groups.consumers(group).at(index), count);
  }
}

function replyFullConsumer(client: CommandClient, consumer: Ref, count: number): void {
  const { reply } = client;
  const { groups } = stream;
  reply.map(5);
  replyName(client, consumer);
  reply.bulkText("seen-time");
  replyCount(reply, groups.seen(consumer));
  reply.bulkText("active-time");
  replyCount(reply, groups.active(consumer));
  const pending = groups.pendingOfConsumer(consumer);
  reply.bulkText("pel-count");
  reply.integer(pending.size);
  reply.bulkText("pending");
  replyPending(client, pending, count, "idOnly");
}

function replyPending(
  client: CommandClient,
  pending: IdTree,
  count: number,
  form: "withConsumer" | "idOnly",
): void {
  const { reply } = client;
  const { groups } = stream;
  const mark = reply.beginArray();
  let written = 0;
  for (let more = pending.seekFirst(); more && (count === 0 || written < count); more = pending.next()) {
    const entry = pending.value;
    pending.readId(id);
    reply.array(form === "withConsumer" ? 4 : 3);
    replyId(reply, id);
    if (form === "withConsumer") replyNameOf(client, groups.consumerOf(entry));
    replyCount(reply, groups.deliveredAt(entry));
    reply.integer(groups.deliveries(entry));
    written++;
  }
  reply.endArray(mark, written);
}

function infoGroups(client: CommandClient, args: Arguments): void {
  if (!opens(client, args)) return;
  const { reply } = client;
  const { groups } = stream;
  const size = groups.count;
  reply.array(size);
  for (let index = 0; index < size; index++) {
    const group = groups.at(index);
    reply.map(6);
    replyName(client, group);
    reply.bulkText("consumers");
    reply.integer(groups.consumers(group).size);
    reply.bulkText("pending");
    reply.integer(groups.pendingOfGroup(group).size);
    replyProgress(client, group);
  }
}

function infoConsumers(client: CommandClient, args: Arguments): void {
  if (!opens(client, args)) return;
  const group = findGroup(args, 3);
  if (group === 0) return replyNoGroup(client, args, 2, 3);
  const { reply } = client;
  const { groups } = stream;
  const now = client.server.keyspace.clock.ms;
  const consumers = groups.consumers(group);
  reply.array(consumers.size);
  for (let index = 0; index < consumers.size; index++) {
    const consumer = consumers.at(index);
    const active = groups.active(consumer);
    reply.map(4);
    replyName(client, consumer);
    reply.bulkText("pending");
    reply.integer(groups.pendingOfConsumer(consumer).size);
    reply.bulkText("idle");
    replyCount(reply, Math.max(now - groups.seen(consumer), 0));
    reply.bulkText("inactive");
    replyCount(reply, active === -1 ? -1 : now - active);
  }
}

/** Where a group is: the id it got last, how many entries it has read, how many it has not. */
function replyProgress(client: CommandClient, group: Ref): void {
  const { reply } = client;
  const { groups } = stream;
  reply.bulkText("last-delivered-id");
  replyId(reply, groups.readLastId(group, id));
  reply.bulkText("entries-read");
  const read = groups.entriesRead(group);
  if (read === READ_UNKNOWN) reply.null();
  else replyCount(reply, read);
  reply.bulkText("lag");
  const { entries } = stream;
  let known = 0;
  if (entries.entriesAdded !== 0) {
    groups.readLastId(group, id);
    known = read !== READ_UNKNOWN && !entries.hasTombstonesFrom(id) ? read : entries.addedUpTo(id);
  }
  if (known === READ_UNKNOWN) reply.null();
  else replyCount(reply, entries.entriesAdded - known);
}

function replyName(client: CommandClient, ref: Ref): void {
  client.reply.bulkText("name");
  replyNameOf(client, ref);
}

function replyNameOf(client: CommandClient, ref: Ref): void {
  const { groups } = stream;
  client.reply.bulkArena(client.server.keyspace.arena, groups.nameAddress(ref), groups.nameLength(ref));
}

const secondKey: KeySpec[] = [keyAt(2, "RO", "access")];
const keyArgument = { name: "key", type: "key" as const, keySpecIndex: 0 };

export const infoCommands: CommandSpec[] = [
  withHelp({
    name: "xinfo",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "5.0.0",
    group: "stream",
    complexity: "Depends on the subcommand",
    summary: "Tells about streams, their groups and consumers.",
    subcommands: [
      {
        name: "consumers",
        arity: 4,
        flags: ["readonly"],
        categories: ["stream"],
        keySpecs: secondKey,
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) for each consumer",
        summary: "Tells about the consumers of a group.",
        history: [["7.2.0", "The `inactive` field."]],
        tips: ["nondeterministic_output"],
        arguments: [keyArgument, { name: "groupname", type: "string" }],
        help: ["CONSUMERS <key> <groupname>", "    Tells about the consumers of <groupname>."],
        handler: infoConsumers,
      },
      {
        name: "groups",
        arity: 3,
        flags: ["readonly"],
        categories: ["stream"],
        keySpecs: secondKey,
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) for each group",
        summary: "Tells about the groups of a stream.",
        history: [["7.0.0", "The `entries-read` and `lag` fields."]],
        arguments: [keyArgument],
        help: ["GROUPS <key>", "    Tells about the stream's groups."],
        handler: infoGroups,
      },
      {
        name: "stream",
        arity: -3,
        flags: ["readonly"],
        categories: ["stream"],
        keySpecs: secondKey,
        since: "5.0.0",
        group: "stream",
        complexity: "O(1); with FULL O(N) where N is the number of entries shown",
        summary: "Tells about a stream.",
        history: [
          ["6.0.0", "FULL."],
          [
            "7.0.0",
            "The `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields.",
          ],
          ["7.2.0", "The `active-time` field; `seen-time` is the last time that the consumer asked."],
        ],
        arguments: [
          keyArgument,
          {
            name: "full_block",
            type: "block",
            optional: true,
            arguments: [
              { name: "full", type: "pure-token", token: "FULL" },
              { name: "count", type: "integer", token: "COUNT", optional: true },
            ],
          },
        ],
        help: ["STREAM <key> [FULL [COUNT <count>]", "    Tells about the stream."],
        handler: infoStream,
      },
    ],
  }),
];
