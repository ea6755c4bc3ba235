// Commands that add, remove and move members: SADD, SREM, SMOVE. SADD is hot: it allocates nothing on the JavaScript heap.
import { type CommandSpec, keyAt, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  ABSENT,
  announce,
  announceGone,
  OPEN,
  openAs,
  openSetToChange,
  REFUSED,
  set,
  target,
} from "./set_lookup.ts";

function sadd(client: CommandClient, args: Arguments): void {
  const found = openSetToChange(client, args);
  if (found === REFUSED) return;
  const members = args.count - 2;
  let added: number;
  if (found === OPEN) {
    if (members > 1) {
      // A packed set that grows or becomes another encoding is there twice for a moment.
      const bytes = args.totalBytes() + 2 * set.packedBytes;
      client.server.keyspace.requireRoom(bytes, members + (set.isPacked ? set.size : 0));
    }
    set.expect(members);
    added = addMembers(args);
  } else {
    added = createWithMembers(client, args);
  }
  if (added > 0) announce(client, args, 1, "sadd", added);
  client.reply.integer(added);
}

function createWithMembers(client: CommandClient, args: Arguments): number {
  const { keyspace, config } = client.server;
  const bytes = args.totalBytes() - args.length(0) - args.length(1);
  const members = args.count - 2;
  set.createFor(keyspace, config.values, args.buffer, args.starts[2], args.ends[2], members, bytes);
  try {
    const added = addMembers(args);
    set.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
    return added;
  } catch (error) {
    set.discard();
    throw error;
  }
}

function addMembers(args: Arguments): number {
  const { buffer, starts, ends, count } = args;
  let added = 0;
  for (let index = 2; index < count; index++) {
    if (set.add(buffer, starts[index], ends[index])) added++;
  }
  return added;
}

function srem(client: CommandClient, args: Arguments): void {
  const found = openSetToChange(client, args);
  if (found === REFUSED) return;
  let removed = 0;
  if (found !== ABSENT) {
    for (let index = 2; index < args.count && set.size > 0; index++) {
      if (set.delete(args.buffer, args.starts[index], args.ends[index])) removed++;
    }
  }
  if (removed > 0) {
    const isEmpty = set.size === 0;
    if (isEmpty) client.db.removeEntry(set.ref);
    announce(client, args, 1, "srem", removed);
    if (isEmpty) announceGone(client, args, 1);
  }
  client.reply.integer(removed);
}

function smove(client: CommandClient, args: Arguments): void {
  const { db, reply } = client;
  const { buffer, starts, ends } = args;
  const from = db.lookupWrite(buffer, starts[1], ends[1]);
  const to = db.lookupWrite(buffer, starts[2], ends[2]);
  if (from === 0) {
    reply.integer(0);
    return;
  }
  if (openAs(client, from, set) === REFUSED) return;
  const found = openAs(client, to, target);
  if (found === REFUSED) return;
  const start = starts[3];
  const end = ends[3];
  if (from === to || !set.has(buffer, start, end)) {
    reply.integer(from === to && set.has(buffer, start, end) ? 1 : 0);
    return;
  }
  // What may fail for want of memory comes first.
  const added = found === OPEN ? target.add(buffer, start, end) : createTarget(client, args);
  set.delete(buffer, start, end);
  const isEmpty = set.size === 0;
  if (isEmpty) db.removeEntry(set.ref);
  announce(client, args, 1, "srem", 1);
  if (isEmpty) announceGone(client, args, 1);
  if (added) announce(client, args, 2, "sadd", 1);
  reply.integer(1);
}

function createTarget(client: CommandClient, args: Arguments): true {
  const { keyspace, config } = client.server;
  const { buffer, starts, ends } = args;
  target.createFor(keyspace, config.values, buffer, starts[3], ends[3], 1, args.length(3));
  try {
    target.add(buffer, starts[3], ends[3]);
    target.addTo(client.db, buffer, starts[2], ends[2]);
  } catch (error) {
    target.discard();
    throw error;
  }
  return true;
}

export const writeCommands: CommandSpec[] = [
  {
    name: "sadd",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RW", "insert"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members given",
    summary: "Adds members to a set, which is made where the key is absent.",
    history: [["2.4.0", "Several members in one command."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string", multiple: true },
    ],
    handler: sadd,
  },
  {
    name: "srem",
    arity: -3,
    flags: ["write", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RW", "delete"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members given",
    summary: "Removes members from a set; with its last member the set goes too.",
    history: [["2.4.0", "Several members in one command."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string", multiple: true },
    ],
    handler: srem,
  },
  {
    name: "smove",
    arity: 4,
    flags: ["write", "fast"],
    categories: ["set"],
    keySpecs: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Takes a member out of one set and puts it into another.",
    arguments: [
      { name: "source", type: "key", keySpecIndex: 0 },
      { name: "destination", type: "key", keySpecIndex: 1 },
      { name: "member", type: "string" },
    ],
    handler: smove,
  },
];
