// What several sets have in common: SINTER, SINTERSTORE, SINTERCARD. The smallest set is walked, the others are asked.
import { type CommandSpec, countedKeys, manyKeys } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { leastArgument } from "../../core/commands/number_arguments.ts";
import type { SetValue } from "../../core/keyspace/set_value.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  LIMIT_NEGATIVE,
  NUMKEYS_NOT_POSITIVE,
  SYNTAX_ERROR,
  TOO_MANY_KEYS,
} from "../../core/protocol/errors.ts";
import { absent, bySize, openOperands, operands, result, storeKeys, storeResult } from "./operands.ts";

function sinter(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 1, args.count - 1)) return;
  const { reply } = client;
  if (absent.count > 0) {
    reply.set(0);
    return;
  }
  const smallest = walkSmallest();
  const mark = reply.beginArray();
  let count = 0;
  while (nextCommon(smallest)) {
    reply.bulk(smallest.bytes, smallest.start, smallest.end);
    count++;
  }
  reply.endSet(mark, count);
}

function sinterstore(client: CommandClient, args: Arguments): void {
  if (!openOperands(client, args, 2, args.count - 1)) return;
  const { keyspace, config } = client.server;
  result.create(keyspace, config.values);
  if (absent.count === 0) {
    try {
      const smallest = walkSmallest();
      while (nextCommon(smallest)) result.addMemberOf(smallest);
    } catch (error) {
      result.discard();
      throw error;
    }
  }
  storeResult(client, args, "sinterstore");
}

function sintercard(client: CommandClient, args: Arguments): void {
  const keys = leastArgument(client, args, 1, 1, NUMKEYS_NOT_POSITIVE);
  if (keys !== keys) return;
  if (keys > args.count - 2) {
    client.reply.error(TOO_MANY_KEYS);
    return;
  }
  let limit = 0;
  for (let index = 2 + keys; index < args.count; index++) {
    if (!args.is(index, "limit") || index + 1 === args.count) {
      client.reply.error(SYNTAX_ERROR);
      return;
    }
    limit = leastArgument(client, args, ++index, 0, LIMIT_NEGATIVE);
    if (limit !== limit) return;
  }
  if (!openOperands(client, args, 2, 1 + keys)) return;
  let count = 0;
  if (absent.count === 0) {
    const smallest = walkSmallest();
    while ((limit === 0 || count < limit) && nextCommon(smallest)) count++;
  }
  client.reply.integer(count);
}

/** Puts the operands in order of size and begins to walk the first. */
function walkSmallest(): SetValue {
  operands.sort(bySize);
  operands[0].walk();
  return operands[0];
}

/** Reads the next member of the walk that all operands have; false where there is no more. */
function nextCommon(smallest: SetValue): boolean {
  while (smallest.next()) {
    smallest.readMember();
    if (allHave(smallest)) return true;
  }
  return false;
}

function allHave(smallest: SetValue): boolean {
  for (let index = 1; index < operands.length; index++) {
    if (!operands[index].hasMemberOf(smallest)) return false;
  }
  return true;
}

export const intersectionCommands: CommandSpec[] = [
  {
    name: "sinter",
    arity: -2,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: manyKeys(1, "RO", "access"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N*M) at worst where N is the size of the smallest set and M the number of sets",
    summary: "Gives the members that all of several sets have.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: sinter,
  },
  {
    name: "sintercard",
    arity: -3,
    flags: ["readonly", "movablekeys"],
    categories: ["set"],
    keySpecs: [countedKeys(1, "RO", "access")],
    since: "7.0.0",
    group: "set",
    complexity: "O(N*M) at worst where N is the size of the smallest set and M the number of sets",
    summary: "Counts the members that all of several sets have, up to a limit.",
    arguments: [
      { name: "numkeys", type: "integer" },
      { name: "key", type: "key", keySpecIndex: 0, multiple: true },
      { name: "limit", type: "integer", token: "LIMIT", optional: true },
    ],
    handler: sintercard,
  },
  {
    name: "sinterstore",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["set"],
    keySpecs: storeKeys("RW"),
    since: "1.0.0",
    group: "set",
    complexity: "O(N*M) at worst where N is the size of the smallest set and M the number of sets",
    summary: "Stores the members that all of several sets have under a key.",
    arguments: [
      { name: "destination", type: "key", keySpecIndex: 0 },
      { name: "key", type: "key", keySpecIndex: 1, multiple: true },
    ],
    handler: sinterstore,
  },
];
