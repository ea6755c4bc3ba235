// SORT and SORT_RO.
import { type ArgumentDoc, type CommandSpec, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_LIST, TYPE_SET, TYPE_ZSET } from "../../core/keyspace/entry_layout.ts";
import { ListValue } from "../../core/keyspace/list_value.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SORT_NOT_A_DOUBLE, WRONG_TYPE } from "../../core/protocol/errors.ts";
import { sortedOrder } from "./sort.ts";
import { readElements, sizeOf, type Texts } from "./sort_elements.ts";
import { parseSortOptions, sortDestination, type SortOptions } from "./sort_options.ts";

function sort(client: CommandClient, args: Arguments): void {
  run(client, args, parseSortOptions(client, args, { mayStore: true }));
}

function sortRo(client: CommandClient, args: Arguments): void {
  run(client, args, parseSortOptions(client, args, { mayStore: false }));
}

function run(client: CommandClient, args: Arguments, options: SortOptions | null): void {
  if (options === null) return;
  const { entries } = client.server.keyspace;
  const ref = client.db.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  const type = ref === 0 ? TYPE_LIST : entries.type(ref);
  if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_ZSET) {
    client.reply.error(WRONG_TYPE);
    return;
  }
  if (type === TYPE_SET && options.keepsOrder && options.store > 0) {
    // A set has no order that would be the same everywhere: what is stored gets one.
    options.keepsOrder = false;
    options.isAlpha = true;
    options.by = null;
  }
  const size = sizeOf(client, ref);
  let first = Math.min(Math.max(options.offset, 0), size);
  const count = Math.min(options.count < 0 ? size : options.count, size - first);
  let elements: Texts;
  if (options.keepsOrder && type !== TYPE_SET) {
    elements = readElements(client, ref, first, count, { isReverse: options.isDescending });
    first = 0;
  } else {
    elements = readElements(client, ref, 0, size, { isReverse: false });
  }
  const order = sortedOrder(client, elements, options);
  if (order === null) client.reply.error(SORT_NOT_A_DOUBLE);
  else if (options.store > 0) store(client, args, options, elements, order.subarray(first, first + count));
  else reply(client, options, elements, order.subarray(first, first + count));
}

function reply(client: CommandClient, options: SortOptions, elements: Texts, order: Int32Array): void {
  const { db, reply, server: { keyspace } } = client;
  const { gets } = options;
  reply.array(order.length * Math.max(gets.length, 1));
  for (const index of order) {
    const start = elements.starts[index];
    const end = elements.ends[index];
    if (gets.length === 0) reply.bulk(elements.bytes, start, end);
    for (const get of gets) {
      if (get.find(keyspace, db, elements.bytes, start, end)) reply.bulk(get.bytes, get.start, get.end);
      else reply.null();
    }
  }
}

const destination = new ListValue();

function store(
  client: CommandClient,
  args: Arguments,
  options: SortOptions,
  elements: Texts,
  order: Int32Array,
): void {
  const { db, server: { keyspace, config } } = client;
  const key = args.starts[options.store];
  const keyEnd = args.ends[options.store];
  const stored = order.length * Math.max(options.gets.length, 1);
  if (stored > 0) {
    destination.create(keyspace, config.values);
    try {
      fill(client, options, elements, order);
      destination.settleLoaded();
      destination.putAt(db, args.buffer, key, keyEnd);
    } catch (error) {
      destination.discard();
      throw error;
    }
    db.changed("list", "sortstore", args.buffer, key, keyEnd);
    keyspace.dirty += stored - 1;
  } else if (db.remove(args.buffer, key, keyEnd)) {
    db.changed("generic", "del", args.buffer, key, keyEnd);
  }
  client.reply.integer(stored);
}

function fill(client: CommandClient, options: SortOptions, elements: Texts, order: Int32Array): void {
  const { db, server: { keyspace } } = client;
  const { items } = destination;
  const { gets } = options;
  for (const index of order) {
    const start = elements.starts[index];
    const end = elements.ends[index];
    if (gets.length === 0) items.pushTail(elements.bytes, start, end);
    for (const get of gets) {
      // What is not there is stored as an empty element.
      if (get.find(keyspace, db, elements.bytes, start, end)) items.pushTail(get.bytes, get.start, get.end);
      else items.pushTail(elements.bytes, 0, 0);
    }
  }
}

const sourceKey: KeySpec = keyAt(1, "RO", "access");
/** Keys named by BY and GET depend on the elements. */
const patternKeys: KeySpec = { flags: ["RO", "access"], begin: { unknown: true }, find: { unknown: true } };
const storeKey: KeySpec = { flags: ["OW", "update"], begin: { unknown: true }, find: { unknown: true } };

const sharedArguments: ArgumentDoc[] = [
  { name: "key", type: "key", keySpecIndex: 0 },
  { name: "by-pattern", type: "pattern", token: "BY", keySpecIndex: 1, optional: true },
  {
    name: "limit",
    type: "block",
    token: "LIMIT",
    optional: true,
    arguments: [{ name: "offset", type: "integer" }, { name: "count", type: "integer" }],
  },
  {
    name: "get-pattern",
    type: "pattern",
    token: "GET",
    keySpecIndex: 1,
    optional: true,
    multiple: true,
    multipleToken: true,
  },
  {
    name: "order",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "asc", type: "pure-token", token: "ASC" },
      { name: "desc", type: "pure-token", token: "DESC" },
    ],
  },
  { name: "sorting", type: "pure-token", token: "ALPHA", optional: true },
];

const COMPLEXITY =
  "O(N+M*log(M)) where N is the number of elements and M the number of elements given; O(N) where nothing is sorted";

export const sortCommands: CommandSpec[] = [
  {
    name: "sort",
    arity: -2,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["set", "sortedset", "list", "dangerous"],
    keySpecs: [sourceKey, patternKeys, storeKey],
    unknownKeys: sortDestination,
    since: "1.0.0",
    group: "generic",
    complexity: COMPLEXITY,
    summary: "Sorts the elements of a list, set or sorted set, and gives them or stores them as a list.",
    arguments: [
      ...sharedArguments,
      { name: "destination", type: "key", token: "STORE", keySpecIndex: 2, optional: true },
    ],
    handler: sort,
  },
  {
    name: "sort_ro",
    arity: -2,
    flags: ["readonly", "movablekeys"],
    categories: ["set", "sortedset", "list", "dangerous"],
    keySpecs: [sourceKey, patternKeys],
    since: "7.0.0",
    group: "generic",
    complexity: COMPLEXITY,
    summary: "Sorts the elements of a list, set or sorted set, and gives them.",
    arguments: sharedArguments,
    handler: sortRo,
  },
];
