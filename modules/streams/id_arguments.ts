// Stream ids among a command's arguments, with the error replies that Valkey gives; false means: the error has been
// replied. Called by all stream commands. Hot: reading an id allocates nothing.
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { INVALID_STREAM_ID, STREAM_INTERVAL_END, STREAM_INTERVAL_START } from "../../core/protocol/errors.ts";
import { StreamId } from "../../core/structures/stream_id.ts";

/** Longer texts are no ids. */
const TEXT_BYTES_MAX = 127;
const DASH = 0x2d;
const PLUS = 0x2b;
const STAR = 0x2a;
const OPENING = 0x28;

/** What becomes of the sequence number where an id is only milliseconds: 0 or the highest one. */
export type MissingSequence = "lowest" | "highest";

/** The sequence number was `*`; of the last id that `parseId` took. */
export let sequenceIsOpen = false;

/** Takes "ms" or "ms-seq" (or "ms-*", see `sequenceIsOpen`); false where the argument is no such id. */
export function parseId(args: Arguments, index: number, id: StreamId, missing: MissingSequence): boolean {
  return parseSpan(args.buffer, args.starts[index], args.ends[index], id, missing, true);
}

/** The same without "ms-*". */
export function parseStrictId(args: Arguments, index: number, id: StreamId): boolean {
  return parseSpan(args.buffer, args.starts[index], args.ends[index], id, "lowest", false);
}

/** An id that must be complete or milliseconds only: "-" and "+" are none. */
export function idArgument(client: CommandClient, args: Arguments, index: number, id: StreamId): boolean {
  if (parseSpan(args.buffer, args.starts[index], args.ends[index], id, "lowest", false)) return true;
  client.reply.error(INVALID_STREAM_ID);
  return false;
}

/** An id, or "-" for the lowest, or "+" for the highest. */
export function idOrEdgeArgument(
  client: CommandClient,
  args: Arguments,
  index: number,
  id: StreamId,
): boolean {
  return spanOrEdge(client, args, index, id, "lowest");
}

/** The first id of an interval: "-" is the lowest, "(id" the one behind. */
export function startArgument(client: CommandClient, args: Arguments, index: number, id: StreamId): boolean {
  if (!isExclusive(args, index)) return spanOrEdge(client, args, index, id, "lowest");
  if (!exclusive(client, args, index, id, "lowest")) return false;
  if (id.increment()) return true;
  client.reply.error(STREAM_INTERVAL_START);
  return false;
}

/** The last id of an interval: "+" is the highest, "(id" the one before. */
export function endArgument(client: CommandClient, args: Arguments, index: number, id: StreamId): boolean {
  if (!isExclusive(args, index)) return spanOrEdge(client, args, index, id, "highest");
  if (!exclusive(client, args, index, id, "highest")) return false;
  if (id.decrement()) return true;
  client.reply.error(STREAM_INTERVAL_END);
  return false;
}

/** Ids from argument `first` to `last`, all or none of them. Kept for the next call. */
export class IdList {
  #ids: StreamId[] = [];
  count = 0;

  at(index: number): StreamId {
    return this.#ids[index];
  }

  /** A place for one more. */
  add(): StreamId {
    if (this.count === this.#ids.length) this.#ids.push(new StreamId());
    return this.#ids[this.count++];
  }

  clear(): void {
    this.count = 0;
    if (this.#ids.length > KEPT_IDS_MAX) this.#ids = [];
  }

  /** False after the error reply. */
  read(client: CommandClient, args: Arguments, first: number, last: number): boolean {
    this.clear();
    for (let index = first; index <= last; index++) {
      if (!idArgument(client, args, index, this.add())) return false;
    }
    return true;
  }
}

const KEPT_IDS_MAX = 1024;

function isExclusive(args: Arguments, index: number): boolean {
  return args.length(index) > 1 && args.buffer[args.starts[index]] === OPENING;
}

function exclusive(
  client: CommandClient,
  args: Arguments,
  index: number,
  id: StreamId,
  missing: MissingSequence,
): boolean {
  if (parseSpan(args.buffer, args.starts[index] + 1, args.ends[index], id, missing, false)) return true;
  client.reply.error(INVALID_STREAM_ID);
  return false;
}

function spanOrEdge(
  client: CommandClient,
  args: Arguments,
  index: number,
  id: StreamId,
  missing: MissingSequence,
): boolean {
  const start = args.starts[index];
  if (args.length(index) === 1) {
    const byte = args.buffer[start];
    if (byte === DASH || byte === PLUS) {
      if (byte === DASH) id.setMin();
      else id.setMax();
      return true;
    }
  }
  if (parseSpan(args.buffer, start, args.ends[index], id, missing, false)) return true;
  client.reply.error(INVALID_STREAM_ID);
  return false;
}

function parseSpan(
  buffer: Uint8Array,
  start: number,
  end: number,
  id: StreamId,
  missing: MissingSequence,
  mayBeOpen: boolean,
): boolean {
  sequenceIsOpen = false;
  if (end - start > TEXT_BYTES_MAX) return false;
  let dash = start;
  while (dash < end && buffer[dash] !== DASH) dash++;
  if (!id.parseMs(buffer, start, dash)) return false;
  if (dash === end) {
    id.seqHigh = id.seqLow = missing === "lowest" ? 0 : -1;
    return true;
  }
  if (mayBeOpen && end - dash === 2 && buffer[dash + 1] === STAR) {
    sequenceIsOpen = true;
    id.seqHigh = id.seqLow = 0;
    return true;
  }
  return id.parseSeq(buffer, dash + 1, end);
}
