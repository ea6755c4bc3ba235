// FLUSHDB and FLUSHALL: emptying one database or all. A running snapshot is ended first.
import type { ArgumentDoc, CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

/** Whether to free in the background, or null after an error reply. */
function parseMode(client: CommandClient, args: Arguments): { inBackground: boolean } | null {
  if (args.count === 1) return { inBackground: client.server.config.values.lazyfreeLazyUserFlush };
  if (args.count === 2 && args.is(1, "async")) return { inBackground: true };
  if (args.count === 2 && args.is(1, "sync")) return { inBackground: false };
  client.reply.error(SYNTAX_ERROR);
  return null;
}

function flushdb(client: CommandClient, args: Arguments): void {
  const mode = parseMode(client, args);
  if (mode === null) return;
  const { keyspace, propagation, saves } = client.server;
  // The log may have keys that are not here any more: it is told even where there is nothing to delete.
  if (propagation.active) propagation.always();
  saves.abortForFlush({ wholeDataset: false });
  keyspace.dirty += keyspace.flushDatabase(client.db, mode);
  client.reply.ok();
}

function flushall(client: CommandClient, args: Arguments): void {
  const mode = parseMode(client, args);
  if (mode === null) return;
  const { keyspace, propagation, saves } = client.server;
  if (propagation.active) propagation.always();
  saves.abortForFlush({ wholeDataset: true });
  keyspace.dirty += keyspace.flushAll();
  saves.saveEmptied();
  client.reply.ok();
}

const modeDocs: ArgumentDoc = {
  name: "flush-type",
  type: "oneof",
  optional: true,
  arguments: [
    { name: "async", type: "pure-token", token: "ASYNC", since: "4.0.0" },
    { name: "sync", type: "pure-token", token: "SYNC", since: "6.2.0" },
  ],
};

export const flushCommands: CommandSpec[] = [
  {
    name: "flushdb",
    arity: -1,
    flags: ["write"],
    categories: ["keyspace", "dangerous"],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity:
      "O(1) where it is the only database with keys or ASYNC is given, otherwise O(N) for its N keys.",
    summary: "Deletes all keys of the database.",
    history: [["4.0.0", "Added `ASYNC`."], ["6.2.0", "Added `SYNC`."]],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    arguments: [modeDocs],
    handler: flushdb,
  },
  {
    name: "flushall",
    arity: -1,
    flags: ["write"],
    categories: ["keyspace", "dangerous"],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1): the dataset's memory is dropped as a whole.",
    summary: "Deletes all keys of all databases.",
    history: [["4.0.0", "Added `ASYNC`."], ["6.2.0", "Added `SYNC`."]],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    arguments: [modeDocs],
    handler: flushall,
  },
];
