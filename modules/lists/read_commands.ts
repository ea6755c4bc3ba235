// Commands that read lists: LLEN, LINDEX, LRANGE, LPOS. LRANGE is hot: it allocates nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument, leastArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { COUNT_NEGATIVE, MAXLEN_NEGATIVE, RANK_IS_ZERO, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ELEMENT, KEY } from "./argument_docs.ts";
import { ABSENT, list, OPEN, openList, REFUSED } from "./list_lookup.ts";
import { symmetricArgument } from "./symmetric_argument.ts";

function llen(client: CommandClient, args: Arguments): void {
  const found = openList(client, args);
  if (found !== REFUSED) client.reply.integer(found === ABSENT ? 0 : list.size);
}

function lindex(client: CommandClient, args: Arguments): void {
  const found = openList(client, args);
  if (found === ABSENT) client.reply.null();
  if (found !== OPEN) return;
  const index = integerArgument(client, args, 2);
  if (index !== index) return;
  const { items } = list;
  if (!items.seek(index)) {
    client.reply.null();
    return;
  }
  items.read();
  client.reply.bulk(items.bytes, items.start, items.end);
}

function lrange(client: CommandClient, args: Arguments): void {
  let start = integerArgument(client, args, 2);
  if (start !== start) return;
  let stop = integerArgument(client, args, 3);
  if (stop !== stop) return;
  const found = openList(client, args);
  if (found === REFUSED) return;
  const size = found === ABSENT ? 0 : list.size;
  if (start < 0) start = Math.max(start + size, 0);
  if (stop < 0) stop += size;
  const count = Math.min(stop, size - 1) - start + 1;
  if (count <= 0) client.reply.emptyArray();
  else replyRange(client, start, count);
}

function replyRange(client: CommandClient, start: number, count: number): void {
  const { items } = list;
  const { reply } = client;
  reply.array(count);
  items.seek(start);
  for (let left = count; left > 0; left--) {
    items.read();
    reply.bulk(items.bytes, items.start, items.end);
    items.next();
  }
}

/** The options of LPOS; one object, set anew by each command. */
const search = { rank: 1, count: -1, maxLength: 0 };

function lpos(client: CommandClient, args: Arguments): void {
  if (!parseSearch(client, args)) return;
  const found = openList(client, args);
  if (found === REFUSED) return;
  if (found === OPEN) {
    list.items.prepareNeedle(args.buffer, args.starts[2], args.ends[2]);
    if (search.count < 0) replyPosition(client);
    else replyPositions(client);
  } else if (search.count < 0) client.reply.null();
  else client.reply.emptyArray();
}

function parseSearch(client: CommandClient, args: Arguments): boolean {
  search.rank = 1;
  search.count = -1;
  search.maxLength = 0;
  for (let index = 3; index < args.count; index += 2) {
    const hasValue = index + 1 < args.count;
    let value: number;
    if (hasValue && args.is(index, "rank")) {
      value = search.rank = symmetricArgument(client, args, index + 1);
      if (value === 0) {
        client.reply.error(RANK_IS_ZERO);
        return false;
      }
    } else if (hasValue && args.is(index, "count")) {
      value = search.count = leastArgument(client, args, index + 1, 0, COUNT_NEGATIVE);
    } else if (hasValue && args.is(index, "maxlen")) {
      value = search.maxLength = leastArgument(client, args, index + 1, 0, MAXLEN_NEGATIVE);
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
    if (value !== value) return false;
  }
  return true;
}

function replyPosition(client: CommandClient): void {
  beginSearch();
  if (nextMatch()) client.reply.integer(matchIndex);
  else client.reply.null();
}

function replyPositions(client: CommandClient): void {
  const { reply } = client;
  const mark = reply.beginArray();
  let count = 0;
  beginSearch();
  while ((search.count === 0 || count < search.count) && nextMatch()) {
    reply.integer(matchIndex);
    count++;
  }
  reply.endArray(mark, count);
}

// Where the search is: at an element, `skip` matches before the first that counts, `left` elements to compare.
let matchIndex = 0;
let comparesLeft = 0;
let matchesToSkip = 0;
let hasElement = false;

function beginSearch(): void {
  const { size } = list;
  const isReverse = search.rank < 0;
  matchIndex = isReverse ? size : -1;
  comparesLeft = search.maxLength === 0 ? size : Math.min(search.maxLength, size);
  matchesToSkip = Math.abs(search.rank) - 1;
  hasElement = false;
}

/** Moves on to the next match that counts; false where there is none. */
function nextMatch(): boolean {
  const { items } = list;
  const isReverse = search.rank < 0;
  while (comparesLeft > 0) {
    comparesLeft--;
    if (!hasElement) hasElement = items.seek(isReverse ? -1 : 0);
    else if (isReverse) items.previous();
    else items.next();
    matchIndex += isReverse ? -1 : 1;
    if (!items.matches()) continue;
    if (matchesToSkip === 0) return true;
    matchesToSkip--;
  }
  return false;
}

export const readCommands: CommandSpec[] = [
  {
    name: "llen",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RO"),
    since: "1.0.0",
    group: "list",
    complexity: "O(1)",
    summary: "Counts the elements of a list.",
    arguments: [KEY],
    handler: llen,
  },
  {
    name: "lindex",
    arity: 3,
    flags: ["readonly"],
    categories: ["list"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements between the element and the nearer end",
    summary: "Gives the element at an index, counted from the end where it is negative.",
    arguments: [
      KEY,
      { name: "index", type: "integer" },
    ],
    handler: lindex,
  },
  {
    name: "lrange",
    arity: 4,
    flags: ["readonly"],
    categories: ["list"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "list",
    complexity:
      "O(S+N) where S is the distance from the nearer end to the first and N the number of elements given",
    summary: "Gives the elements between two indexes.",
    arguments: [
      KEY,
      { name: "start", type: "integer" },
      { name: "stop", type: "integer" },
    ],
    handler: lrange,
  },
  {
    name: "lpos",
    arity: -3,
    flags: ["readonly"],
    categories: ["list"],
    keySpecs: oneKey("RO", "access"),
    since: "6.0.6",
    group: "list",
    complexity: "O(N) where N is the number of elements looked at",
    summary: "Gives the index of an element that is equal to a given one, or of several.",
    arguments: [
      KEY,
      ELEMENT,
      { name: "rank", type: "integer", token: "RANK", optional: true },
      { name: "num-matches", type: "integer", token: "COUNT", optional: true },
      { name: "len", type: "integer", token: "MAXLEN", optional: true },
    ],
    handler: lpos,
  },
];
