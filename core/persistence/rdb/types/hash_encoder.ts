// Encodes hashes: a listpack is a copy of its bytes, a table goes field by field.
import { ENCODING_LISTPACK } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { FIELD_HEADER_BYTES } from "../../../structures/field_table.ts";
import { HashTableReader } from "../../../structures/hashtable_reader.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

export class HashEncoder implements TypeEncoder {
  readonly #fields: HashTableReader;

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#fields = new HashTableReader(reader, () => writer.pollCancelled());
  }

  rdbType(encoding: number): number {
    return encoding === ENCODING_LISTPACK ? RDB_TYPE_HASH_LISTPACK : RDB_TYPE_HASH;
  }

  encode(value: Ref, _rdbType: number, encoding: number): void {
    // A listpack begins with its length.
    if (encoding === ENCODING_LISTPACK) {
      this.writer.arenaString(this.reader, value * 16, this.reader.u32(value * 4));
    } else {
      this.#table(value);
    }
  }

  #table(root: Ref): void {
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
