// Fields that expire: HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT with NX, XX, GT, LT; HPERSIST; HTTL, HPTTL, HEXPIRETIME,
// HPEXPIRETIME. Replies, events and errors are those of Valkey 9.
import { type ArgumentDoc, type CommandSpec, type Handler, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import {
  allowsExpiry,
  expireConditionDoc,
  parseExpireConditions,
  propagateExpiry,
} from "../../core/commands/expire_conditions.ts";
import { expireArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NUMFIELDS, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { FIELD_STAYS } from "../../core/structures/field_table.ts";
import { fieldCount, findFieldsWord, isPast, requireRoomForExpiry } from "./field_arguments.ts";
import {
  announce,
  announceRemoval,
  hash,
  OPEN,
  openHash,
  openHashToChange,
  propagateFields,
  REFUSED,
} from "./hash_lookup.ts";

// What the replies say of a field.
const NO_FIELD = -2;
const NO_EXPIRY = -1;
const CONDITION_NOT_MET = 0;
const EXPIRY_SET = 1;
const DELETED = 2;

function expireFields(
  client: CommandClient,
  args: Arguments,
  unitMilliseconds: number,
  base: number,
  command: string,
): void {
  const word = findFieldsWord(args, 3);
  if (word < 0) {
    client.reply.error(NUMFIELDS);
    return;
  }
  const flags = parseExpireConditions(client, args, word);
  if (flags < 0) return;
  const count = fieldCount(client, args, word + 1, 1);
  if (count !== count) return;
  const at = expireArgument(client, args, 2, unitMilliseconds, base, command, 0);
  if (at !== at) return;
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  const { reply, server } = client;
  if (found !== OPEN) {
    reply.array(count);
    for (let index = 0; index < count; index++) reply.integer(NO_FIELD);
    return;
  }
  const deletes = isPast(client, at);
  if (!deletes) requireRoomForExpiry(client, args, word + 2);
  reply.array(count);
  let updated = 0;
  const { propagation } = server;
  const gone: number[] | null = propagation.active ? [] : null;
  let deleted = 0;
  for (let index = word + 2; index < args.count; index++) {
    const result = expireField(client, args, index, at, flags, deletes);
    if (result === EXPIRY_SET) updated++;
    else if (result === DELETED) {
      deleted++;
      if (gone !== null) gone.push(index);
    }
    reply.integer(result);
  }
  server.keyspace.stats.expiredFields += deleted;
  if (deleted > 0) announceRemoval(client, args, "hexpired", deleted + updated);
  else if (updated > 0) announce(client, args, "hexpire", updated);
  if (gone === null) return;
  if (deleted > 0) propagateFields(client, args, gone);
  else if (updated > 0 && command !== "hpexpireat") propagateExpiry(client, args, "HPEXPIREAT", at);
}

/** What became of the field at an argument, in the words of the reply. */
function expireField(
  client: CommandClient,
  args: Arguments,
  index: number,
  at: number,
  flags: number,
  deletes: boolean,
): number {
  const { buffer, starts, ends } = args;
  if (hash.size === 0 || !hash.find(buffer, starts[index], ends[index])) return NO_FIELD;
  if (flags !== 0 && !allowsExpiry(flags, hash.expireAt(), at)) return CONDITION_NOT_MET;
  if (deletes) {
    hash.delete(buffer, starts[index], ends[index]);
    return DELETED;
  }
  client.db.markFieldExpiry(hash.ref);
  hash.setExpiry(buffer, starts[index], ends[index], at);
  return EXPIRY_SET;
}

const hexpire: Handler = (client, args) =>
  expireFields(client, args, 1000, client.server.keyspace.clock.ms, "hexpire");
const hpexpire: Handler = (client, args) =>
  expireFields(client, args, 1, client.server.keyspace.clock.ms, "hpexpire");
const hexpireat: Handler = (client, args) => expireFields(client, args, 1000, 0, "hexpireat");
const hpexpireat: Handler = (client, args) => expireFields(client, args, 1, 0, "hpexpireat");

function hpersist(client: CommandClient, args: Arguments): void {
  const count = fieldCount(client, args, 3, 1);
  if (count !== count) return;
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  const { buffer, starts, ends } = args;
  client.reply.array(count);
  let changes = 0;
  for (let index = 4; index < args.count; index++) {
    if (found !== OPEN || !hash.find(buffer, starts[index], ends[index])) client.reply.integer(NO_FIELD);
    else if (hash.expireAt() === FIELD_STAYS) client.reply.integer(NO_EXPIRY);
    else {
      hash.setExpiry(buffer, starts[index], ends[index], FIELD_STAYS);
      changes++;
      client.reply.integer(EXPIRY_SET);
    }
  }
  if (changes > 0) announce(client, args, "hpersist", changes);
}

function replyTimes(client: CommandClient, args: Arguments, unitMilliseconds: number, base: number): void {
  const count = fieldCount(client, args, 3, 1, SYNTAX_ERROR);
  if (count !== count) return;
  const found = openHash(client, args);
  if (found === REFUSED) return;
  const { reply } = client;
  const { buffer, starts, ends } = args;
  reply.array(count);
  for (let index = 4; index < args.count; index++) {
    if (found !== OPEN || !hash.find(buffer, starts[index], ends[index])) {
      reply.integer(NO_FIELD);
      continue;
    }
    const at = hash.expireAt();
    if (at === FIELD_STAYS) reply.integer(NO_EXPIRY);
    else reply.integer(Math.floor((Math.max(0, at - base) + unitMilliseconds / 2) / unitMilliseconds));
  }
}

const httl: Handler = (client, args) => replyTimes(client, args, 1000, client.server.keyspace.clock.ms);
const hpttl: Handler = (client, args) => replyTimes(client, args, 1, client.server.keyspace.clock.ms);
const hexpiretime: Handler = (client, args) => replyTimes(client, args, 1000, 0);
const hpexpiretime: Handler = (client, args) => replyTimes(client, args, 1, 0);

const COMPLEXITY = "O(N) where N is the number of fields given";

/** The word FIELDS, a number and so many fields. */
export const FIELDS_DOC: ArgumentDoc = {
  name: "fields",
  type: "block",
  token: "FIELDS",
  arguments: [
    { name: "numfields", type: "integer" },
    { name: "field", type: "string", multiple: true },
  ],
};

function expireSpec(name: string, summary: string, time: ArgumentDoc, handler: Handler): CommandSpec {
  return {
    name,
    arity: -6,
    flags: ["write", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "update"),
    since: "9.0.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary,
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      time,
      expireConditionDoc,
      FIELDS_DOC,
    ],
    handler,
  };
}

function timeSpec(name: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: -5,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "9.0.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary,
    tips: name.endsWith("ttl") ? ["nondeterministic_output"] : undefined,
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, FIELDS_DOC],
    handler,
  };
}

export const expireCommands: CommandSpec[] = [
  expireSpec("hexpire", "Sets how many seconds fields of a hash live on.", {
    name: "seconds",
    type: "integer",
  }, hexpire),
  expireSpec("hpexpire", "Sets how many milliseconds fields of a hash live on.", {
    name: "milliseconds",
    type: "integer",
  }, hpexpire),
  expireSpec("hexpireat", "Sets the Unix time in seconds at which fields of a hash expire.", {
    name: "unix-time-seconds",
    type: "unix-time",
  }, hexpireat),
  expireSpec("hpexpireat", "Sets the Unix time in milliseconds at which fields of a hash expire.", {
    name: "unix-time-milliseconds",
    type: "unix-time",
  }, hpexpireat),
  timeSpec("httl", "Tells how many seconds fields of a hash still live.", httl),
  timeSpec("hpttl", "Tells how many milliseconds fields of a hash still live.", hpttl),
  timeSpec("hexpiretime", "Tells the Unix time in seconds at which fields of a hash expire.", hexpiretime),
  timeSpec(
    "hpexpiretime",
    "Tells the Unix time in milliseconds at which fields of a hash expire.",
    hpexpiretime,
  ),
  {
    name: "hpersist",
    arity: -5,
    flags: ["write", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "update"),
    since: "9.0.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary: "Takes the expiry of fields of a hash away.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, FIELDS_DOC],
    handler: hpersist,
  },
];
