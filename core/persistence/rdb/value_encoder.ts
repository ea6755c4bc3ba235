// Encodes the value of one entry: what follows the key in an RDB stream, and what a DUMP payload holds. A new value
// type gets its branch here. Hot: strings and small hashes; nothing is allocated per value.
import {
  ENCODING_LISTPACK,
  encodingOf,
  FLAG_EXTERNAL,
  inlineValueOffset,
  TYPE_HASH,
  TYPE_STRING,
  typeOf,
  valueRefWord,
  WORD_VALUE_LENGTH,
} from "../../keyspace/entry_layout.ts";
import type { Ref } from "../../memory/arena_layout.ts";
import type { ArenaReader } from "../../memory/arena_reader.ts";
import { FIELD_HEADER_BYTES } from "../../structures/field_table.ts";
import { HashTableReader } from "../../structures/hashtable_reader.ts";
import type { ChunkWriter } from "./chunk_writer.ts";
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK, RDB_TYPE_STRING } from "./format.ts";

/** The RDB type of an entry with this meta word. */
export function rdbTypeOf(meta: number): number {
  switch (typeOf(meta)) {
    case TYPE_STRING:
      return RDB_TYPE_STRING;
    case TYPE_HASH:
      return encodingOf(meta) === ENCODING_LISTPACK ? RDB_TYPE_HASH_LISTPACK : RDB_TYPE_HASH;
  }
  throw new Error(`an entry of type ${typeOf(meta)} has no RDB type`);
}

export class ValueEncoder {
  readonly #fields: HashTableReader;

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#fields = new HashTableReader(reader, () => writer.pollCancelled());
  }

  /** The value of the entry at `ref`, whose meta word and key length are given. */
  value(ref: Ref, meta: number, keyLength: number): void {
    if (typeOf(meta) === TYPE_STRING) {
      const length = this.reader.u32(ref * 4 + WORD_VALUE_LENGTH);
      const address = (meta & FLAG_EXTERNAL) === 0
        ? ref * 16 + inlineValueOffset(meta, keyLength)
        : this.#valueRef(ref, meta, keyLength) * 16;
      this.writer.arenaString(this.reader, address, length);
    } else if (encodingOf(meta) === ENCODING_LISTPACK) {
      // A listpack begins with its length.
      const listpack = this.#valueRef(ref, meta, keyLength);
      this.writer.arenaString(this.reader, listpack * 16, this.reader.u32(listpack * 4));
    } else {
      this.#hashTable(this.#valueRef(ref, meta, keyLength));
    }
  }

  #valueRef(ref: Ref, meta: number, keyLength: number): Ref {
    return this.reader.u32(ref * 4 + valueRefWord(meta, keyLength));
  }

  #hashTable(root: Ref): void {
    const { reader, writer } = this;
    const fields = this.#fields.open(root);
    const size = fields.size;
    writer.length(size);
    let count = 0;
    for (let ref = fields.next(); ref !== 0; ref = fields.next()) {
      const fieldLength = reader.u32(ref * 4);
      const valueLength = reader.u32(ref * 4 + 1);
      const address = ref * 16 + FIELD_HEADER_BYTES;
      writer.arenaString(reader, address, fieldLength);
      writer.arenaString(reader, address + fieldLength, valueLength);
      count++;
    }
    if (count !== size) throw new Error(`a hash table of ${size} elements had ${count} when it was walked`);
  }
}
