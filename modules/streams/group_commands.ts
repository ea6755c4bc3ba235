// XGROUP: making, moving and deleting the groups of a stream and their consumers.
import { type CommandSpec, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { withHelp } from "../../core/commands/help.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  BUSY_GROUP,
  ENTRIES_READ_NEGATIVE,
  subcommandSyntax,
  XGROUP_KEY_MISSING,
} from "../../core/protocol/errors.ts";
import { READ_UNKNOWN } from "../../core/structures/stream.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { idArgument, idOrEdgeArgument } from "./id_arguments.ts";
import {
  ABSENT,
  announce,
  findGroup,
  OPEN,
  openStreamToChange,
  REFUSED,
  replyNoGroup,
  stream,
} from "./stream_lookup.ts";

const id = new StreamId();
const DOLLAR = 0x24;

/** What the options of CREATE and SETID said. */
let makesStream = false;
let entriesRead = READ_UNKNOWN;

function create(client: CommandClient, args: Arguments): void {
  if (!parseOptions(client, args, { mayMakeStream: true })) return;
  const found = openStreamToChange(client, args, 2);
  if (found === REFUSED) return;
  if (found === ABSENT && !makesStream) return client.reply.error(XGROUP_KEY_MISSING);
  if (isDollar(args, 4)) {
    if (found === OPEN) stream.entries.readLastId(id);
    else id.setMin();
  } else if (!idArgument(client, args, 4, id)) {
    return;
  }
  if (found === OPEN ? !addGroup(args) : !createWithGroup(client, args)) {
    return client.reply.error(BUSY_GROUP);
  }
  announce(client, args, 2, "xgroup-create", 1);
  client.reply.ok();
}

function addGroup(args: Arguments): boolean {
  return stream.groups.create(args.buffer, args.starts[3], args.ends[3], id, entriesRead) !== 0;
}

function createWithGroup(client: CommandClient, args: Arguments): boolean {
  stream.create(client.server.keyspace);
  try {
    addGroup(args);
    stream.addTo(client.db, args.buffer, args.starts[2], args.ends[2]);
  } catch (error) {
    stream.discard();
    throw error;
  }
  return true;
}

function setId(client: CommandClient, args: Arguments): void {
  if (!parseOptions(client, args, { mayMakeStream: false })) return;
  const group = requireGroup(client, args);
  if (group === 0) return;
  if (isDollar(args, 4)) stream.entries.readLastId(id);
  else if (!idOrEdgeArgument(client, args, 4, id)) return;
  stream.groups.setLastId(group, id);
  stream.groups.setEntriesRead(group, entriesRead);
  announce(client, args, 2, "xgroup-setid", 1);
  client.reply.ok();
}

function destroy(client: CommandClient, args: Arguments): void {
  const found = openStreamToChange(client, args, 2);
  if (found === REFUSED) return;
  if (found === ABSENT) return client.reply.error(XGROUP_KEY_MISSING);
  const group = findGroup(args, 3);
  if (group === 0) return client.reply.integer(0);
  stream.groups.destroy(group);
  announce(client, args, 2, "xgroup-destroy", 1);
  client.reply.integer(1);
  // Those who wait for the group's next entries learn that it is gone.
  client.server.waiters.ready(client.db, args.buffer, args.starts[2], args.ends[2]);
}

function createConsumer(client: CommandClient, args: Arguments): void {
  const group = requireGroup(client, args);
  if (group === 0) return;
  const { buffer, starts, ends } = args;
  const { groups } = stream;
  if (groups.findConsumer(group, buffer, starts[4], ends[4]) !== 0) return client.reply.integer(0);
  groups.createConsumer(buffer, starts[4], ends[4], client.server.keyspace.clock.ms);
  announce(client, args, 2, "xgroup-createconsumer", 1);
  client.reply.integer(1);
}

function deleteConsumer(client: CommandClient, args: Arguments): void {
  const group = requireGroup(client, args);
  if (group === 0) return;
  const { groups } = stream;
  const consumer = groups.findConsumer(group, args.buffer, args.starts[4], args.ends[4]);
  if (consumer === 0) return client.reply.integer(0);
  const pending = groups.deleteConsumer(group, consumer);
  announce(client, args, 2, "xgroup-delconsumer", 1);
  client.reply.integer(pending);
}

/** The group at argument 3 of the stream at key 2; 0 after the error reply. */
function requireGroup(client: CommandClient, args: Arguments): Ref {
  const found = openStreamToChange(client, args, 2);
  if (found === REFUSED) return 0;
  if (found === ABSENT) {
    client.reply.error(XGROUP_KEY_MISSING);
    return 0;
  }
  const group = findGroup(args, 3);
  if (group === 0) replyNoGroup(client, args, 2, 3);
  return group;
}

/** False after an error reply. */
function parseOptions(client: CommandClient, args: Arguments, options: { mayMakeStream: boolean }): boolean {
  makesStream = false;
  entriesRead = READ_UNKNOWN;
  for (let index = 5; index < args.count; index++) {
    if (options.mayMakeStream && args.is(index, "mkstream")) {
      makesStream = true;
    } else if (args.is(index, "entriesread") && index + 1 < args.count) {
      entriesRead = integerArgument(client, args, ++index);
      if (entriesRead !== entriesRead) return false;
      if (entriesRead < 0 && entriesRead !== READ_UNKNOWN) {
        client.reply.error(ENTRIES_READ_NEGATIVE);
        return false;
      }
    } else {
      client.reply.error(subcommandSyntax(args));
      return false;
    }
  }
  return true;
}

function isDollar(args: Arguments, index: number): boolean {
  return args.length(index) === 1 && args.buffer[args.starts[index]] === DOLLAR;
}

function secondKey(...flags: string[]): KeySpec[] {
  return [keyAt(2, ...flags)];
}

const keyAndGroup = [
  { name: "key", type: "key" as const, keySpecIndex: 0 },
  { name: "groupname", type: "string" as const },
];
const idOrNew = {
  name: "id",
  type: "oneof" as const,
  arguments: [
    { name: "id", type: "string" as const },
    { name: "new_id", type: "pure-token" as const, token: "$" },
  ],
};
const entriesReadArgument = {
  name: "entries_read",
  type: "integer" as const,
  token: "ENTRIESREAD",
  optional: true as const,
};

export const groupCommands: CommandSpec[] = [
  withHelp({
    name: "xgroup",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "5.0.0",
    group: "stream",
    complexity: "Depends on the subcommand",
    summary: "Makes, moves and deletes groups of a stream and their consumers.",
    subcommands: [
      {
        name: "create",
        arity: -5,
        flags: ["write", "denyoom"],
        categories: ["stream"],
        keySpecs: secondKey("RW", "insert"),
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        summary: "Makes a group that begins behind an id.",
        history: [["7.0.0", "ENTRIESREAD."]],
        arguments: [
          ...keyAndGroup,
          idOrNew,
          { name: "mkstream", type: "pure-token", token: "MKSTREAM", optional: true },
          entriesReadArgument,
        ],
        help: [
          "CREATE <key> <groupname> <id|$> [option]",
          "    Makes a group. Options are:",
          "    * MKSTREAM",
          "      Makes an empty stream where the key is absent.",
          "    * ENTRIESREAD entries_read",
          "      Sets how many entries the group has read (for internal use).",
        ],
        handler: create,
      },
      {
        name: "createconsumer",
        arity: 5,
        flags: ["write", "denyoom"],
        categories: ["stream"],
        keySpecs: secondKey("RW", "insert"),
        since: "6.2.0",
        group: "stream",
        complexity: "O(1)",
        summary: "Makes a consumer of a group.",
        arguments: [...keyAndGroup, { name: "consumername", type: "string" }],
        help: ["CREATECONSUMER <key> <groupname> <consumer>", "    Makes a consumer of the group."],
        handler: createConsumer,
      },
      {
        name: "delconsumer",
        arity: 5,
        flags: ["write"],
        categories: ["stream"],
        keySpecs: secondKey("RW", "delete"),
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) where N is the number of the consumer's pending entries",
        summary: "Deletes a consumer of a group with its pending entries.",
        arguments: [...keyAndGroup, { name: "consumername", type: "string" }],
        help: [
          "DELCONSUMER <key> <groupname> <consumer>",
          "    Deletes a consumer with its pending entries.",
        ],
        handler: deleteConsumer,
      },
      {
        name: "destroy",
        arity: 4,
        flags: ["write"],
        categories: ["stream"],
        keySpecs: secondKey("RW", "delete"),
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) where N is the number of the group's pending entries",
        summary: "Deletes a group.",
        arguments: keyAndGroup,
        help: ["DESTROY <key> <groupname>", "    Deletes a group."],
        handler: destroy,
      },
      {
        name: "setid",
        arity: -5,
        flags: ["write"],
        categories: ["stream"],
        keySpecs: secondKey("RW", "update"),
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        summary: "Sets the id that a group got last.",
        history: [["7.0.0", "ENTRIESREAD."]],
        arguments: [...keyAndGroup, idOrNew, entriesReadArgument],
        help: [
          "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
          "    Sets the id that the group got last, and how many entries it has read.",
        ],
        handler: setId,
      },
    ],
  }),
];
