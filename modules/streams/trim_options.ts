// MAXLEN, MINID and LIMIT of XADD and XTRIM: reading them and doing what they say.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  INVALID_STREAM_ID,
  STREAM_LIMIT_ALONE,
  STREAM_LIMIT_EXACT,
  STREAM_LIMIT_NEGATIVE,
  STREAM_MAXLEN_NEGATIVE,
  STREAM_TRIM_MISSING,
  STREAM_TRIM_TWICE,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import type { TrimPrecision } from "../../core/structures/stream.ts";
import { StreamId } from "../../core/structures/stream_id.ts";
import { idArgument, parseId, sequenceIsOpen } from "./id_arguments.ts";
import { stream } from "./stream_lookup.ts";

const NO_TRIM = 0;
const BY_LENGTH = 1;
const BY_ID = 2;

/** Entries that an approximate trim deletes at most, where no LIMIT is given: as many as this many full blocks have. */
const LIMIT_BLOCKS = 100;
const LIMIT_DEFAULT = 10_000;
const LIMIT_DEFAULT_MAX = 1_000_000;

/** What one command asked for; the handlers share it. */
class AddOptions {
  strategy = NO_TRIM;
  precision: TrimPrecision = "exactly";
  lengthMax = 0;
  readonly least = new StreamId();
  limit = 0;
  /** Index of the argument with the length or the id to trim to; 0 where there is none. */
  trimIndex = 0;
  /** What LIMIT said, -1 where it was not given. */
  limitGiven = -1;
  /** XADD NOMKSTREAM. */
  noStream = false;
  /** XADD's id; not given where it was `*`. */
  idGiven = false;
  sequenceGiven = false;
  readonly id = new StreamId();

  clear(): void {
    this.strategy = NO_TRIM;
    this.precision = "exactly";
    this.lengthMax = 0;
    this.limit = 0;
    this.trimIndex = 0;
    this.limitGiven = -1;
    this.noStream = false;
    this.idGiven = false;
    this.sequenceGiven = false;
  }
}

export const addOptions: AddOptions = new AddOptions();

/** Whether a trim was asked for. */
export function trims(): boolean {
  return addOptions.strategy !== NO_TRIM;
}

/** Whether it is the length that is limited, not the ids. */
export function trimsByLength(): boolean {
  return addOptions.strategy === BY_LENGTH;
}

/** Trims the stream that was opened; returns how many entries went. */
export function trim(): number {
  const { strategy, precision, lengthMax, least, limit } = addOptions;
  return strategy === BY_LENGTH
    ? stream.entries.trimToLength(lengthMax, precision, limit)
    : stream.entries.trimBelow(least, precision, limit);
}

/** Reads XADD's options and id into `addOptions`; returns the id's index, -1 after an error reply. */
export function parseAddOptions(client: CommandClient, args: Arguments): number {
  addOptions.clear();
  for (let index = 2; index < args.count; index++) {
    if (isByte(args, index, 0x2a)) return settleLimit(client) ? index : -1;
    const after = parseTrimOption(client, args, index);
    if (after < 0) return -1;
    if (after > 0) index = after - 1;
    else if (args.is(index, "nomkstream")) addOptions.noStream = true;
    else {
      if (!parseId(args, index, addOptions.id, "lowest")) {
        client.reply.error(INVALID_STREAM_ID);
        return -1;
      }
      addOptions.idGiven = true;
      addOptions.sequenceGiven = !sequenceIsOpen;
      return settleLimit(client) ? index : -1;
    }
  }
  return settleLimit(client) ? args.count : -1;
}

/** Reads XTRIM's options into `addOptions`; false after an error reply. */
export function parseTrimOptions(client: CommandClient, args: Arguments): boolean {
  addOptions.clear();
  for (let index = 2; index < args.count; index++) {
    const after = parseTrimOption(client, args, index);
    if (after < 0) return false;
    if (after === 0) {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
    index = after - 1;
  }
  if (addOptions.strategy === NO_TRIM && addOptions.limitGiven <= 0) {
    client.reply.error(STREAM_TRIM_MISSING);
    return false;
  }
  return settleLimit(client);
}

/** Index behind the option at `index`; 0 where it is none, -1 after an error reply. */
function parseTrimOption(client: CommandClient, args: Arguments, index: number): number {
  if (index + 1 >= args.count) return 0;
  if (args.is(index, "maxlen")) return parseStrategy(client, args, index, BY_LENGTH);
  if (args.is(index, "minid")) return parseStrategy(client, args, index, BY_ID);
  if (!args.is(index, "limit")) return 0;
  const limit = integerArgument(client, args, index + 1);
  if (limit !== limit) return -1;
  if (limit < 0) {
    client.reply.error(STREAM_LIMIT_NEGATIVE);
    return -1;
  }
  addOptions.limitGiven = limit;
  return index + 2;
}

function parseStrategy(client: CommandClient, args: Arguments, index: number, strategy: number): number {
  if (addOptions.strategy !== NO_TRIM) {
    client.reply.error(STREAM_TRIM_TWICE);
    return -1;
  }
  let at = index + 1;
  addOptions.precision = "exactly";
  if (at + 1 < args.count) {
    if (isByte(args, at, 0x7e)) {
      addOptions.precision = "about";
      at++;
    } else if (isByte(args, at, 0x3d)) {
      at++;
    }
  }
  if (strategy === BY_LENGTH) {
    addOptions.lengthMax = integerArgument(client, args, at);
    if (addOptions.lengthMax !== addOptions.lengthMax) return -1;
    if (addOptions.lengthMax < 0) {
      client.reply.error(STREAM_MAXLEN_NEGATIVE);
      return -1;
    }
  } else if (!idArgument(client, args, at, addOptions.least)) {
    return -1;
  }
  addOptions.strategy = strategy;
  addOptions.trimIndex = at;
  return at + 1;
}

/** Decides how many entries may go; false after an error reply. */
function settleLimit(client: CommandClient): boolean {
  const given = addOptions.limitGiven;
  if (given > 0 && addOptions.strategy === NO_TRIM) {
    client.reply.error(STREAM_LIMIT_ALONE);
    return false;
  }
  // What a log or a primary says was rewritten: the threshold is where the trim ended, and no limit holds.
  if (client.kind === "master") return true;
  if (given >= 0) {
    if (addOptions.precision === "exactly") {
      client.reply.error(STREAM_LIMIT_EXACT);
      return false;
    }
    addOptions.limit = given;
  } else if (addOptions.precision === "about") {
    const entries = LIMIT_BLOCKS * client.server.config.values.streamNodeMaxEntries;
    addOptions.limit = entries <= 0 ? LIMIT_DEFAULT : Math.min(entries, LIMIT_DEFAULT_MAX);
  }
  return true;
}

function isByte(args: Arguments, index: number, byte: number): boolean {
  return args.length(index) === 1 && args.buffer[args.starts[index]] === byte;
}
