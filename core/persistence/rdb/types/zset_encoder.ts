// Encodes sorted sets: a listpack is a copy of its bytes, an index goes member by member from the highest to the lowest,
// so that whoever loads it adds each one in front.
import { ENCODING_LISTPACK } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { OrderedIndexReader } from "../../../structures/ordered_index_reader.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { RDB_TYPE_ZSET_2, RDB_TYPE_ZSET_LISTPACK } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

export class ZsetEncoder implements TypeEncoder {
  readonly #index: OrderedIndexReader;
  readonly #score = new DataView(new ArrayBuffer(8));

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#index = new OrderedIndexReader(reader, () => writer.pollCancelled());
  }

  rdbType(encoding: number): number {
    return encoding === ENCODING_LISTPACK ? RDB_TYPE_ZSET_LISTPACK : RDB_TYPE_ZSET_2;
  }

  encode(value: Ref, _rdbType: number, encoding: number): void {
    // A listpack begins with its length.
    if (encoding === ENCODING_LISTPACK) {
      this.writer.arenaString(this.reader, value * 16, this.reader.u32(value * 4));
    } else {
      this.#members(value);
    }
  }

  #members(root: Ref): void {
    const { reader, writer } = this;
    const index = this.#index.open(root);
    const size = index.size;
    writer.length(size);
    let count = 0;
    for (; index.next(); count++) {
      writer.arenaString(reader, index.memberAddress, index.memberLength);
      this.#double(index.score);
    }
    if (count !== size) {
      throw new Error(`an ordered index of ${size} members had ${count} when it was walked`);
    }
  }

  /** Eight bytes, the least significant first. */
  #double(value: number): void {
    const { writer } = this;
    const view = this.#score;
    writer.room(8);
    view.setFloat64(0, value, true);
    for (let at = 0; at < 8; at++) writer.bytes[writer.position + at] = view.getUint8(at);
    writer.position += 8;
  }
}
