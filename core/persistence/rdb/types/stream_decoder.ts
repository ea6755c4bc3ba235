// Decodes streams of all three versions: blocks of entries as listpacks, ids and counters, then groups with pending
// entries and consumers. Every block is checked; ids must ascend; each pending entry must have exactly one consumer.
import { READ_UNKNOWN } from "../../../structures/stream.ts";
import { StreamBlockCheck } from "../../../structures/stream_check.ts";
import { StreamId } from "../../../structures/stream_id.ts";
import { LENGTH_64, RDB_TYPE_STREAM_LISTPACKS, RDB_TYPE_STREAM_LISTPACKS_3 } from "../format.ts";
import type { RdbReader } from "../reader.ts";
import { DECODE_NEEDS_INPUT, DECODE_TIME_UP, type DecodeContext, type Decoding } from "./decode_context.ts";
import { READ_NOT_SAID, type StreamFacts, type StreamSink } from "./stream_sink.ts";

const ID_BYTES = 16;
const TIME_BYTES = 8;
const TWO_32 = 2 ** 32;

export function decodeStream(context: DecodeContext, type: number): Decoding {
  return new StreamDecoder(context, type).decode();
}

/** State of one stream's decoding, which may pause anywhere. */
class StreamDecoder {
  readonly #reader: RdbReader;
  readonly #sink: StreamSink;
  /** From version 2 on there are more counters, from version 3 on consumers tell when they were active. */
  readonly #hasCounters: boolean;
  readonly #hasActive: boolean;
  /** False where the key has expired: all is read and checked, nothing kept. */
  #keeps = false;
  readonly #id = new StreamId();
  readonly #previous = new StreamId();
  readonly #check = new StreamBlockCheck();
  readonly #facts: StreamFacts & { lastId: StreamId; maxDeletedId: StreamId } = {
    lastId: new StreamId(),
    maxDeletedId: new StreamId(),
    entriesAdded: -1,
  };
  #high = 0;
  #low = 0;

  constructor(private readonly context: DecodeContext, type: number) {
    this.#reader = context.reader;
    this.#sink = context.sink.streams;
    this.#hasCounters = type !== RDB_TYPE_STREAM_LISTPACKS;
    this.#hasActive = type === RDB_TYPE_STREAM_LISTPACKS_3;
  }

  *decode(): Decoding {
    const { context } = this;
    yield* context.takeLength();
    const blocks = this.#reader.length;
    this.#keeps = context.keepsKey();
    if (this.#keeps) context.expectNew(this.#sink.begin(context.key));
    let complete = false;
    try {
      yield* this.#blocks(blocks);
      yield* this.#counters(blocks);
      yield* context.takeLength();
      const groups = this.#reader.length;
      for (let group = 0; group < groups; group++) yield* this.#group();
      complete = true;
    } finally {
      if (this.#keeps && !complete) this.#sink.abort();
    }
    if (this.#keeps) this.#sink.end();
  }

  *#blocks(count: number): Decoding {
    const { context } = this;
    const { first, second, pacer } = context;
    const reader = this.#reader;
    for (let block = 0; block < count; block++) {
      if (pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!(reader.readString(first) && reader.readString(second))) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      const at = reader.itemOffset;
      if (first.length !== ID_BYTES) {
        throw context.error("RDB_BAD_VALUE", "a stream's block has a broken id", at);
      }
      const master = this.#id.loadBytes(first.bytes, first.start);
      if (block > 0 && master.compare(this.#previous) <= 0) {
        throw context.error("RDB_BAD_VALUE", "the blocks of a stream are not in order", at);
      }
      const { bytes, start, end } = second;
      context.check(this.#check.problem(master, bytes, start, end), at);
      this.#previous.copy(this.#check.lastId);
      if (this.#keeps) this.#sink.block(master, bytes, start, end, this.#check.entries);
    }
  }

  *#counters(blocks: number): Decoding {
    const { context } = this;
    const facts = this.#facts;
    const at = this.#reader.offset;
    yield* this.#words();
    if (blocks === 0 && (this.#high | this.#low) !== 0) {
      throw context.error("RDB_BAD_VALUE", "a stream without blocks says that it has entries", at);
    }
    yield* this.#idOfLengths(facts.lastId);
    if (blocks > 0 && facts.lastId.compare(this.#previous) < 0) {
      throw context.error("RDB_BAD_VALUE", "the last id of a stream is below that of an entry", at);
    }
    if (this.#hasCounters) {
      // The first id follows from the entries.
      yield* this.#idOfLengths(this.#id);
      yield* this.#idOfLengths(facts.maxDeletedId);
      yield* this.#words();
      facts.entriesAdded = this.#unsigned();
    }
    if (this.#keeps) this.#sink.facts(facts);
  }

  *#group(): Decoding {
    const { context } = this;
    const { first } = context;
    const at = this.#reader.offset;
    yield* context.takeString(first);
    first.own();
    const lastId = new StreamId();
    yield* this.#idOfLengths(lastId);
    let read = READ_NOT_SAID;
    if (this.#hasCounters) {
      yield* this.#words();
      read = this.#high < 0 ? READ_UNKNOWN : this.#unsigned();
    }
    if (this.#keeps && !this.#sink.group(first.bytes, first.start, first.end, lastId, read)) {
      throw context.error("RDB_BAD_VALUE", "a stream has two groups of the same name", at);
    }
    yield* context.takeLength();
    const pending = this.#reader.length;
    yield* this.#pending(pending);
    yield* context.takeLength();
    const consumers = this.#reader.length;
    let owned = 0;
    for (let consumer = 0; consumer < consumers; consumer++) {
      yield* this.#consumer();
      yield* context.takeLength();
      const count = this.#reader.length;
      yield* this.#owned(count);
      owned += count;
    }
    // None is claimed twice, so equal numbers mean that all are claimed.
    if (owned !== pending) {
      throw context.error(
        "RDB_BAD_VALUE",
        "the pending entries of a group are not those of its consumers",
        at,
      );
    }
  }

  *#pending(count: number): Decoding {
    const { context } = this;
    const reader = this.#reader;
    const id = this.#id;
    for (let entry = 0; entry < count; entry++) {
      if (context.pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!this.#readPending()) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      const from = reader.position - (reader.offset - reader.itemOffset);
      id.loadBytes(reader.bytes, from);
      if (entry > 0 && id.compare(this.#previous) <= 0) {
        throw context.error("RDB_BAD_VALUE", "the pending entries of a group are not in order");
      }
      this.#previous.copy(id);
      if (this.#keeps) this.#sink.pending(id, timeAt(reader.bytes, from + ID_BYTES), reader.length);
    }
  }

  /** Id, time and number of deliveries. */
  #readPending(): boolean {
    const reader = this.#reader;
    if (!reader.ready(ID_BYTES + TIME_BYTES)) return false;
    reader.position += ID_BYTES + TIME_BYTES;
    return reader.readPlainLength();
  }

  *#consumer(): Decoding {
    const { context } = this;
    const { first } = context;
    const reader = this.#reader;
    const at = reader.offset;
    yield* context.takeString(first);
    first.own();
    yield* context.takeBytes(TIME_BYTES);
    const seenAt = timeAt(reader.bytes, reader.position - TIME_BYTES);
    let activeAt = seenAt;
    if (this.#hasActive) {
      yield* context.takeBytes(TIME_BYTES);
      activeAt = timeAt(reader.bytes, reader.position - TIME_BYTES);
    }
    if (this.#keeps && !this.#sink.consumer(first.bytes, first.start, first.end, seenAt, activeAt)) {
      throw context.error("RDB_BAD_VALUE", "Duplicate stream consumer detected", at);
    }
  }

  *#owned(count: number): Decoding {
    const { context } = this;
    const reader = this.#reader;
    for (let entry = 0; entry < count; entry++) {
      if (context.pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!reader.ready(ID_BYTES)) yield DECODE_NEEDS_INPUT;
      const id = this.#id.loadBytes(reader.bytes, reader.position);
      reader.position += ID_BYTES;
      if (this.#keeps && !this.#sink.owned(id)) {
        throw context.error(
          "RDB_BAD_VALUE",
          "Stream consumer PEL entry already has a consumer assigned, or is not the group's",
        );
      }
    }
  }

  /** Takes a length of all 64 bits into `#high` and `#low`. */
  *#words(): Decoding {
    const reader = this.#reader;
    reader.mark();
    while (!reader.readPlainLength()) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
    const { bytes } = reader;
    const from = reader.position - (reader.offset - reader.itemOffset);
    if (bytes[from] === LENGTH_64) {
      this.#high = bigEndian(bytes, from + 1);
      this.#low = bigEndian(bytes, from + 5);
    } else {
      this.#high = 0;
      this.#low = reader.length | 0;
    }
  }

  /** What `#words` took as a number; rounded above 2^53. */
  #unsigned(): number {
    return (this.#high >>> 0) * TWO_32 + (this.#low >>> 0);
  }

  *#idOfLengths(id: StreamId): Decoding {
    yield* this.#words();
    const high = this.#high;
    const low = this.#low;
    yield* this.#words();
    id.set(high, low, this.#high, this.#low);
  }
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** A signed little-endian time in milliseconds; rounded above 2^53. */
function timeAt(bytes: Uint8Array, at: number): number {
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  const high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
  return high * TWO_32 + (low >>> 0);
}
