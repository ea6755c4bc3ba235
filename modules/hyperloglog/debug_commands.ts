// Looking into HyperLogLogs: PFDEBUG, and PFSELFTEST, which tries registers and estimates.
import { type CommandSpec, keyAt } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  CORRUPT_HYPERLOGLOG,
  HYPERLOGLOG_NOT_SPARSE,
  KEY_DOES_NOT_EXIST,
  unknownPfdebugSubcommand,
} from "../../core/protocol/errors.ts";
import {
  denseRegister,
  HLL_HEADER_BYTES,
  HLL_REGISTERS,
  isValueRun,
  opcodeBytes,
  runLength,
  runValue,
} from "../../core/structures/hyperloglog_format.ts";
import { hyperLogLogProblem } from "../../core/structures/hyperloglog_trial.ts";
import { findHyperLogLogToChange, hyperLogLog, load, REFUSED, store } from "./hyperloglog_value.ts";

function pfdebug(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const ref = findHyperLogLogToChange(client, args, 2);
  if (ref === REFUSED) return;
  if (ref === 0) {
    reply.error(KEY_DOES_NOT_EXIST);
    return;
  }
  load(client, ref);
  if (args.is(1, "encoding")) reply.simple(hyperLogLog.isSparse ? "sparse" : "dense");
  else if (args.is(1, "decode")) replyOpcodes(client);
  else if (args.is(1, "getreg") || args.is(1, "todense")) {
    const converts = hyperLogLog.isSparse;
    if (!hyperLogLog.makeDense()) {
      reply.error(CORRUPT_HYPERLOGLOG);
      return;
    }
    if (converts) {
      store(client, args, ref);
      client.server.keyspace.dirty++;
      client.server.keyspace.touchedQuietly(client.db.id, args.buffer, args.starts[2], args.ends[2]);
    }
    if (args.is(1, "getreg")) replyRegisters(client);
    else reply.integer(converts ? 1 : 0);
  } else reply.error(unknownPfdebugSubcommand(args.latin1(1)));
}

function replyRegisters(client: CommandClient): void {
  client.reply.array(HLL_REGISTERS);
  for (let index = 0; index < HLL_REGISTERS; index++) {
    client.reply.integer(denseRegister(hyperLogLog.bytes, 0, index));
  }
}

function replyOpcodes(client: CommandClient): void {
  if (!hyperLogLog.isSparse) {
    client.reply.error(HYPERLOGLOG_NOT_SPARSE);
    return;
  }
  const { bytes, length } = hyperLogLog;
  const words: string[] = [];
  for (let at = HLL_HEADER_BYTES; at < length; at += opcodeBytes(bytes, at)) {
    if (isValueRun(bytes, at)) words.push(`v:${runValue(bytes, at)},${runLength(bytes, at, length)}`);
    else words.push(`${opcodeBytes(bytes, at) === 2 ? "Z" : "z"}:${runLength(bytes, at, length)}`);
  }
  client.reply.bulkLatin1(words.join(" "));
}

function pfselftest(client: CommandClient): void {
  const problem = hyperLogLogProblem();
  if (problem === "") client.reply.ok();
  else client.reply.error(`TESTFAILED ${problem}`);
}

export const debugCommands: CommandSpec[] = [
  {
    name: "pfdebug",
    arity: 3,
    flags: ["write", "denyoom", "admin"],
    categories: ["hyperloglog"],
    keySpecs: [keyAt(2, "RW", "access")],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1), with a large constant",
    summary: "Shows what a HyperLogLog consists of.",
    docFlags: ["syscmd"],
    arguments: [
      { name: "subcommand", type: "string" },
      { name: "key", type: "key", keySpecIndex: 0 },
    ],
    handler: pfdebug,
  },
  {
    name: "pfselftest",
    arity: 1,
    flags: ["admin"],
    categories: ["hyperloglog"],
    keySpecs: [],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1), with a large constant",
    summary: "Tries whether HyperLogLogs count as they should.",
    docFlags: ["syscmd"],
    handler: pfselftest,
  },
];
