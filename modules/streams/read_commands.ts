// XREAD and XREADGROUP: entries behind given ids of several streams, waiting for them where asked to; the latter also
// keeps the books of its group. XREADGROUP is hot: it allocates nothing on the JavaScript heap.
import type { CommandSpec, KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_STREAM } from "../../core/keyspace/entry_layout.ts";
import { ARENA_FULL, type Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { READ_UNKNOWN } from "../../core/structures/stream.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { countArgument } from "./argument_docs.ts";
import { MAX_ID, replyEntries, replyEntry, replyEntryOf, replyId } from "./entry_replies.ts";
import { propagateClaim, propagateConsumer, propagateGroup } from "./propagate.ts";
import { parseRequest, request, waited } from "./read_request.ts";
import {
  announceDelivery,
  consumerOf,
  findGroup,
  OPEN,
  openStream,
  openStreamToChange,
  stream,
} from "./stream_lookup.ts";

const start = new StreamId();
const edge = new StreamId();

/** The arena was full while entries were being delivered: what was delivered is replied, the rest waits. */
let isFull = false;
/** Entries delivered by the current command. */
let delivered = 0;

function xread(client: CommandClient, args: Arguments): void {
  if (!parseRequest(client, args, "xread")) return;
  const { reply } = client;
  const mark = reply.beginArray();
  let served = 0;
  for (let index = 0; index < request.streams; index++) {
    if (openStream(client, args, request.firstKey + index) !== OPEN) continue;
    const after = request.ids.at(index);
    if (!hasNewer(after)) continue;
    served++;
    replyKey(client, args, index);
    start.copy(after).increment();
    replyEntries(reply, stream.cursor.openForward(stream.root, start, MAX_ID), request.count);
  }
  finish(client, args, mark, served);
}

function xreadgroup(client: CommandClient, args: Arguments): void {
  if (!parseRequest(client, args, "xreadgroup")) return;
  const { reply } = client;
  const mark = reply.beginArray();
  let served = 0;
  isFull = false;
  delivered = 0;
  const isFed = client.server.propagation.active;
  if (isFed) client.server.propagation.nothing();
  for (let index = 0; index < request.streams && !isFull; index++) {
    const key = request.firstKey + index;
    if (openStreamToChange(client, args, key) !== OPEN) continue;
    const group = findGroup(args, request.group);
    const after = request.ids.at(index);
    const isHistory = !after.isMax;
    const serves = isHistory || hasNewer(stream.groups.readLastId(group, after));
    const { buffer, starts, ends } = args;
    const isNew = isFed &&
      stream.groups.findConsumer(group, buffer, starts[request.consumer], ends[request.consumer]) === 0;
    const consumer = consumerOrNone(client, args, key, group, served, mark);
    if (consumer === 0) break;
    // The claims of what it gets name it too, but not every read has some.
    if (isNew && (!serves || isHistory || request.noAck)) {
      propagateConsumer(client, args, key, request.group, request.consumer);
    }
    if (!serves) continue;
    served++;
    replyKey(client, args, index);
    start.copy(after).increment();
    if (isHistory) replyHistory(client, consumer);
    else deliverNew(client, args, key, group, consumer);
    announceDelivery(client, args, key);
    client.server.keyspace.dirty++;
  }
  if (isFull && delivered === 0) {
    reply.abandon(mark);
    throw ARENA_FULL;
  }
  finish(client, args, mark, served);
}

/** Whether the stream has an entry behind this id. */
function hasNewer(id: StreamId): boolean {
  const { entries } = stream;
  if (entries.length === 0 || entries.compareToLast(id) >= 0) return false;
  return entries.readEdge(edge, "last") && edge.compare(id) > 0;
}

/** The consumer; 0 where there is no room for a new one but something was served before. */
function consumerOrNone(
  client: CommandClient,
  args: Arguments,
  key: number,
  group: Ref,
  served: number,
  mark: number,
): Ref {
  try {
    return consumerOf(client, args, key, group, request.consumer);
  } catch (error) {
    if (error === ARENA_FULL && served > 0) return 0;
    client.reply.abandon(mark);
    throw error;
  }
}

function replyKey(client: CommandClient, args: Arguments, index: number): void {
  const key = request.firstKey + index;
  if (client.reply.protocol === 2) client.reply.array(2);
  client.reply.bulk(args.buffer, args.starts[key], args.ends[key]);
}

/** Gives the group's next entries to the consumer, from `start` on. */
function deliverNew(client: CommandClient, args: Arguments, key: number, group: Ref, consumer: Ref): void {
  const { reply, server } = client;
  const { groups, cursor } = stream;
  const { count, noAck } = request;
  const now = server.keyspace.clock.ms;
  const isFed = server.propagation.active;
  const mark = reply.beginArray();
  let written = 0;
  cursor.openForward(stream.root, start, MAX_ID);
  while ((count === 0 || written < count) && cursor.next()) {
    if (!noAck) {
      try {
        groups.deliver(group, consumer, cursor.id, now);
      } catch (error) {
        if (error !== ARENA_FULL) throw error;
        isFull = true;
        break;
      }
    }
    countRead(group, cursor.id);
    if (isFed && !noAck) {
      const pending = groups.findPending(group, cursor.id);
      propagateClaim(client, args, key, request.group, group, cursor.id, 0, pending);
    }
    replyEntry(reply, cursor);
    written++;
  }
  reply.endArray(mark, written);
  delivered += written;
  if (isFed && written > 0) propagateGroup(client, args, key, request.group, group);
  if (!noAck && written > 0) groups.setActive(consumer, now);
}

/** The group has come to this entry. */
function countRead(group: Ref, id: StreamId): void {
  const { entries, groups } = stream;
  const last = groups.readLastId(group, edge);
  if (id.compare(last) <= 0) return;
  const read = groups.entriesRead(group);
  if (read !== READ_UNKNOWN && entries.compareToFirst(last) >= 0 && !entries.hasTombstonesFrom(last)) {
    groups.setEntriesRead(group, read + 1);
  } else if (entries.entriesAdded > 0) {
    groups.setEntriesRead(group, entries.addedUpTo(id));
  }
  groups.setLastId(group, id);
}

/** What the consumer got and did not acknowledge, from `start` on: delivered once more. */
function replyHistory(client: CommandClient, consumer: Ref): void {
  const { reply } = client;
  const { groups } = stream;
  const now = client.server.keyspace.clock.ms;
  const mark = reply.beginArray();
  let written = 0;
  const pending = groups.pendingOfConsumer(consumer);
  let more = pending.seekAtLeast(start);
  for (; more && (request.count === 0 || written < request.count); more = pending.next()) {
    pending.readId(edge);
    if (replyEntryOf(reply, edge)) {
      groups.setDelivered(pending.value, now, groups.deliveries(pending.value) + 1);
    } else {
      reply.array(2);
      replyId(reply, edge);
      reply.nullArray();
    }
    written++;
    delivered++;
  }
  reply.endArray(mark, written);
}

/** Ends the reply; where nothing was served, waits or replies so. */
function finish(client: CommandClient, args: Arguments, mark: number, served: number): void {
  const { reply } = client;
  if (served > 0) {
    if (reply.protocol === 3) reply.endMap(mark, served);
    else reply.endArray(mark, served);
    return;
  }
  reply.abandon(mark);
  if (request.timeoutMs === -1 || !client.mayBlock) reply.nullArray();
  else wait(client, args);
}

function wait(client: CommandClient, args: Arguments): void {
  const { firstKey, streams, timeoutMs } = request;
  if (request.hasLast) fixIds(args);
  client.server.waiters.wait(client, args, {
    firstKey,
    lastKey: firstKey + streams - 1,
    type: TYPE_STREAM,
    timeoutMs,
    timedOut: replyNothing,
    alsoWhenGone: request.group !== 0,
  });
  waited.add(client.heldArgs!);
}

function replyNothing(client: CommandClient): void {
  client.reply.nullArray();
}

/** `$` becomes the id that it means now: the command will run again. */
function fixIds(args: Arguments): void {
  const first = request.firstKey + request.streams;
  const values: (string | Uint8Array)[] = [];
  for (let index = 0; index < args.count; index++) {
    values.push(index < first ? args.bytes(index) : request.ids.at(index - first).toString());
  }
  args.replace(values);
}

function streamKeys(startFrom: number): KeySpec[] {
  return [{
    flags: ["RO", "access"],
    begin: { keyword: "STREAMS", startFrom },
    find: { lastKey: -1, step: 1, limit: 2 },
  }];
}

const streamsArgument = {
  name: "streams",
  type: "block" as const,
  token: "STREAMS",
  arguments: [
    { name: "key", type: "key" as const, keySpecIndex: 0, multiple: true as const },
    { name: "id", type: "string" as const, multiple: true as const },
  ],
};
const blockArgument = {
  name: "milliseconds",
  type: "integer" as const,
  token: "BLOCK",
  optional: true as const,
};

export const readCommands: CommandSpec[] = [
  {
    name: "xread",
    arity: -4,
    flags: ["readonly", "blocking", "movablekeys"],
    categories: ["stream"],
    keySpecs: streamKeys(1),
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) where N is the number of entries returned",
    summary: "Reads the entries of streams behind given ids; may wait for new ones.",
    arguments: [countArgument, blockArgument, streamsArgument],
    handler: xread,
  },
  {
    name: "xreadgroup",
    arity: -7,
    flags: ["write", "blocking", "movablekeys"],
    categories: ["stream"],
    keySpecs: streamKeys(4),
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) where N is the number of entries returned",
    summary:
      "Reads entries of streams as a consumer of a group, new ones or those not acknowledged yet; may wait.",
    arguments: [
      {
        name: "group_consumer",
        type: "block",
        token: "GROUP",
        arguments: [{ name: "group", type: "string" }, { name: "consumer", type: "string" }],
      },
      countArgument,
      blockArgument,
      { name: "noack", type: "pure-token", token: "NOACK", optional: true },
      streamsArgument,
    ],
    handler: xreadgroup,
  },
];
