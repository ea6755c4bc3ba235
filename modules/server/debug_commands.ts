// DEBUG: levers for tests and for looking inside. Off unless `enable-debug-command` allows it.
import { matchGlob } from "../../core/bytes/glob.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandSpec, Handler } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { replyHelp } from "../../core/commands/help.ts";
import { lruIdleSeconds } from "../../core/keyspace/access.ts";
import { datasetDigest, valueDigest } from "../../core/keyspace/digest.ts";
import {
  ENCODING_HASHTABLE,
  ENCODING_LISTPACK,
  ENCODING_SKIPLIST,
  TYPE_LIST,
  WORD_ACCESS,
} from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import { encodingName } from "../../core/keyspace/value_names.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  DEBUG_NOT_ALLOWED,
  MUST_BE_POSITIVE,
  NO_SUCH_KEY,
  NOT_AN_INTEGER,
  subcommandSyntax,
} from "../../core/protocol/errors.ts";
import type { HashTableStats } from "../../core/structures/hashtable.ts";
import { ROOT_TABLE } from "../../core/structures/ordered_index_layout.ts";
import {
  enforceReplyList,
  killSave,
  pauseReplyBlocking,
  resumeReplyBlocking,
  slowLogWrites,
} from "./debug_durability_actions.ts";
import { listpackBytesOfList, quicklistFields, quicklistPackedThreshold } from "./debug_list_actions.ts";

const encoder = new TextEncoder();

/** The number that a text begins with, 0 where it begins with none: what C's strtod makes of it. */
function leadingNumber(text: string): number {
  const number = parseFloat(text);
  return Number.isNaN(number) ? 0 : number;
}

function sleep(client: CommandClient, args: Arguments): void {
  const seconds = leadingNumber(args.latin1(2));
  // The point of DEBUG SLEEP is that the whole server stands still.
  const word = new Int32Array(new SharedArrayBuffer(4));
  if (seconds > 0) Atomics.wait(word, 0, 0, seconds * 1000);
  client.server.keyspace.clock.update();
  client.reply.ok();
}

function object(client: CommandClient, args: Arguments): void {
  const { keyspace } = client.server;
  const ref = client.db.keys.find(args.buffer, args.starts[2], args.ends[2]);
  if (ref === 0) {
    client.reply.error(NO_SUCH_KEY);
    return;
  }
  const { entries } = keyspace;
  const access = keyspace.arena.u32[ref * 4 + WORD_ACCESS];
  const serialized = client.server.dumps.serializedLength(ref);
  client.reply.simple(
    `Value at:0x${(ref * 16).toString(16)} refcount:1 encoding:${encodingName(entries.encoding(ref))} ` +
      `serializedlength:${serialized} lru:${access} ` +
      `lru_seconds_idle:${lruIdleSeconds(access, keyspace.clock.lruSeconds)}${
        quicklistFields(keyspace, ref)
      }`,
  );
}

function reload(client: CommandClient, args: Arguments): void {
  const options = { save: true, flush: true, merge: false };
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "merge")) options.merge = true;
    else if (args.is(i, "noflush")) options.flush = false;
    else if (args.is(i, "nosave")) options.save = false;
    else {
      client.reply.error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
      return;
    }
  }
  const problem = client.server.reloadDataset(options);
  if (problem !== null) client.reply.error(problem);
  else client.reply.ok();
}

function reloadLog(client: CommandClient, _args: Arguments): void {
  if (!client.mayBlock) {
    client.reply.error("ERR DEBUG LOADAOF is not allowed in transactions");
    return;
  }
  let isGone = false;
  client.block({ reason: "load", cancelled: () => isGone = true });
  client.server.reloadLog().then((problem) => {
    if (isGone) return;
    if (problem !== null) client.reply.error(problem);
    else client.reply.ok();
    client.server.waitEnded(client, { failed: problem !== null });
    client.unblock({ again: false });
  });
}

function digest(client: CommandClient, _args: Arguments): void {
  client.reply.simple(datasetDigest(client.server.keyspace));
}

function digestValue(client: CommandClient, args: Arguments): void {
  const { reply, server, db } = client;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    reply.simple(valueDigest(server.keyspace, db.keys.find(args.buffer, args.starts[i], args.ends[i])));
  }
}

function changeReplicationId(client: CommandClient, _args: Arguments): void {
  client.server.changeReplicationId();
  client.reply.ok();
}

function setSkipChecksums(client: CommandClient, args: Arguments): void {
  client.server.dumps.skipsChecksums = args.latin1(2) !== "0";
  client.reply.ok();
}

function rewriteCompletely(client: CommandClient, _args: Arguments): void {
  const mistake = client.server.config.rewrite({ complete: true });
  if (mistake === null) client.reply.ok();
  else client.reply.error(mistake);
}

function assertFails(client: CommandClient, _args: Arguments): void {
  client.server.crash({ reason: "crashed by a failed assertion: 1 === 2", ...here(client) });
}

function panic(client: CommandClient, _args: Arguments): void {
  client.server.crash({ reason: "crashed by a panic: called by DEBUG PANIC", ...here(client) });
}

/** No program in JavaScript reaches foreign memory: the end is the same, the report says where it came from. */
function segfault(client: CommandClient, _args: Arguments): void {
  client.server.crash({ reason: "crashed by signal: 11, as DEBUG SEGFAULT asked", ...here(client) });
}

function here(client: CommandClient): { stack?: string; client: string } {
  return { stack: new Error("asked for by DEBUG").stack, client: client.describe() };
}

function setActiveExpire(client: CommandClient, args: Arguments): void {
  client.server.activeExpire = args.latin1(2) !== "0";
  client.reply.ok();
}

function pauseCron(client: CommandClient, args: Arguments): void {
  client.server.pauseCron(args.latin1(2) !== "0");
  client.reply.ok();
}

function htstats(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const id = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  const database = server.keyspace.databases[id];
  if (Number.isNaN(id)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (database === undefined) {
    reply.error("ERR Out of range database");
    return;
  }
  reply.verbatim(
    "txt",
    `[Dictionary HT]\n${tableText(database.keys.stats())}\n[Expires HT]\n${
      tableText(database.expires.stats())
    }`,
  );
}

function htstatsKey(client: CommandClient, args: Arguments): void {
  const { keyspace } = client.server;
  const ref = client.db.keys.find(args.buffer, args.starts[2], args.ends[2]);
  if (ref === 0) client.reply.error(NO_SUCH_KEY);
  else {
    const encoding = keyspace.entries.encoding(ref);
    const value = encoding === ENCODING_HASHTABLE || encoding === ENCODING_SKIPLIST
      ? keyspace.entries.valueRef(ref)
      : 0;
    if (value === 0) {
      client.reply.error("ERR The value stored at the specified key is not represented using an hash table");
      return;
    }
    const table = encoding === ENCODING_SKIPLIST ? keyspace.arena.i32[value * 4 + ROOT_TABLE] : value;
    client.reply.verbatim("txt", tableText(keyspace.fields.attach(table).stats()));
  }
}

function tableText(stats: HashTableStats): string {
  if (stats.elements === 0) return "No stats available for empty dictionaries\n";
  const lines = [
    "Hash table 0 stats (main hash table):",
    ` table size: ${stats.buckets}`,
    ` target size: ${stats.targetBuckets}`,
    ` number of elements: ${stats.elements}`,
    ` chained buckets: ${stats.chainedBuckets}`,
    ` max chain length: ${stats.chainLengthMax}`,
    ` overhead bytes: ${stats.overheadBytes}`,
    " Elements per bucket:",
  ];
  stats.elementsPerBucket.forEach((count, elements) => {
    if (count === 0) return;
    lines.push(`   ${elements}: ${count} (${(count * 100 / stats.buckets).toFixed(2)}%)`);
  });
  return `${lines.join("\n")}\n`;
}

function stringmatchLen(client: CommandClient, args: Arguments): void {
  const length = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (!(length >= 0)) {
    client.reply.error(NOT_AN_INTEGER);
    return;
  }
  const text = new Uint8Array(length).fill(97);
  matchGlob(args.buffer, args.starts[3], args.ends[3], text, 0, length);
  client.reply.ok();
}

function error(client: CommandClient, args: Arguments): void {
  client.reply.error(args.latin1(2));
}

function log(client: CommandClient, args: Arguments): void {
  client.server.log.warning(`DEBUG LOG: ${args.latin1(2)}`);
  client.reply.ok();
}

function populate(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const count = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (!(count >= 0)) {
    reply.error(MUST_BE_POSITIVE);
    return;
  }
  const prefix = args.count > 3 ? args.latin1(3) : "key";
  let size = 0;
  if (args.count > 4) {
    size = parseSafeInteger(args.buffer, args.starts[4], args.ends[4]);
    if (!(size >= 0)) {
      reply.error(MUST_BE_POSITIVE);
      return;
    }
  }
  for (let i = 0; i < count; i++) {
    const key = encoder.encode(`${prefix}:${i}`);
    if (db.peek(key, 0, key.length) !== 0) continue;
    const text = encoder.encode(`value:${i}`);
    let value = text;
    if (size > 0) {
      value = new Uint8Array(size);
      value.set(text.subarray(0, size));
    }
    db.setString(key, 0, key.length, value, 0, value.length, NO_EXPIRE);
    server.keyspace.dirty++;
    server.keyspace.touchedQuietly(db.id, key, 0, key.length);
  }
  reply.ok();
}

function protocol(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const name = args.latin1(2).toLowerCase();
  if (name === "string") reply.bulkText("Hello World");
  else if (name === "integer") reply.integer(12345);
  else if (name === "double") reply.double(3.141);
  else if (name === "null") reply.null();
  else if (name === "array") {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  } else if (name === "set") {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  } else if (name === "map") {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  } else if (name === "attrib") {
    if (reply.protocol === 3) {
      reply.attribute(1);
      reply.bulkText("key-popularity");
      reply.array(2);
      reply.bulkText("key:123");
      reply.integer(90);
    }
    reply.bulkText("Some real reply following the attribute");
  } else if (name === "push") {
    if (reply.protocol === 2) {
      reply.error("ERR RESP2 is not supported by this command");
      return;
    }
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    // A push is no answer: the command needs one, too.
    reply.bulkText("Some real reply following the push reply");
  } else if (name === "true") reply.boolean(true);
  else if (name === "false") reply.boolean(false);
  else if (name === "verbatim") reply.verbatim("txt", "This is a verbatim\nstring");
  else if (name === "bignum") reply.bigNumber("1234567999999999999999999999999999999");
  else {
    reply.error(
      "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|" +
        "array|set|map|attrib|push|verbatim|true|false",
    );
  }
}

function listpack(client: CommandClient, args: Arguments): void {
  const { keyspace } = client.server;
  const ref: Ref = client.db.keys.find(args.buffer, args.starts[2], args.ends[2]);
  if (ref === 0) {
    client.reply.error(NO_SUCH_KEY);
    return;
  }
  const { entries, arena } = keyspace;
  if (entries.encoding(ref) !== ENCODING_LISTPACK) {
    client.reply.error("ERR Not a listpack encoded object.");
    return;
  }
  const value = entries.valueRef(ref);
  const bytes = entries.type(ref) === TYPE_LIST ? listpackBytesOfList(keyspace, ref) : arena.u32[value * 4];
  client.reply.simple(`Listpack of ${bytes} bytes at 0x${(value * 16).toString(16)}`);
}

interface Action {
  name: string;
  /** As a command's: DEBUG and the action's own word count. */
  arity: number;
  /** Lines of DEBUG HELP. */
  help: string[];
  handler: Handler;
}

function action(name: string, arity: number, help: string[], handler: Handler): Action {
  return { name, arity, help, handler };
}

const actions: Action[] = [
  action("aof-flush-sleep", 3, [
    "AOF-FLUSH-SLEEP <microsec>",
    "    Sleep before each write of the AOF, this is used for testing.",
  ], slowLogWrites),
  action("assert", 2, ["ASSERT", "    Crash by assertion failed."], assertFails),
  action("config-rewrite-force-all", 2, [
    "CONFIG-REWRITE-FORCE-ALL",
    "    Like CONFIG REWRITE but writes all configuration options, including",
    "    keywords not listed in original configuration file or default values.",
  ], rewriteCompletely),
  action("panic", 2, ["PANIC", "    Crash the server simulating a panic."], panic),
  action("segfault", 2, ["SEGFAULT", "    Crash the server with sigsegv."], segfault),
  action("set-skip-checksum-validation", 3, [
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
  ], setSkipChecksums),
  action("change-repl-id", 2, [
    "CHANGE-REPL-ID",
    "    Change the replication IDs of the instance.",
  ], changeReplicationId),
  action("client-enforce-reply-list", 3, [
    "CLIENT-ENFORCE-REPLY-LIST <0|1>",
    "    While replies may wait for the log, give each a chunk of output of its own.",
  ], enforceReplyList),
  action("digest", 2, ["DIGEST", "    Output a hex signature representing the current DB content."], digest),
  action("digest-value", -2, [
    "DIGEST-VALUE <key> [<key> ...]",
    "    Output a hex signature of the values of all the specified keys.",
  ], digestValue),
  action("error", 3, ["ERROR <string>", "    Return a protocol error with <string> as message."], error),
  action("htstats", -3, [
    "HTSTATS <dbid> [full]",
    "    Return hash table statistics of the specified database.",
  ], htstats),
  action("htstats-key", -3, [
    "HTSTATS-KEY <key> [full]",
    "    Like HTSTATS but for the hash table stored at <key>'s value.",
  ], htstatsKey),
  action(
    "listpack",
    3,
    ["LISTPACK <key>", "    Show where and how large the listpack of <key> is."],
    listpack,
  ),
  action("kill-save", 2, [
    "KILL-SAVE",
    "    The background save or AOF rewrite that runs fails.",
  ], killSave),
  action("log", 3, ["LOG <message>", "    Write <message> to the server log."], log),
  action(
    "object",
    -3,
    ["OBJECT <key>", "    Show low level info about <key> and associated value."],
    object,
  ),
  action("pause-cron", 3, ["PAUSE-CRON <0|1>", "    Stop periodic cron job processing."], pauseCron),
  action("populate", -3, [
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create <count> string keys named key:<num>. If <prefix> is specified then",
    "    it is used instead of the 'key' prefix. Values are value:<num>, or <size> bytes.",
  ], populate),
  action("protocol", 3, ["PROTOCOL <type>", "    Reply with a test value of the specified type."], protocol),
  action("quicklist-packed-threshold", 3, [
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Set the length from which elements of lists have nodes of their own; 0: the default.",
  ], quicklistPackedThreshold),
  action("loadaof", 2, [
    "LOADAOF",
    "    Flush the AOF buffers on disk and reload the AOF in memory.",
  ], reloadLog),
  action("reload", -2, [
    "RELOAD [option ...]",
    "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
    "    * MERGE: conflicting keys will be loaded from RDB.",
    "    * NOFLUSH: the existing database will not be removed before load.",
    "    * NOSAVE: the database will be loaded from an existing RDB file.",
  ], reload),
  action("reply-blocking-pause", 3, [
    "REPLY-BLOCKING-PAUSE <provider>",
    "    Replies that wait for 'aof' go on to wait, however durable the log is.",
  ], pauseReplyBlocking),
  action("reply-blocking-resume", 3, [
    "REPLY-BLOCKING-RESUME <provider>",
    "    Release what has become durable meanwhile.",
  ], resumeReplyBlocking),
  action("set-active-expire", 3, [
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys in background when they are not accessed.",
  ], setActiveExpire),
  action("sleep", 3, ["SLEEP <seconds>", "    Stop the server for <seconds>. Decimals allowed."], sleep),
  action("stringmatch-len", 4, [
    "STRINGMATCH-LEN <len> <pattern>",
    "    Run the glob matcher against a string of <len> 'a' characters.",
  ], stringmatchLen),
  action("help", 2, [], (client) => replyHelp(client, "debug", sortedActions().flatMap((each) => each.help))),
];

function sortedActions(): Action[] {
  return actions.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

const actionsByName = new Map(actions.map((each) => [each.name, each]));

/** DEBUG is one command whose first argument says what to do, as in Valkey: its actions have no entries of their own. */
function debug(client: CommandClient, args: Arguments): void {
  const { config } = client.server;
  if (!config.allows("enableDebugCommand", client.isLocal)) {
    client.reply.error(DEBUG_NOT_ALLOWED);
    return;
  }
  const wanted = actionsByName.get(args.latin1(1).toLowerCase());
  if (wanted === undefined || !fits(wanted.arity, args.count)) client.reply.error(subcommandSyntax(args));
  else wanted.handler(client, args);
}

function fits(arity: number, count: number): boolean {
  return arity > 0 ? count === arity : count >= -arity;
}

export const debugCommands: CommandSpec[] = [
  {
    name: "debug",
    arity: -2,
    flags: ["admin", "noscript", "loading", "stale", "protected"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "Depends on the subcommand.",
    summary: "For tests and for looking inside.",
    docFlags: ["syscmd"],
    handler: debug,
  },
];
