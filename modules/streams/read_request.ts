// The arguments of XREAD and XREADGROUP: reading and checking them, before anything is served.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { timeoutMillisecondsArgument } from "../../core/commands/timeout_argument.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  noKeyOrGroup,
  STREAM_KEY_GONE,
  SYNTAX_ERROR,
  unbalancedStreams,
  WRONG_TYPE,
  XREAD_GROUP,
  XREAD_NEW_ID,
  XREAD_NOACK,
  XREADGROUP_GROUP_MISSING,
  XREADGROUP_LAST_ID,
} from "../../core/protocol/errors.ts";
import { idArgument, IdList } from "./id_arguments.ts";
import { ABSENT, findGroup, openStream, REFUSED, stream } from "./stream_lookup.ts";

const DOLLAR = 0x24;
const GREATER = 0x3e;

/** What one command asked for; the handlers share it. */
class ReadRequest {
  /** Milliseconds, -1 = do not wait. */
  timeoutMs = -1;
  /** Entries of each stream at most, 0 = all. */
  count = 0;
  noAck = false;
  /** Indexes of the arguments with the group's and the consumer's name, 0 for XREAD. */
  group = 0;
  consumer = 0;
  /** Index of the first key, and how many there are. Their ids follow. */
  firstKey = 0;
  streams = 0;
  /** The ids behind which to read, one a stream; the highest id means "what is new to the group". */
  readonly ids = new IdList();
  /** Whether some id was `$`. */
  hasLast = false;
}

export const request: ReadRequest = new ReadRequest();

/** Arguments of commands that have waited: when they run again, their errors say why. */
export const waited: WeakSet<Arguments> = new WeakSet();

/** Reads options, keys and ids into `request`; false after an error reply. */
export function parseRequest(client: CommandClient, args: Arguments, name: "xread" | "xreadgroup"): boolean {
  const isGroup = name === "xreadgroup";
  request.timeoutMs = -1;
  request.count = 0;
  request.noAck = false;
  request.group = request.firstKey = 0;
  const problem = parseOptions(client, args, isGroup);
  if (problem !== "") {
    if (problem !== REPLIED) client.reply.error(problem);
    return false;
  }
  return parseIds(client, args, isGroup);
}

/** As a problem: the error has been replied. */
const REPLIED = "-";

function parseOptions(client: CommandClient, args: Arguments, isGroup: boolean): string {
  for (let index = 1; index < args.count && request.firstKey === 0; index++) {
    const more = args.count - index - 1;
    if (args.is(index, "block") && more >= 1) {
      request.timeoutMs = timeoutMillisecondsArgument(client, args, ++index);
      if (request.timeoutMs !== request.timeoutMs) return REPLIED;
    } else if (args.is(index, "count") && more >= 1) {
      const count = integerArgument(client, args, ++index);
      if (count !== count) return REPLIED;
      request.count = Math.max(count, 0);
    } else if (args.is(index, "streams") && more >= 1) {
      if (more % 2 !== 0) return unbalancedStreams(isGroup ? "xreadgroup" : "xread");
      request.firstKey = index + 1;
      request.streams = more / 2;
    } else if (args.is(index, "group") && more >= 2) {
      if (!isGroup) return XREAD_GROUP;
      request.group = index + 1;
      request.consumer = index + 2;
      index += 2;
    } else if (args.is(index, "noack")) {
      if (!isGroup) return XREAD_NOACK;
      request.noAck = true;
    } else {
      return SYNTAX_ERROR;
    }
  }
  if (request.firstKey === 0) return SYNTAX_ERROR;
  return isGroup && request.group === 0 ? XREADGROUP_GROUP_MISSING : "";
}

function parseIds(client: CommandClient, args: Arguments, isGroup: boolean): boolean {
  const { ids, firstKey, streams } = request;
  ids.clear();
  request.hasLast = false;
  for (let key = firstKey; key < firstKey + streams; key++) {
    const found = openStream(client, args, key, waited.has(args) ? WRONG_TYPE + STREAM_KEY_GONE : WRONG_TYPE);
    if (found === REFUSED) return false;
    if (isGroup && (found === ABSENT || findGroup(args, request.group) === 0)) {
      replyNoGroup(client, args, key, found === ABSENT && waited.has(args));
      return false;
    }
    const at = key + streams;
    const id = ids.add();
    if (isByte(args, at, DOLLAR)) {
      if (isGroup) {
        client.reply.error(XREADGROUP_LAST_ID);
        return false;
      }
      request.hasLast = true;
      if (found === ABSENT) id.setMin();
      else stream.entries.readLastId(id);
    } else if (isByte(args, at, GREATER)) {
      if (!isGroup) {
        client.reply.error(XREAD_NEW_ID);
        return false;
      }
      id.setMax();
    } else if (!idArgument(client, args, at, id)) {
      return false;
    }
  }
  return true;
}

function replyNoGroup(client: CommandClient, args: Arguments, key: number, isGone: boolean): void {
  const text = `${
    noKeyOrGroup(args.latin1(key), args.latin1(request.group))
  } in XREADGROUP with GROUP option`;
  client.reply.error(isGone ? text + STREAM_KEY_GONE : text);
}

function isByte(args: Arguments, index: number, byte: number): boolean {
  return args.length(index) === 1 && args.buffer[args.starts[index]] === byte;
}
