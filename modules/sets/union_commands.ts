// All members of several sets: SUNION, SUNIONSTORE. And those of the first that no other has: SDIFF, SDIFFSTORE, by
// whichever of two ways asks fewer questions.
import { type CommandSpec, manyKeys } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { SetValue } from "../../core/keyspace/set_value.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  absent,
  bySize,
  openOperands,
  operands,
  replyResult,
  result,
  storeKeys,
  storeResult,
} from "./operands.ts";

function sunion(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 1, args.count - 1)) return;
  createToReply(client);
  fill(unite);
  replyResult(client);
}

function sunionstore(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 2, args.count - 1)) return;
  result.create(client.server.keyspace, client.server.config.values);
  fill(unite);
  storeResult(client, args, "sunionstore");
}

function sdiff(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 1, args.count - 1)) return;
  const { reply } = client;
  if (absent.first) {
    reply.set(0);
    return;
  }
  if (isSubtractionDearer()) {
    const first = walkFirst();
    const mark = reply.beginArray();
    let count = 0;
    while (nextUnshared(first)) {
      reply.bulk(first.bytes, first.start, first.end);
      count++;
    }
    reply.endSet(mark, count);
  } else {
    createToReply(client);
    fill(subtract);
    replyResult(client);
  }
}

function sdiffstore(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 2, args.count - 1)) return;
  result.create(client.server.keyspace, client.server.config.values);
  if (!absent.first) fill(isSubtractionDearer() ? addUnshared : subtract);
  storeResult(client, args, "sdiffstore");
}

/** An empty result of which only members are asked: a table at once where the operands are big. */
function createToReply(client: CommandClient): void {
  let members = 0;
  for (const operand of operands) members = Math.max(members, operand.size);
  result.create(client.server.keyspace, client.server.config.values, members);
}

/** Runs what fills the result, which is freed where memory does not suffice. */
function fill(combine: () => void): void {
  try {
    combine();
  } catch (error) {
    result.discard();
    throw error;
  }
}

function unite(): void {
  for (let index = 0; index < operands.length; index++) addAll(operands[index]);
}

function addAll(operand: SetValue): void {
  operand.walk();
  while (operand.next()) {
    operand.readMember();
    result.addMemberOf(operand);
  }
}

/**
 * Whether to look every member of the first set up in the others (they may end the search early, so it counts half),
 * rather than to copy the first set and remove the members of the others from it.
 */
function isSubtractionDearer(): boolean {
  let members = 0;
  for (const operand of operands) members += operand.size;
  return operands[0].size * operands.length / 2 <= members;
}

/** Puts the others in order, the largest first because it is the likeliest to have a member, and walks the first. */
function walkFirst(): SetValue {
  const [first, ...others] = operands;
  others.sort(bySize).reverse();
  for (let index = 0; index < others.length; index++) operands[index + 1] = others[index];
  first.walk();
  return first;
}

/** Reads the next member of the first set that no other has; false where there is no more. */
function nextUnshared(first: SetValue): boolean {
  while (first.next()) {
    first.readMember();
    if (!isShared(first)) return true;
  }
  return false;
}

function isShared(first: SetValue): boolean {
  for (let index = 1; index < operands.length; index++) {
    if (operands[index].hasMemberOf(first)) return true;
  }
  return false;
}

function addUnshared(): void {
  const first = walkFirst();
  while (nextUnshared(first)) result.addMemberOf(first);
}

function subtract(): void {
  addAll(operands[0]);
  for (let index = 1; index < operands.length && result.size > 0; index++) {
    const operand = operands[index];
    operand.walk();
    while (operand.next()) {
      operand.readMember();
      result.delete(operand.bytes, operand.start, operand.end);
    }
  }
}

export const unionCommands: CommandSpec[] = [
  {
    name: "sunion",
    arity: -2,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: manyKeys(1, "RO", "access"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members in all sets together",
    summary: "Gives the members that any of several sets has.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: sunion,
  },
  {
    name: "sunionstore",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["set"],
    keySpecs: storeKeys("OW"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members in all sets together",
    summary: "Stores the members that any of several sets has under a key.",
    arguments: [
      { name: "destination", type: "key", keySpecIndex: 0 },
      { name: "key", type: "key", keySpecIndex: 1, multiple: true },
    ],
    handler: sunionstore,
  },
  {
    name: "sdiff",
    arity: -2,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: manyKeys(1, "RO", "access"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members in all sets together",
    summary: "Gives the members of the first set that no other set has.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: sdiff,
  },
  {
    name: "sdiffstore",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["set"],
    keySpecs: storeKeys("OW"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members in all sets together",
    summary: "Stores the members of the first set that no other set has under a key.",
    arguments: [
      { name: "destination", type: "key", keySpecIndex: 0 },
      { name: "key", type: "key", keySpecIndex: 1, multiple: true },
    ],
    handler: sdiffstore,
  },
];
