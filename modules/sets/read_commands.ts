// Commands that read one set: SISMEMBER, SMISMEMBER, SCARD, SMEMBERS. SISMEMBER is hot: it allocates nothing.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ABSENT, OPEN, openSet, REFUSED, set } from "./set_lookup.ts";

function sismember(client: CommandClient, args: Arguments): void {
  const found = openSet(client, args);
  if (found !== REFUSED) client.reply.integer(isMember(args, 2, found));
}

function smismember(client: CommandClient, args: Arguments): void {
  const found = openSet(client, args);
  if (found === REFUSED) return;
  client.reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) client.reply.integer(isMember(args, index, found));
}

function isMember(args: Arguments, index: number, found: number): number {
  return found === OPEN && set.has(args.buffer, args.starts[index], args.ends[index]) ? 1 : 0;
}

function scard(client: CommandClient, args: Arguments): void {
  const found = openSet(client, args);
  if (found !== REFUSED) client.reply.integer(found === ABSENT ? 0 : set.size);
}

function smembers(client: CommandClient, args: Arguments): void {
  const found = openSet(client, args);
  if (found === REFUSED) return;
  const { reply } = client;
  reply.set(found === ABSENT ? 0 : set.size);
  if (found === ABSENT) return;
  set.walk();
  while (set.next()) {
    set.readMember();
    reply.bulk(set.bytes, set.start, set.end);
  }
}

export const readCommands: CommandSpec[] = [
  {
    name: "sismember",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RO"),
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Tells whether a set has a member.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string" },
    ],
    handler: sismember,
  },
  {
    name: "smismember",
    arity: -3,
    flags: ["readonly", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "set",
    complexity: "O(N) where N is the number of members asked for",
    summary: "Tells of several members whether a set has them.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string", multiple: true },
    ],
    handler: smismember,
  },
  {
    name: "scard",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["set"],
    keySpecs: oneKey("RO"),
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Counts the members of a set.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: scard,
  },
  {
    name: "smembers",
    arity: 2,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members",
    summary: "Gives all members of a set.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: smembers,
  },
];
