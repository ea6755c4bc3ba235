// Ids and entries as replies. Called by all stream commands that read. Hot: nothing is allocated.
import type { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import type { StreamCursor } from "../../core/structures/stream_cursor.ts";
import { STREAM_ID_TEXT_BYTES_MAX, StreamId } from "../../core/structures/stream_id.ts";
import { stream } from "./stream_lookup.ts";

const text = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);

export const MIN_ID: StreamId = new StreamId();
export const MAX_ID: StreamId = new StreamId().setMax();

/** A bulk string "ms-seq". */
export function replyId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(text, 0, id.format(text, 0));
}

/** The cursor's entry: its id, then fields and values by turns. */
export function replyEntry(reply: ReplyWriter, cursor: StreamCursor): void {
  const { pairs, field, value } = cursor;
  reply.array(2);
  replyId(reply, cursor.id);
  reply.array(pairs * 2);
  for (let pair = 0; pair < pairs; pair++) {
    cursor.nextPair();
    reply.bulk(field.bytes, field.start, field.end);
    reply.bulk(value.bytes, value.start, value.end);
  }
}

/** The entries of an opened cursor as an array, at most `count` of them (0 = all). */
export function replyEntries(reply: ReplyWriter, cursor: StreamCursor, count: number): void {
  const mark = reply.beginArray();
  let written = 0;
  while ((count === 0 || written < count) && cursor.next()) {
    replyEntry(reply, cursor);
    written++;
  }
  reply.endArray(mark, written);
}

/** The entry with this id of the stream that was opened; false, and no reply, where it is absent. */
export function replyEntryOf(reply: ReplyWriter, id: StreamId): boolean {
  const cursor = stream.cursor.openForward(stream.root, id, id);
  if (!cursor.next()) return false;
  replyEntry(reply, cursor);
  return true;
}

/** A whole number that may be beyond 2^53, where it is rounded. */
export function replyCount(reply: ReplyWriter, count: number): void {
  if (Number.isSafeInteger(count)) reply.integer(count);
  else reply.integer64(BigInt.asIntN(64, BigInt(Math.min(count, INT64_MAX))));
}

/** The largest double below 2^63. */
const INT64_MAX = 2 ** 63 - 1024;
