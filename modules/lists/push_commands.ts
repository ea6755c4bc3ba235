// Commands that add elements at the ends: LPUSH, RPUSH, LPUSHX, RPUSHX. Hot: they allocate nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { nodeBytesMax, nodeCountMax } from "../../core/structures/quicklist_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ELEMENTS, KEY } from "./argument_docs.ts";
import { ABSENT, announce, LEFT, list, OPEN, openListToChange, REFUSED, RIGHT } from "./list_lookup.ts";

/** Encoding and length bytes of an element, at most. */
const ELEMENT_OVERHEAD_BYTES_MAX = 10;
/** Room that nodes keep for more. */
const NODE_SPARE_FACTOR = 1.25;

function lpush(client: CommandClient, args: Arguments): void {
  push(client, args, LEFT);
}

function rpush(client: CommandClient, args: Arguments): void {
  push(client, args, RIGHT);
}

function lpushx(client: CommandClient, args: Arguments): void {
  pushToExisting(client, args, LEFT);
}

function rpushx(client: CommandClient, args: Arguments): void {
  pushToExisting(client, args, RIGHT);
}

function push(client: CommandClient, args: Arguments, end: number): void {
  const found = openListToChange(client, args, 1);
  if (found === REFUSED) return;
  if (found === OPEN) addElements(client, args, end);
  else createWithElements(client, args, end);
  finish(client, args, end);
}

function pushToExisting(client: CommandClient, args: Arguments, end: number): void {
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.integer(0);
  if (found !== OPEN) return;
  addElements(client, args, end);
  finish(client, args, end);
}

function addElements(client: CommandClient, args: Arguments, end: number): void {
  const elements = args.count - 2;
  // One push does all or nothing by itself. Of several, those that are done could not always be undone.
  if (elements > 1) requireRoom(client, args.totalBytes(), elements);
  if (list.isPacked) list.expect(args.totalBytes() - args.length(0) - args.length(1), elements);
  pushAll(args, end);
}

function requireRoom(client: CommandClient, bytes: number, elements: number): void {
  const { fill } = list.items;
  const nodeBytes = nodeBytesMax(fill);
  const room = (bytes + elements * ELEMENT_OVERHEAD_BYTES_MAX) * NODE_SPARE_FACTOR;
  // Long elements may leave nodes half empty; a node that grows is there twice.
  const nodes = 2 * Math.ceil(room / nodeBytes) + Math.ceil(elements / nodeCountMax(fill)) + 2;
  client.server.keyspace.requireRoom(room + 2 * nodeBytes, nodes);
}

function createWithElements(client: CommandClient, args: Arguments, end: number): void {
  list.create(client.server.keyspace, client.server.config.values);
  try {
    list.expect(args.totalBytes() - args.length(0) - args.length(1), args.count - 2);
    pushAll(args, end);
    list.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
  } catch (error) {
    list.discard();
    throw error;
  }
}

function pushAll(args: Arguments, end: number): void {
  const { buffer, starts, ends, count } = args;
  const { items } = list;
  if (end === LEFT) {
    for (let index = 2; index < count; index++) items.pushHead(buffer, starts[index], ends[index]);
  } else {
    for (let index = 2; index < count; index++) items.pushTail(buffer, starts[index], ends[index]);
  }
  if (list.isPacked) list.settleGrown();
}

function finish(client: CommandClient, args: Arguments, end: number): void {
  client.reply.integer(list.size);
  announce(client, args, 1, end === LEFT ? "lpush" : "rpush", args.count - 2);
}

export const pushCommands: CommandSpec[] = [
  {
    name: "lpush",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "insert"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements given",
    summary: "Adds elements before the first of a list, which is made where the key is absent.",
    history: [["2.4.0", "Several elements in one command."]],
    arguments: [KEY, ELEMENTS],
    handler: lpush,
  },
  {
    name: "rpush",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "insert"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements given",
    summary: "Adds elements behind the last of a list, which is made where the key is absent.",
    history: [["2.4.0", "Several elements in one command."]],
    arguments: [KEY, ELEMENTS],
    handler: rpush,
  },
  {
    name: "lpushx",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.2.0",
    group: "list",
    complexity: "O(N) where N is the number of elements given",
    summary: "Adds elements before the first of a list that exists.",
    history: [["4.0.0", "Several elements in one command."]],
    arguments: [KEY, ELEMENTS],
    handler: lpushx,
  },
  {
    name: "rpushx",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.2.0",
    group: "list",
    complexity: "O(N) where N is the number of elements given",
    summary: "Adds elements behind the last of a list that exists.",
    history: [["4.0.0", "Several elements in one command."]],
    arguments: [KEY, ELEMENTS],
    handler: rpushx,
  },
];
