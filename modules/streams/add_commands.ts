// Commands that add and delete entries: XADD, XDEL, XTRIM, XSETID. XADD is hot: it allocates nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  ENTRIES_ADDED_NEGATIVE,
  NO_SUCH_KEY,
  STREAM_ENTRY_TOO_LARGE,
  STREAM_ID_NOT_ABOVE,
  STREAM_ID_ZERO,
  STREAM_IDS_EXHAUSTED,
  SYNTAX_ERROR,
  wrongArity,
  XSETID_ADDED_BELOW_LENGTH,
  XSETID_BELOW_DELETED,
  XSETID_BELOW_GIVEN_DELETED,
  XSETID_BELOW_TOP,
} from "../../core/protocol/errors.ts";
import { Stream } from "../../core/structures/stream.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { trimArguments } from "./argument_docs.ts";
import { replyId } from "./entry_replies.ts";
import { idArgument, IdList } from "./id_arguments.ts";
import { propagateTrimmed } from "./propagate.ts";
import { ABSENT, announce, OPEN, openStreamToChange, REFUSED, stream } from "./stream_lookup.ts";
import { addOptions, parseAddOptions, parseTrimOptions, trim, trims } from "./trim_options.ts";

const newId = new StreamId();
const deletedId = new StreamId();
const edge = new StreamId();
const ids = new IdList();

function xadd(client: CommandClient, args: Arguments): void {
  const idIndex = parseAddOptions(client, args);
  if (idIndex < 0) return;
  const first = idIndex + 1;
  const texts = args.count - first;
  if (texts < 2 || texts % 2 === 1) {
    client.reply.error(wrongArity("xadd"));
    return;
  }
  if (addOptions.idGiven && addOptions.sequenceGiven && addOptions.id.isZero) {
    client.reply.error(STREAM_ID_ZERO);
    return;
  }
  const found = openStreamToChange(client, args, 1);
  if (found === REFUSED) return;
  if (found === ABSENT && addOptions.noStream) {
    client.reply.null();
    return;
  }
  const problem = chooseId(client, found === OPEN) || sizeProblem(args, first, texts);
  if (problem !== "") {
    client.reply.error(problem);
    return;
  }
  if (found === OPEN) append(client, args, first, texts / 2);
  else createWith(client, args, first, texts / 2);
  announce(client, args, 1, "xadd", 1);
  if (trims() && trim() > 0) {
    client.server.keyspace.notify(client.db.id, "stream", "xtrim", args.buffer, args.starts[1], args.ends[1]);
  }
  if (client.server.propagation.active) propagateTrimmed(client, args, idIndex, newId);
  replyId(client.reply, newId);
  if (found === OPEN) client.server.waiters.ready(client.db, args.buffer, args.starts[1], args.ends[1]);
}

/** Puts the new entry's id into `newId`; an error's text where there can be none. */
function chooseId(client: CommandClient, isOpen: boolean): string {
  const last = edge;
  if (isOpen) stream.entries.readLastId(last);
  else last.setMin();
  if (last.isMax) return STREAM_IDS_EXHAUSTED;
  if (!addOptions.idGiven) {
    newId.setMs(client.server.keyspace.clock.ms);
    // The clock may have gone back.
    if (newId.compare(last) <= 0) newId.copy(last).increment();
    return "";
  }
  newId.copy(addOptions.id);
  if (!addOptions.sequenceGiven && newId.msHigh === last.msHigh && newId.msLow === last.msLow) {
    if ((last.seqHigh & last.seqLow) === -1) return STREAM_ID_NOT_ABOVE;
    newId.copy(last).increment();
  }
  return newId.compare(last) > 0 ? "" : STREAM_ID_NOT_ABOVE;
}

function sizeProblem(args: Arguments, first: number, texts: number): string {
  const bytes = args.ends[args.count - 1] - args.starts[first];
  return Stream.canHold(texts / 2, bytes) ? "" : STREAM_ENTRY_TOO_LARGE;
}

function append(client: CommandClient, args: Arguments, first: number, pairs: number): void {
  const limits = client.server.config.values;
  stream.entries.append(limits, newId, args.buffer, args.starts, args.ends, first, pairs);
}

function createWith(client: CommandClient, args: Arguments, first: number, pairs: number): void {
  stream.create(client.server.keyspace);
  try {
    append(client, args, first, pairs);
    stream.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
  } catch (error) {
    stream.discard();
    throw error;
  }
}

function xdel(client: CommandClient, args: Arguments): void {
  const found = openStreamToChange(client, args, 1);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.integer(0);
    return;
  }
  if (!ids.read(client, args, 2, args.count - 1)) return;
  const { entries } = stream;
  let deleted = 0;
  try {
    for (let index = 0; index < ids.count; index++) {
      const id = ids.at(index);
      if (!entries.delete(id)) continue;
      if (entries.compareToMaxDeleted(id) > 0) entries.setMaxDeletedId(id);
      deleted++;
    }
  } finally {
    // A full arena may end this early: what is gone is told.
    if (deleted > 0) {
      entries.refreshFirstId();
      announce(client, args, 1, "xdel", deleted);
    }
  }
  client.reply.integer(deleted);
}

function xtrim(client: CommandClient, args: Arguments): void {
  if (!parseTrimOptions(client, args)) return;
  const found = openStreamToChange(client, args, 1);
  if (found === REFUSED) return;
  const deleted = found === ABSENT ? 0 : trim();
  if (deleted > 0) {
    announce(client, args, 1, "xtrim", deleted);
    if (client.server.propagation.active) propagateTrimmed(client, args, 0, newId);
  }
  client.reply.integer(deleted);
}

function xsetid(client: CommandClient, args: Arguments): void {
  if (!idArgument(client, args, 2, newId)) return;
  let added = -1;
  deletedId.setMin();
  for (let index = 3; index < args.count; index += 2) {
    const hasNext = index + 1 < args.count;
    if (args.is(index, "entriesadded") && hasNext) {
      added = integerArgument(client, args, index + 1);
      if (added !== added) return;
      if (added < 0) return client.reply.error(ENTRIES_ADDED_NEGATIVE);
    } else if (args.is(index, "maxdeletedid") && hasNext) {
      if (!idArgument(client, args, index + 1, deletedId)) return;
      if (newId.compare(deletedId) < 0) return client.reply.error(XSETID_BELOW_GIVEN_DELETED);
    } else {
      return client.reply.error(SYNTAX_ERROR);
    }
  }
  const found = openStreamToChange(client, args, 1);
  if (found === REFUSED) return;
  if (found === ABSENT) return client.reply.error(NO_SUCH_KEY);
  const problem = setIdProblem(added);
  if (problem !== "") return client.reply.error(problem);
  const { entries } = stream;
  entries.setLastId(newId);
  if (added !== -1) entries.entriesAdded = added;
  if (!deletedId.isZero) entries.setMaxDeletedId(deletedId);
  announce(client, args, 1, "xsetid", 1);
  client.reply.ok();
}

function setIdProblem(added: number): string {
  const { entries } = stream;
  if (entries.compareToMaxDeleted(newId) < 0) return XSETID_BELOW_DELETED;
  if (entries.length === 0) return "";
  if (entries.readEdge(edge, "last") && newId.compare(edge) < 0) return XSETID_BELOW_TOP;
  return added !== -1 && entries.length > added ? XSETID_ADDED_BELOW_LENGTH : "";
}

export const addCommands: CommandSpec[] = [
  {
    name: "xadd",
    arity: -5,
    flags: ["write", "denyoom", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "update"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(1) to add; where it trims, O(N) for N entries that go",
    summary: "Adds an entry to a stream, which is made where the key is absent.",
    history: [
      ["6.2.0", "NOMKSTREAM, MINID and LIMIT."],
      ["7.0.0", "Ids of the form `<ms>-*`."],
    ],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "nomkstream", type: "pure-token", token: "NOMKSTREAM", optional: true, since: "6.2.0" },
      { ...trimArguments, optional: true },
      {
        name: "id_or_auto",
        type: "oneof",
        arguments: [{ name: "auto_id", type: "pure-token", token: "*" }, { name: "id", type: "string" }],
      },
      {
        name: "field_value",
        type: "block",
        multiple: true,
        arguments: [{ name: "field", type: "string" }, { name: "value", type: "string" }],
      },
    ],
    handler: xadd,
  },
  {
    name: "xdel",
    arity: -3,
    flags: ["write", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "delete"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(1) for each entry",
    summary: "Deletes entries of a stream.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "id", type: "string", multiple: true },
    ],
    handler: xdel,
  },
  {
    name: "xtrim",
    arity: -4,
    flags: ["write"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "delete"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) where N is the number of entries that go; whole blocks go at once",
    summary: "Deletes the oldest entries of a stream.",
    history: [["6.2.0", "MINID and LIMIT."]],
    tips: ["nondeterministic_output"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, trimArguments],
    handler: xtrim,
  },
  {
    name: "xsetid",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["stream"],
    keySpecs: oneKey("RW", "update"),
    since: "5.0.0",
    group: "stream",
    complexity: "O(1)",
    summary: "Sets the last id of a stream. For internal use.",
    history: [["7.0.0", "ENTRIESADDED and MAXDELETEDID."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "last_id", type: "string" },
      { name: "entries_added", type: "integer", token: "ENTRIESADDED", optional: true, since: "7.0.0" },
      { name: "max_deleted_id", type: "string", token: "MAXDELETEDID", optional: true, since: "7.0.0" },
    ],
    handler: xsetid,
  },
];
