// Decodes a stream of one block without groups, as small streams are, in one go. Whatever else it meets, damage too, it
// leaves to the long decoder (stream_decoder.ts). Hot while a dump loads: allocates nothing.
import { StreamBlockCheck } from "../../../structures/stream_check.ts";
import { StreamId } from "../../../structures/stream_id.ts";
import { LENGTH_64, RDB_TYPE_STREAM_LISTPACKS } from "../format.ts";
import type { RdbReader } from "../reader.ts";
import { type DecodeContext, INPUT_SHORT, RECORD_DONE } from "./decode_context.ts";

const ID_BYTES = 16;
const TWO_32 = 2 ** 32;

const check = new StreamBlockCheck();
const master = new StreamId();
const ignored = new StreamId();
const facts = { lastId: new StreamId(), maxDeletedId: new StreamId(), entriesAdded: -1 };

/** What `readWords` took: a length of 64 bits. */
let high = 0;
let low = 0;

export function decodeShortStream(context: DecodeContext, type: number): number {
  const { reader, first, second } = context;
  const from = reader.position;
  if (!reader.readPlainLength()) return INPUT_SHORT;
  const blocks = reader.length;
  if (blocks !== 1) return leave(reader, from, type);
  if (!reader.readString(first) || !reader.readString(second)) return INPUT_SHORT;
  if (!readFacts(reader, type) || !reader.readPlainLength()) return INPUT_SHORT;
  const groups = reader.length;
  if (groups !== 0 || first.length !== ID_BYTES) return leave(reader, from, type);
  master.loadBytes(first.bytes, first.start);
  const { bytes, start, end } = second;
  if (check.problem(master, bytes, start, end) !== "") return leave(reader, from, type);
  if (facts.lastId.compare(check.lastId) < 0) return leave(reader, from, type);
  if (context.keepsKey()) handOn(context, bytes, start, end);
  return RECORD_DONE;
}

function leave(reader: RdbReader, from: number, type: number): number {
  reader.position = from;
  return type;
}

/** The number of entries, which the block tells too, then ids and counters; false where they are not all there. */
function readFacts(reader: RdbReader, type: number): boolean {
  facts.entriesAdded = -1;
  facts.maxDeletedId.set(0, 0, 0, 0);
  if (!readWords(reader) || !readId(reader, facts.lastId)) return false;
  if (type === RDB_TYPE_STREAM_LISTPACKS) return true;
  // The first id follows from the entries.
  if (!readId(reader, ignored) || !readId(reader, facts.maxDeletedId) || !readWords(reader)) return false;
  facts.entriesAdded = (high >>> 0) * TWO_32 + (low >>> 0);
  return true;
}

function readId(reader: RdbReader, id: StreamId): boolean {
  if (!readWords(reader)) return false;
  const timeHigh = high;
  const timeLow = low;
  if (!readWords(reader)) return false;
  id.set(timeHigh, timeLow, high, low);
  return true;
}

function readWords(reader: RdbReader): boolean {
  const { bytes, position } = reader;
  if (!reader.readPlainLength()) return false;
  high = 0;
  low = reader.length | 0;
  if (bytes[position] === LENGTH_64) {
    high = bigEndian(bytes, position + 1);
    low = bigEndian(bytes, position + 5);
  }
  return true;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function handOn(context: DecodeContext, bytes: Uint8Array, start: number, end: number): void {
  const { streams } = context.sink;
  context.expectNew(streams.begin(context.key));
  let complete = false;
  try {
    streams.block(master, bytes, start, end, check.entries);
    streams.facts(facts);
    complete = true;
  } finally {
    if (!complete) streams.abort();
  }
  streams.end();
}
