// OBJECT: what the server knows of a value beside its contents.
import { type CommandSpec, type Handler, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { lfuDecayed, lruIdleSeconds } from "../../core/keyspace/access.ts";
import { WORD_ACCESS } from "../../core/keyspace/entry_layout.ts";
import { encodingName } from "../../core/keyspace/value_names.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { LFU_NOT_SELECTED, LFU_SELECTED } from "../../core/protocol/errors.ts";

/** The entry that argument 2 names, or 0 after a null reply. */
function entryOf(client: CommandClient, args: Arguments): Ref {
  const ref = client.db.lookupReadQuietly(args.buffer, args.starts[2], args.ends[2]);
  if (ref === 0) client.reply.null();
  return ref;
}

function encoding(client: CommandClient, args: Arguments): void {
  const ref = entryOf(client, args);
  if (ref !== 0) client.reply.bulkText(encodingName(client.server.keyspace.entries.encoding(ref)));
}

function refcount(client: CommandClient, args: Arguments): void {
  if (entryOf(client, args) !== 0) client.reply.integer(1);
}

function idletime(client: CommandClient, args: Arguments): void {
  const ref = entryOf(client, args);
  if (ref === 0) return;
  const { keyspace } = client.server;
  if (keyspace.entries.usesLfu) client.reply.error(LFU_SELECTED);
  else {
    const word = keyspace.arena.u32[ref * 4 + WORD_ACCESS];
    client.reply.integer(lruIdleSeconds(word, keyspace.clock.lruSeconds));
  }
}

function freq(client: CommandClient, args: Arguments): void {
  const ref = entryOf(client, args);
  if (ref === 0) return;
  const { keyspace } = client.server;
  if (!keyspace.entries.usesLfu) client.reply.error(LFU_NOT_SELECTED);
  else {
    const word = keyspace.arena.u32[ref * 4 + WORD_ACCESS];
    client.reply.integer(lfuDecayed(word, keyspace.clock.ms, keyspace.lfu));
  }
}

const keyAtTwo: KeySpec[] = [
  keyAt(2, "RO"),
];

function subcommand(
  name: string,
  since: string,
  summary: string,
  help: string,
  handler: Handler,
): CommandSpec {
  return {
    name,
    arity: 3,
    flags: ["readonly"],
    categories: ["keyspace"],
    keySpecs: keyAtTwo,
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    tips: name === "encoding" || name === "idletime" || name === "freq" || name === "refcount"
      ? ["nondeterministic_output"]
      : undefined,
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    help: [`${name.toUpperCase()} <key>`, `    ${help}`],
    handler,
  };
}

export const objectCommands: CommandSpec[] = [
  {
    name: "object",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "2.2.3",
    group: "generic",
    complexity: "Depends on the subcommand.",
    summary: "Tells how a value is stored and used.",
    helpSince: "6.2.0",
    subcommands: [
      subcommand(
        "encoding",
        "2.2.3",
        "Tells how a value is encoded.",
        "Return the kind of internal representation of the value of <key>.",
        encoding,
      ),
      subcommand(
        "freq",
        "4.0.0",
        "Tells the logarithmic access frequency counter of a key.",
        "Return the access frequency counter of <key>; needs an LFU maxmemory policy.",
        freq,
      ),
      subcommand(
        "idletime",
        "2.2.3",
        "Tells how many seconds a key has not been used.",
        "Return the seconds since <key> was last used.",
        idletime,
      ),
      subcommand(
        "refcount",
        "2.2.3",
        "Tells how many references a value has; always one.",
        "Return the number of references to the value of <key>.",
        refcount,
      ),
    ],
  },
];
