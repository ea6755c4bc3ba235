// Commands that give pending entries of a group to another consumer: XCLAIM, XAUTOCLAIM.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { parseInt64 } from "../../core/bytes/integer.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  invalidStreamOption,
  SYNTAX_ERROR,
  unrecognizedXclaimOption,
  XAUTOCLAIM_COUNT,
} from "../../core/protocol/errors.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { replyEntryOf, replyId } from "./entry_replies.ts";
import { idArgument, IdList, parseStrictId, startArgument } from "./id_arguments.ts";
import { propagateClaim, propagateConsumer, propagateGroup } from "./propagate.ts";
import { announceDelivery, consumerOf, groupToChange, stream } from "./stream_lookup.ts";

/** Pending entries that XAUTOCLAIM returns where COUNT does not say, and how many it looks at for each of them. */
const COUNT_DEFAULT = 100;
const ATTEMPTS_FACTOR = 10;
/** The largest COUNT that XAUTOCLAIM takes. */
const COUNT_MAX = 576460752303423487;

/** The argument that is XCLAIM's first id. */
const FIRST_ID = 5;

const ids = new IdList();
const gone = new IdList();
const claimedIds = new IdList();
const lastId = new StreamId();
const start = new StreamId();
const id = new StreamId();

/** XCLAIM's options. */
class ClaimOptions {
  idleMin = 0;
  force = false;
  justId = false;
  /** Milliseconds since 1970, -1 = not given. */
  deliveredAt = -1;
  retryCount = -1;
}

const options = new ClaimOptions();

function xclaim(client: CommandClient, args: Arguments): void {
  const group = groupToChange(client, args, 1, 2);
  if (group === 0) return;
  const idleMin = numberArgument(client, args, 4, "min-idle-time");
  if (idleMin !== idleMin) return;
  options.idleMin = Math.max(idleMin, 0);
  const firstOption = parseIds(args);
  const now = client.server.keyspace.clock.ms;
  if (!parseOptions(client, args, firstOption, now)) return;
  const { groups } = stream;
  const { keyspace } = client.server;
  if (options.deliveredAt < 0 || options.deliveredAt > now) options.deliveredAt = now;
  requireRoom(client, ids.count);
  let moved = false;
  if (groups.compareToLast(group, lastId) > 0) {
    groups.setLastId(group, lastId);
    moved = true;
  }
  const isNew = beginClaims(client, args, group);
  const consumer = consumerOf(client, args, 1, group, 3);
  const before = keyspace.dirty;
  const { reply } = client;
  const mark = reply.beginArray();
  let claimed = 0;
  for (let index = 0; index < ids.count; index++) {
    if (claim(client, args, group, consumer, index, now)) claimed++;
  }
  if (isNew && claimed === 0) propagateConsumer(client, args, 1, 2, 3);
  if (moved && keyspace.dirty === before && client.server.propagation.active) {
    propagateGroup(client, args, 1, 2, group);
  }
  // Only the id moved.
  if (moved && keyspace.dirty === before) keyspace.dirty++;
  if (keyspace.dirty > before) announceDelivery(client, args, 1);
  reply.endArray(mark, claimed);
}

/** Only what is claimed is propagated. True where somebody listens and the consumer is still to be made. */
function beginClaims(client: CommandClient, args: Arguments, group: Ref): boolean {
  const { propagation } = client.server;
  if (!propagation.active) return false;
  propagation.nothing();
  return stream.groups.findConsumer(group, args.buffer, args.starts[3], args.ends[3]) === 0;
}

/** Claims the entry with one of the ids and replies it; false where it is not to be had. */
function claim(
  client: CommandClient,
  args: Arguments,
  group: Ref,
  consumer: Ref,
  index: number,
  now: number,
): boolean {
  const entry = ids.at(index);
  const idIndex = FIRST_ID + index;
  const { groups, entries } = stream;
  const { keyspace, propagation } = client.server;
  let pending = groups.findPending(group, entry);
  if (!entries.has(entry)) {
    // Deleted meanwhile: nobody needs to wait for it.
    if (pending !== 0) {
      // Who repeats the claim finds no entry either.
      if (propagation.active) propagateClaim(client, args, 1, 2, group, entry, idIndex, pending);
      groups.acknowledge(group, entry);
      keyspace.dirty++;
    }
    return false;
  }
  let deliveries = 0;
  if (pending !== 0) {
    if (options.idleMin > 0 && now - groups.deliveredAt(pending) < options.idleMin) return false;
    deliveries = groups.deliveries(pending);
    groups.giveTo(pending, consumer, entry);
  } else {
    if (!options.force) return false;
    groups.addPending(group, consumer, entry, now, 1);
    pending = groups.findPending(group, entry);
    deliveries = 1;
  }
  if (options.retryCount >= 0) deliveries = options.retryCount;
  else if (!options.justId) deliveries++;
  groups.setDelivered(pending, options.deliveredAt, deliveries);
  if (propagation.active) propagateClaim(client, args, 1, 2, group, entry, idIndex, pending);
  replyClaimed(client, consumer, entry, now);
  return true;
}

function replyClaimed(client: CommandClient, consumer: Ref, entry: StreamId, now: number): void {
  if (options.justId) replyId(client.reply, entry);
  else replyEntryOf(client.reply, entry);
  stream.groups.setActive(consumer, now);
  client.server.keyspace.dirty++;
}

/** Takes ids from argument FIRST_ID on as long as there are some; returns the index behind them. */
function parseIds(args: Arguments): number {
  ids.clear();
  let index = FIRST_ID;
  for (; index < args.count; index++) {
    if (!parseStrictId(args, index, id)) break;
    ids.add().copy(id);
  }
  return index;
}

/** False after an error reply. */
function parseOptions(client: CommandClient, args: Arguments, first: number, now: number): boolean {
  options.force = options.justId = false;
  options.deliveredAt = options.retryCount = -1;
  lastId.setMin();
  for (let index = first; index < args.count; index++) {
    const hasNext = index + 1 < args.count;
    if (args.is(index, "force")) options.force = true;
    else if (args.is(index, "justid")) options.justId = true;
    else if (args.is(index, "idle") && hasNext) {
      const idle = numberArgument(client, args, ++index, "IDLE option");
      if (idle !== idle) return false;
      options.deliveredAt = now - idle;
    } else if (args.is(index, "time") && hasNext) {
      options.deliveredAt = numberArgument(client, args, ++index, "TIME option");
      if (options.deliveredAt !== options.deliveredAt) return false;
    } else if (args.is(index, "retrycount") && hasNext) {
      options.retryCount = numberArgument(client, args, ++index, "RETRYCOUNT option");
      if (options.retryCount !== options.retryCount) return false;
    } else if (args.is(index, "lastid") && hasNext) {
      if (!idArgument(client, args, ++index, lastId)) return false;
    } else {
      client.reply.error(unrecognizedXclaimOption(args.latin1(index)));
      return false;
    }
  }
  return true;
}

/** A whole number of 64 bits; NaN after an error reply that names `what` and the command. */
function numberArgument(
  client: CommandClient,
  args: Arguments,
  index: number,
  what: string,
  command: "XCLAIM" | "XAUTOCLAIM" = "XCLAIM",
): number {
  const value = parseInt64(args.buffer, args.starts[index], args.ends[index]);
  if (value !== null) return Number(value);
  client.reply.error(invalidStreamOption(what, command));
  return NaN;
}

function xautoclaim(client: CommandClient, args: Arguments): void {
  const idleMin = numberArgument(client, args, 4, "min-idle-time", "XAUTOCLAIM");
  if (idleMin !== idleMin) return;
  if (!startArgument(client, args, 5, start)) return;
  const count = parseAutoOptions(client, args);
  if (count === 0) return;
  const group = groupToChange(client, args, 1, 2);
  if (group === 0) return;
  requireRoom(client, Math.min(count, stream.groups.pendingOfGroup(group).size));
  const isNew = beginClaims(client, args, group);
  const consumer = consumerOf(client, args, 1, group, 3);
  const before = client.server.keyspace.dirty;
  claimFrom(client, args, group, consumer, Math.max(idleMin, 0), count);
  if (client.server.keyspace.dirty > before) announceDelivery(client, args, 1);
  if (isNew && claimedIds.count === 0) propagateConsumer(client, args, 1, 2, 3);
}

/** COUNT, 0 after an error reply. */
function parseAutoOptions(client: CommandClient, args: Arguments): number {
  options.justId = false;
  let count = COUNT_DEFAULT;
  for (let index = 6; index < args.count; index++) {
    if (args.is(index, "count") && index + 1 < args.count) {
      const given = parseInt64(args.buffer, args.starts[index + 1], args.ends[index + 1]);
      count = given === null ? 0 : Number(given);
      if (!(count >= 1 && count <= COUNT_MAX)) {
        client.reply.error(XAUTOCLAIM_COUNT);
        return 0;
      }
      index++;
    } else if (args.is(index, "justid")) {
      options.justId = true;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return 0;
    }
  }
  return count;
}

function claimFrom(
  client: CommandClient,
  args: Arguments,
  group: Ref,
  consumer: Ref,
  idleMin: number,
  count: number,
): void {
  const { reply, server } = client;
  const isFed = server.propagation.active;
  const { groups, entries } = stream;
  const now = server.keyspace.clock.ms;
  let attempts = count * ATTEMPTS_FACTOR;
  let left = count;
  gone.clear();
  claimedIds.clear();
  const pending = groups.pendingOfGroup(group);
  let more = pending.seekAtLeast(start);
  while (more && attempts > 0 && left > 0) {
    attempts--;
    pending.readId(id);
    const entry = pending.value;
    if (!entries.has(id)) {
      gone.add().copy(id);
      if (isFed) propagateClaim(client, args, 1, 2, group, id, 0, entry);
      groups.acknowledge(group, id);
      server.keyspace.dirty++;
      left--;
      more = groups.pendingOfGroup(group).seekAtLeast(id);
      continue;
    }
    if (idleMin === 0 || now - groups.deliveredAt(entry) >= idleMin) {
      groups.giveTo(entry, consumer, id);
      groups.setDelivered(entry, now, groups.deliveries(entry) + (options.justId ? 0 : 1));
      if (isFed) propagateClaim(client, args, 1, 2, group, id, 0, entry);
      claimedIds.add().copy(id);
      left--;
    }
    more = pending.next();
  }
  reply.array(3);
  if (more) pending.readId(id);
  else id.setMin();
  replyId(reply, id);
  reply.array(claimedIds.count);
  for (let index = 0; index < claimedIds.count; index++) {
    replyClaimed(client, consumer, claimedIds.at(index), now);
  }
  reply.array(gone.count);
  for (let index = 0; index < gone.count; index++) replyId(reply, gone.at(index));
}

/** New places of pending entries: one in the consumer's tree, one in the group's, and the entry itself. */
const PENDING_BYTES = 64;

/** So many entries can change hands without the arena running full in the middle. */
function requireRoom(client: CommandClient, entries: number): void {
  client.server.keyspace.requireRoom(entries * PENDING_BYTES, Math.ceil(entries / 25) + 1);
}

export const claimCommands: CommandSpec[] = [
  {
    name: "xclaim",
    arity: -6,
    flags: ["write", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "update"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(log N) for each id, N being the number of pending entries",
    summary: "Gives pending entries of a group to a consumer.",
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "group", type: "string" },
      { name: "consumer", type: "string" },
      { name: "min_idle_time", type: "string" },
      { name: "id", type: "string", multiple: true },
      { name: "ms", type: "integer", token: "IDLE", optional: true },
      { name: "unix_time_milliseconds", type: "unix-time", token: "TIME", optional: true },
      { name: "count", type: "integer", token: "RETRYCOUNT", optional: true },
      { name: "force", type: "pure-token", token: "FORCE", optional: true },
      { name: "justid", type: "pure-token", token: "JUSTID", optional: true },
      { name: "lastid", type: "string", token: "LASTID", optional: true },
    ],
    handler: xclaim,
  },
  {
    name: "xautoclaim",
    arity: -6,
    flags: ["write", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "delete"),
    since: "6.2.0",
    group: "stream",
    complexity: "O(N) where N is COUNT",
    summary: "Gives pending entries that were idle for long to a consumer, a few at a time.",
    history: [["7.0.0", "The ids of entries that were deleted meanwhile are returned too."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "group", type: "string" },
      { name: "consumer", type: "string" },
      { name: "min_idle_time", type: "string" },
      { name: "start", type: "string" },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "justid", type: "pure-token", token: "JUSTID", optional: true },
    ],
    handler: xautoclaim,
  },
];
