// Fields and their expiry in one step: HSETEX, HGETEX, HGETDEL. Replies, events and errors are those of Valkey 9.
import { type ArgumentDoc, type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { KEEP_FIELD_EXPIRY } from "../../core/keyspace/hash_value.ts";
import { expireArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NUMFIELDS, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { FIELD_STAYS } from "../../core/structures/field_table.ts";
import { FIELDS_DOC } from "./expire_commands.ts";
import {
  fieldCount,
  findFieldsWord,
  isPast,
  replyFieldOfOpen,
  requireRoomForExpiry,
} from "./field_arguments.ts";
import {
  isParsedTimeRelative,
  OPTION_FNX,
  OPTION_FXX,
  OPTION_KEEPTTL,
  OPTION_NX,
  OPTION_PERSIST,
  OPTION_PXAT,
  OPTION_XX,
  OPTIONS_EXPIRE,
  parsed,
  parsedUnitMilliseconds,
  parseGetOptions,
  parseSetOptions,
} from "./field_options.ts";
import {
  ABSENT,
  announce,
  announceRemoval,
  hash,
  OPEN,
  openHash,
  openHashToChange,
  propagateFields,
  REFUSED,
} from "./hash_lookup.ts";

/** What an expiry may add to a field beside its own bytes, its place in the order included. */
const EXPIRY_BYTES = 32;

function hsetex(client: CommandClient, args: Arguments): void {
  const word = findFieldsWord(args, 2);
  if (word < 0) {
    client.reply.error(NUMFIELDS);
    return;
  }
  if (!parseSetOptions(args, word)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const count = fieldCount(client, args, word + 1, 2);
  if (count !== count) return;
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  const { options } = parsed;
  const isWrongKey = (options & (found === OPEN ? OPTION_NX : OPTION_XX)) !== 0;
  if (isWrongKey) {
    client.reply.integer(0);
    return;
  }
  let at = (options & OPTION_KEEPTTL) !== 0 ? KEEP_FIELD_EXPIRY : FIELD_STAYS;
  if ((options & OPTIONS_EXPIRE) !== 0) {
    at = timeArgument(client, args, "hsetex");
    if (at !== at) return;
  }
  const first = word + 2;
  if (!meetsFieldCondition(args, first, found, options)) {
    client.reply.integer(0);
    return;
  }
  if (at >= 0 && isPast(client, at)) deletePairs(client, args, first, count, found);
  else {
    const expired = at === KEEP_FIELD_EXPIRY && client.server.propagation.active && found === OPEN
      ? expiredAmong(args, first)
      : null;
    if (found === ABSENT) createWithPairs(client, args, first, count, at);
    else setPairs(client, args, first, count, at);
    announce(client, args, "hset", count);
    if (at >= 0) notify(client, args, "hexpire");
    if (client.server.propagation.active) propagateSet(client, args, first, at, expired);
  }
  client.reply.integer(1);
}

/** The arguments that name fields which are there but have expired. */
function expiredAmong(args: Arguments, first: number): number[] {
  const { buffer, starts, ends } = args;
  const expired: number[] = [];
  for (let index = first; index < args.count; index += 2) {
    if (hash.isExpired(buffer, starts[index], ends[index])) expired.push(index);
  }
  return expired;
}

/**
 * HSETEX without the conditions that were met, and with the point in time that it meant. Who repeats it does not know
 * that a field had expired: it is deleted first, lest it keeps its time.
 */
function propagateSet(
  client: CommandClient,
  args: Arguments,
  first: number,
  at: number,
  expired: number[] | null,
): void {
  const { propagation } = client.server;
  if (expired !== null && expired.length > 0) {
    propagation.also("HDEL", 2 + expired.length).argument(args, 1);
    for (const index of expired) propagation.argument(args, index);
  }
  const { options } = parsed;
  const relative = (options & OPTIONS_EXPIRE & ~OPTION_PXAT) !== 0;
  if (!relative && (options & (OPTION_FNX | OPTION_FXX)) === 0) return;
  let conditions = 0;
  for (let index = 2; index < first; index++) if (isFieldCondition(args, index)) conditions++;
  propagation.instead("HSETEX", args.count - conditions);
  for (let index = 1; index < args.count; index++) {
    if (index > 1 && index < first && isFieldCondition(args, index)) continue;
    if (relative && index + 1 === parsed.expireIndex) propagation.word("PXAT").number(at);
    else if (!relative || index !== parsed.expireIndex) propagation.argument(args, index);
  }
}

function isFieldCondition(args: Arguments, index: number): boolean {
  return args.is(index, "fnx") || args.is(index, "fxx");
}

/** The parsed time, or NaN after the error reply. */
function timeArgument(client: CommandClient, args: Arguments, command: string): number {
  const base = isParsedTimeRelative() ? client.server.keyspace.clock.ms : 0;
  return expireArgument(client, args, parsed.expireIndex, parsedUnitMilliseconds(), base, command, 0);
}

/** FNX: the hash must have none of the fields; FXX: it must have all. */
function meetsFieldCondition(args: Arguments, first: number, found: number, options: number): boolean {
  if ((options & (OPTION_FNX | OPTION_FXX)) === 0) return true;
  const wanted = (options & OPTION_FXX) !== 0;
  if (found === ABSENT) return !wanted;
  for (let index = first; index < args.count; index += 2) {
    if (hash.find(args.buffer, args.starts[index], args.ends[index]) !== wanted) return false;
  }
  return true;
}

function setPairs(client: CommandClient, args: Arguments, first: number, count: number, at: number): void {
  const bytes = args.totalBytes() + 2 * hash.packedBytes + count * EXPIRY_BYTES;
  client.server.keyspace.requireRoom(bytes, count + 1 + (hash.isPacked ? hash.size : 0));
  if (at >= 0) client.db.markFieldExpiry(hash.ref);
  hash.expectPairs(count);
  putPairs(args, first, at);
}

function createWithPairs(
  client: CommandClient,
  args: Arguments,
  first: number,
  count: number,
  at: number,
): void {
  const { keyspace, config } = client.server;
  hash.create(keyspace, config.values, count, args.totalBytes());
  try {
    putPairs(args, first, at);
    hash.fit();
    hash.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
  } catch (error) {
    hash.discard();
    throw error;
  }
}

function putPairs(args: Arguments, first: number, at: number): void {
  const { buffer, starts, ends } = args;
  for (let index = first; index < args.count; index += 2) {
    const value = index + 1;
    hash.setExpiring(buffer, starts[index], ends[index], buffer, starts[value], ends[value], at);
  }
}

/** With a time in the past the fields are not set but deleted, as if they had been set and had expired. */
function deletePairs(
  client: CommandClient,
  args: Arguments,
  first: number,
  count: number,
  found: number,
): void {
  const { buffer, starts, ends } = args;
  const { keyspace } = client.server;
  const gone: number[] = [];
  if (found === OPEN) {
    for (let index = first; index < args.count && hash.size > 0; index += 2) {
      if (hash.deleteEvenExpired(buffer, starts[index], ends[index])) gone.push(index);
    }
  }
  const deleted = gone.length;
  keyspace.stats.expiredFields += count;
  notify(client, args, "hset");
  notify(client, args, "hexpire");
  if (deleted > 0) {
    announceRemoval(client, args, "hexpired", deleted);
    if (client.server.propagation.active) propagateFields(client, args, gone);
  } else {
    notify(client, args, "hexpired");
    if (found === ABSENT) keyspace.notify(client.db.id, "generic", "del", buffer, starts[1], ends[1]);
  }
}

function notify(client: CommandClient, args: Arguments, event: string): void {
  const { buffer, starts, ends } = args;
  client.server.keyspace.notify(client.db.id, "hash", event, buffer, starts[1], ends[1]);
}

function hgetex(client: CommandClient, args: Arguments): void {
  const word = findFieldsWord(args, 2);
  if (word < 0) {
    client.reply.error(NUMFIELDS);
    return;
  }
  if (!parseGetOptions(args, word)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const count = fieldCount(client, args, word + 1, 1);
  if (count !== count) return;
  const { options } = parsed;
  const found = options === 0 ? openHash(client, args) : openHashToChange(client, args);
  if (found === REFUSED) return;
  let at = FIELD_STAYS;
  if ((options & OPTIONS_EXPIRE) !== 0) {
    at = timeArgument(client, args, "hgetex");
    if (at !== at) return;
  }
  const first = word + 2;
  if (found === OPEN && at >= 0 && !isPast(client, at)) requireRoomForExpiry(client, args, first);
  client.reply.array(count);
  if (found === ABSENT) {
    for (let index = 0; index < count; index++) client.reply.null();
  } else if (at >= 0) getAndExpire(client, args, first, at);
  else if ((options & OPTION_PERSIST) !== 0) getAndPersist(client, args, first);
  else for (let index = first; index < args.count; index++) replyFieldOfOpen(client, args, index);
}

function getAndExpire(client: CommandClient, args: Arguments, first: number, at: number): void {
  const { buffer, starts, ends } = args;
  const deletes = isPast(client, at);
  const { propagation } = client.server;
  const changed: number[] | null = propagation.active ? [] : null;
  let changes = 0;
  for (let index = first; index < args.count; index++) {
    if (!replyFieldOfOpen(client, args, index)) continue;
    changes++;
    if (changed !== null) changed.push(index);
    if (deletes) hash.delete(buffer, starts[index], ends[index]);
    else {
      client.db.markFieldExpiry(hash.ref);
      hash.setExpiry(buffer, starts[index], ends[index], at);
    }
  }
  if (changes === 0) return;
  if (!deletes) announce(client, args, "hexpire", changes);
  else {
    client.server.keyspace.stats.expiredFields += changes;
    announceRemoval(client, args, "hexpired", changes);
  }
  if (changed === null) return;
  if (deletes) {
    propagateFields(client, args, changed);
    return;
  }
  propagation.instead("HPEXPIREAT", 5 + changes).argument(args, 1).number(at).word("FIELDS").number(changes);
  for (const index of changed) propagation.argument(args, index);
}

function getAndPersist(client: CommandClient, args: Arguments, first: number): void {
  const { buffer, starts, ends } = args;
  const { propagation } = client.server;
  const changed: number[] | null = propagation.active ? [] : null;
  let changes = 0;
  for (let index = first; index < args.count; index++) {
    if (!replyFieldOfOpen(client, args, index) || hash.expireAt() === FIELD_STAYS) continue;
    hash.setExpiry(buffer, starts[index], ends[index], FIELD_STAYS);
    changes++;
    if (changed !== null) changed.push(index);
  }
  if (changes === 0) return;
  announce(client, args, "hpersist", changes);
  if (changed === null) return;
  propagation.instead("HPERSIST", 4 + changes).argument(args, 1).word("FIELDS").number(changes);
  for (const index of changed) propagation.argument(args, index);
}

function hgetdel(client: CommandClient, args: Arguments): void {
  const count = fieldCount(client, args, 3, 1);
  if (count !== count) return;
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  client.reply.array(count);
  const gone: number[] | null = client.server.propagation.active ? [] : null;
  let deleted = 0;
  for (let index = 4; index < args.count; index++) {
    if (found === ABSENT) client.reply.null();
    else if (replyFieldOfOpen(client, args, index)) {
      hash.delete(args.buffer, args.starts[index], args.ends[index]);
      deleted++;
      if (gone !== null) gone.push(index);
    }
  }
  if (deleted === 0) return;
  announceRemoval(client, args, "hdel", deleted);
  if (gone !== null) propagateFields(client, args, gone);
}

const TIME_DOCS: ArgumentDoc[] = [
  { name: "seconds", type: "integer", token: "EX" },
  { name: "milliseconds", type: "integer", token: "PX" },
  { name: "unix-time-seconds", type: "unix-time", token: "EXAT" },
  { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT" },
];

const KEY_DOC: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
const COMPLEXITY = "O(N) where N is the number of fields given";

export const getSetExpireCommands: CommandSpec[] = [
  {
    name: "hsetex",
    arity: -6,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "insert"),
    since: "9.0.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary: "Sets fields of a hash, on condition and with an expiry where asked.",
    history: [["9.1.0", "NX and XX."]],
    arguments: [
      KEY_DOC,
      {
        name: "key-condition",
        type: "oneof",
        optional: true,
        since: "9.1.0",
        arguments: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
        ],
      },
      {
        name: "fields-condition",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "fnx", type: "pure-token", token: "FNX" },
          { name: "fxx", type: "pure-token", token: "FXX" },
        ],
      },
      {
        name: "expiration",
        type: "oneof",
        optional: true,
        arguments: [...TIME_DOCS, { name: "keepttl", type: "pure-token", token: "KEEPTTL" }],
      },
      {
        name: "fields",
        type: "block",
        token: "FIELDS",
        arguments: [
          { name: "numfields", type: "integer" },
          {
            name: "data",
            type: "block",
            multiple: true,
            arguments: [{ name: "field", type: "string" }, { name: "value", type: "string" }],
          },
        ],
      },
    ],
    handler: hsetex,
  },
  {
    name: "hgetex",
    arity: -5,
    flags: ["write", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "access"),
    since: "9.0.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary: "Gives the values of fields of a hash, and sets their expiry or takes it away where asked.",
    arguments: [
      KEY_DOC,
      {
        name: "expiration",
        type: "oneof",
        optional: true,
        arguments: [...TIME_DOCS, { name: "persist", type: "pure-token", token: "PERSIST" }],
      },
      FIELDS_DOC,
    ],
    handler: hgetex,
  },
  {
    name: "hgetdel",
    arity: -5,
    flags: ["write", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "9.1.0",
    group: "hash",
    complexity: COMPLEXITY,
    summary: "Gives the values of fields of a hash and deletes them; with its last field the hash goes too.",
    arguments: [KEY_DOC, FIELDS_DOC],
    handler: hgetdel,
  },
];
