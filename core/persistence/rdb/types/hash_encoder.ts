// Encodes hashes: a listpack is a copy of its bytes, a table goes field by field, with their times where some expire.
import { ENCODING_LISTPACK, FLAG_FIELD_EXPIRY } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import {
  expiryIndex,
  FIELD_EXPIRES,
  FIELD_HEADER_BYTES,
  VALUE_LENGTH_MASK,
} from "../../../structures/field_layout.ts";
import { FIELD_STAYS } from "../../../structures/field_table.ts";
import { HashTableReader } from "../../../structures/hashtable_reader.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { RDB_TYPE_HASH, RDB_TYPE_HASH_2, RDB_TYPE_HASH_LISTPACK, VERSION_VALKEY } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

export class HashEncoder implements TypeEncoder {
  readonly #fields: HashTableReader;

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#fields = new HashTableReader(reader, () => writer.pollCancelled());
  }

  rdbType(encoding: number, meta: number, version: number): number {
    if (encoding === ENCODING_LISTPACK) return RDB_TYPE_HASH_LISTPACK;
    if ((meta & FLAG_FIELD_EXPIRY) === 0) return RDB_TYPE_HASH;
    // Without its times a field would live for ever: `versionFor` has chosen a version that can say them.
    if (version < VERSION_VALKEY) {
      throw new Error(`RDB version ${version} cannot tell when a hash field expires`);
    }
    return RDB_TYPE_HASH_2;
  }

  encode(value: Ref, rdbType: number, encoding: number): void {
    // A listpack begins with its length.
    if (encoding === ENCODING_LISTPACK) {
      this.writer.arenaString(this.reader, value * 16, this.reader.u32(value * 4));
    } else {
      this.#table(value, rdbType === RDB_TYPE_HASH_2);
    }
  }

  #table(root: Ref, withTimes: boolean): void {
    const { reader, writer } = this;
    const fields = this.#fields.open(root);
    const size = fields.size;
    writer.length(size);
    let count = 0;
    for (let ref = fields.next(); ref !== 0; ref = fields.next()) {
      const fieldLength = reader.u32(ref * 4);
      const second = reader.u32(ref * 4 + 1);
      const valueLength = second & VALUE_LENGTH_MASK;
      const address = ref * 16 + FIELD_HEADER_BYTES;
      writer.arenaString(reader, address, fieldLength);
      writer.arenaString(reader, address + fieldLength, valueLength);
      if (withTimes) {
        const expires = second >= FIELD_EXPIRES;
        writer.milliseconds(expires ? reader.f64(expiryIndex(ref, fieldLength, valueLength)) : FIELD_STAYS);
      }
      count++;
    }
    if (count !== size) throw new Error(`a hash table of ${size} elements had ${count} when it was walked`);
  }
}
