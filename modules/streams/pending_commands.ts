// What groups delivered and nobody acknowledged yet: XACK, XPENDING. XACK is hot: it allocates nothing.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { replyId } from "./entry_replies.ts";
import { endArgument, IdList, startArgument } from "./id_arguments.ts";
import {
  announceDelivery,
  findGroup,
  groupToRead,
  OPEN,
  openStreamToChange,
  REFUSED,
  stream,
} from "./stream_lookup.ts";

const ids = new IdList();
const id = new StreamId();
const start = new StreamId();
const end = new StreamId();

function xack(client: CommandClient, args: Arguments): void {
  const found = openStreamToChange(client, args, 1);
  if (found === REFUSED) return;
  const group = found === OPEN ? findGroup(args, 2) : 0;
  if (group === 0) return client.reply.integer(0);
  if (!ids.read(client, args, 3, args.count - 1)) return;
  let acknowledged = 0;
  for (let index = 0; index < ids.count; index++) {
    if (stream.groups.acknowledge(group, ids.at(index))) acknowledged++;
  }
  client.server.keyspace.dirty += acknowledged;
  if (acknowledged > 0) announceDelivery(client, args, 1);
  client.reply.integer(acknowledged);
}

function xpending(client: CommandClient, args: Arguments): void {
  if (args.count === 3) {
    const group = groupToRead(client, args, 1, 2);
    if (group !== 0) replySummary(client, group);
    return;
  }
  if (args.count < 6 || args.count > 9) return client.reply.error(SYNTAX_ERROR);
  let first = 3;
  let idleMin = 0;
  if (args.is(3, "idle")) {
    idleMin = integerArgument(client, args, 4);
    if (idleMin !== idleMin) return;
    if (args.count < 8) return client.reply.error(SYNTAX_ERROR);
    first = 5;
  }
  const count = integerArgument(client, args, first + 2);
  if (count !== count) return;
  if (!startArgument(client, args, first, start) || !endArgument(client, args, first + 1, end)) return;
  const group = groupToRead(client, args, 1, 2);
  if (group === 0) return;
  let consumer = 0;
  if (first + 3 < args.count) {
    const index = first + 3;
    consumer = stream.groups.findConsumer(group, args.buffer, args.starts[index], args.ends[index]);
    if (consumer === 0) return client.reply.emptyArray();
  }
  replyPending(client, group, consumer, idleMin, Math.max(count, 0));
}

function replySummary(client: CommandClient, group: Ref): void {
  const { reply } = client;
  const { groups } = stream;
  const pending = groups.pendingOfGroup(group);
  reply.array(4);
  reply.integer(pending.size);
  if (!pending.seekFirst()) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.readId(id);
  replyId(reply, id);
  pending.seekLast();
  pending.readId(id);
  replyId(reply, id);
  const mark = reply.beginArray();
  const consumers = groups.consumers(group);
  let written = 0;
  for (let index = 0; index < consumers.size; index++) {
    const consumer = consumers.at(index);
    const owned = groups.pendingOfConsumer(consumer).size;
    if (owned === 0) continue;
    reply.array(2);
    replyName(client, consumer);
    reply.bulkInteger(owned);
    written++;
  }
  reply.endArray(mark, written);
}

/** Those from `start` to `end` that were not delivered for at least `idleMin` milliseconds; of one consumer, or of all. */
function replyPending(
  client: CommandClient,
  group: Ref,
  consumer: Ref,
  idleMin: number,
  count: number,
): void {
  const { reply } = client;
  const { groups } = stream;
  const now = client.server.keyspace.clock.ms;
  const pending = consumer === 0 ? groups.pendingOfGroup(group) : groups.pendingOfConsumer(consumer);
  const mark = reply.beginArray();
  let written = 0;
  let more = count > 0 && pending.seekAtLeast(start);
  for (; more && written < count; more = pending.next()) {
    pending.readId(id);
    if (id.compare(end) > 0) break;
    const entry = pending.value;
    const idle = now - groups.deliveredAt(entry);
    if (idleMin !== 0 && idle < idleMin) continue;
    reply.array(4);
    replyId(reply, id);
    replyName(client, groups.consumerOf(entry));
    reply.integer(Math.max(idle, 0));
    reply.integer(groups.deliveries(entry));
    written++;
  }
  reply.endArray(mark, written);
}

/** The name of a group or consumer. */
function replyName(client: CommandClient, ref: Ref): void {
  const { groups } = stream;
  client.reply.bulkArena(client.server.keyspace.arena, groups.nameAddress(ref), groups.nameLength(ref));
}

export const pendingCommands: CommandSpec[] = [
  {
    name: "xack",
    arity: -4,
    flags: ["write", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "update"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(log N) for each id, N being the number of pending entries",
    summary: "Acknowledges entries that a group delivered.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "group", type: "string" },
      { name: "id", type: "string", multiple: true },
    ],
    handler: xack,
  },
  {
    name: "xpending",
    arity: -3,
    flags: ["readonly"],
    categories: ["stream"],
    keySpecs: oneKey("RO", "access"),
    since: "5.0.0",
    group: "stream",
    complexity:
      "O(N) where N is the number of entries returned or passed; of the summary, the number of consumers",
    summary: "Tells which entries of a group were delivered and not acknowledged.",
    history: [["6.2.0", "IDLE and exclusive ranges."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "group", type: "string" },
      {
        name: "filters",
        type: "block",
        optional: true,
        arguments: [
          { name: "min_idle_time", type: "integer", token: "IDLE", optional: true, since: "6.2.0" },
          { name: "start", type: "string" },
          { name: "end", type: "string" },
          { name: "count", type: "integer" },
          { name: "consumer", type: "string", optional: true },
        ],
      },
    ],
    handler: xpending,
  },
];
