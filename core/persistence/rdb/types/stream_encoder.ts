// Encodes streams: their blocks are copies, the rest is written out. Versions below 11 do not know when consumers were
// active last.
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { IdTreeReader } from "../../../structures/id_tree_reader.ts";
import type { StreamId } from "../../../structures/stream_id.ts";
import {
  CONSUMER_ACTIVE_F64,
  CONSUMER_PENDING,
  CONSUMER_SEEN_F64,
  GROUP_CONSUMERS,
  GROUP_LAST_ID,
  GROUP_PENDING,
  GROUP_READ_F64,
  NAME_BYTES_AT,
  NAME_LENGTH,
  NAMES_COUNT,
  NAMES_REFS,
  PENDING_COUNT,
  PENDING_TIME_F64,
  STREAM_ADDED_F64,
  STREAM_BLOCKS,
  STREAM_FIRST_ID,
  STREAM_GROUPS,
  STREAM_LAST_ID,
  STREAM_LENGTH_F64,
  STREAM_MAX_DELETED_ID,
} from "../../../structures/stream_layout.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { LENGTH_64, RDB_TYPE_STREAM_LISTPACKS_2, RDB_TYPE_STREAM_LISTPACKS_3 } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

/** The first version with active times. */
const ACTIVE_VERSION = 11;
const ID_BYTES = 16;
const TIME_BYTES = 8;
const TWO_32 = 2 ** 32;

export class StreamEncoder implements TypeEncoder {
  readonly #tree: IdTreeReader;
  readonly #idBytes = new Uint8Array(ID_BYTES);

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#tree = new IdTreeReader(reader, () => writer.pollCancelled());
  }

  rdbType(_encoding: number, _meta: number, version: number): number {
    return version < ACTIVE_VERSION ? RDB_TYPE_STREAM_LISTPACKS_2 : RDB_TYPE_STREAM_LISTPACKS_3;
  }

  encode(value: Ref, rdbType: number): void {
    const { reader } = this;
    this.#blocks(value);
    this.#number(reader.f64(value * 2 + STREAM_LENGTH_F64));
    this.#idAt(value * 4 + STREAM_LAST_ID);
    this.#idAt(value * 4 + STREAM_FIRST_ID);
    this.#idAt(value * 4 + STREAM_MAX_DELETED_ID);
    this.#number(reader.f64(value * 2 + STREAM_ADDED_F64));
    const groups = reader.u32(value * 4 + STREAM_GROUPS);
    const count = this.#countOf(groups);
    this.writer.length(count);
    for (let index = 0; index < count; index++) {
      this.#group(reader.u32(groups * 4 + NAMES_REFS + index), rdbType);
    }
  }

  #blocks(value: Ref): void {
    const { reader, writer } = this;
    const tree = this.#tree.open(value * 4 + STREAM_BLOCKS);
    const { size } = tree;
    writer.length(size);
    let count = 0;
    while (tree.next()) {
      tree.id.storeBytes(this.#idBytes, 0);
      writer.string(this.#idBytes, 0, ID_BYTES);
      // A listpack begins with its length.
      writer.arenaString(reader, tree.value * 16, reader.u32(tree.value * 4));
      count++;
    }
    checkCount(count, size);
  }

  #group(group: Ref, rdbType: number): void {
    const { reader, writer } = this;
    writer.pollCancelled();
    this.#name(group);
    this.#idAt(group * 4 + GROUP_LAST_ID);
    this.#number(reader.f64(group * 2 + GROUP_READ_F64));
    const tree = this.#tree.open(group * 4 + GROUP_PENDING);
    const { size } = tree;
    writer.length(size);
    let count = 0;
    while (tree.next()) {
      this.#rawId(tree.id);
      this.#time(reader.f64(tree.value * 2 + PENDING_TIME_F64));
      writer.length(reader.u32(tree.value * 4 + PENDING_COUNT));
      count++;
    }
    checkCount(count, size);
    const consumers = reader.u32(group * 4 + GROUP_CONSUMERS);
    const consumerCount = this.#countOf(consumers);
    writer.length(consumerCount);
    for (let index = 0; index < consumerCount; index++) {
      this.#consumer(reader.u32(consumers * 4 + NAMES_REFS + index), rdbType);
    }
  }

  #consumer(consumer: Ref, rdbType: number): void {
    const { reader, writer } = this;
    writer.pollCancelled();
    this.#name(consumer);
    this.#time(reader.f64(consumer * 2 + CONSUMER_SEEN_F64));
    if (rdbType === RDB_TYPE_STREAM_LISTPACKS_3) {
      this.#time(reader.f64(consumer * 2 + CONSUMER_ACTIVE_F64));
    }
    const tree = this.#tree.open(consumer * 4 + CONSUMER_PENDING);
    const { size } = tree;
    writer.length(size);
    let count = 0;
    while (tree.next()) {
      this.#rawId(tree.id);
      count++;
    }
    checkCount(count, size);
  }

  #countOf(names: Ref): number {
    return names === 0 ? 0 : this.reader.u32(names * 4 + NAMES_COUNT);
  }

  #name(ref: Ref): void {
    const { reader } = this;
    this.writer.arenaString(reader, ref * 16 + NAME_BYTES_AT, reader.u32(ref * 4 + NAME_LENGTH));
  }

  /** The id at a word of the arena, as two lengths. */
  #idAt(word: number): void {
    const { reader } = this;
    this.#length(reader.u32(word), reader.u32(word + 1));
    this.#length(reader.u32(word + 2), reader.u32(word + 3));
  }

  #rawId(id: StreamId): void {
    const { writer } = this;
    writer.room(ID_BYTES);
    id.storeBytes(writer.bytes, writer.position);
    writer.position += ID_BYTES;
  }

  /** A time in milliseconds as a signed little-endian integer. */
  #time(ms: number): void {
    const { writer } = this;
    writer.room(TIME_BYTES);
    const { bytes, position } = writer;
    const high = Math.floor(ms / TWO_32) | 0;
    const low = ms % TWO_32 | 0;
    for (let byte = 0; byte < 4; byte++) {
      bytes[position + byte] = low >>> (byte * 8);
      bytes[position + 4 + byte] = high >>> (byte * 8);
    }
    writer.position = position + TIME_BYTES;
  }

  /** A counter as a length; -1 is all ones. */
  #number(value: number): void {
    if (value < 0) this.#length(2 ** 32 - 1, 2 ** 32 - 1);
    else this.writer.length(value);
  }

  /** An unsigned integer of two words as a length. */
  #length(high: number, low: number): void {
    const { writer } = this;
    if (high === 0) {
      writer.length(low);
      return;
    }
    writer.room(9);
    const { bytes, position } = writer;
    bytes[position] = LENGTH_64;
    for (let byte = 0; byte < 4; byte++) {
      bytes[position + 1 + byte] = high >>> (24 - byte * 8);
      bytes[position + 5 + byte] = low >>> (24 - byte * 8);
    }
    writer.position = position + 9;
  }
}

function checkCount(count: number, size: number): void {
  if (count !== size) throw new Error(`an id tree of ${size} ids had ${count} when it was walked`);
}
