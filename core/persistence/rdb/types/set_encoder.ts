// Encodes sets: an intset or listpack is a copy of its bytes, a table goes member by member. Versions below 11 know no
// listpack sets: they get the members of one.
import { ENCODING_HASHTABLE, ENCODING_INTSET } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { HashTableReader } from "../../../structures/hashtable_reader.ts";
import { INTSET_HEADER_BYTES } from "../../../structures/intset.ts";
import { ListpackCursor, listpackLength } from "../../../structures/listpack_bytes.ts";
import { MEMBER_HEADER_BYTES } from "../../../structures/set_table.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { RDB_TYPE_SET, RDB_TYPE_SET_INTSET, RDB_TYPE_SET_LISTPACK } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

/** The first version with listpack sets. */
const LISTPACK_VERSION = 11;
/** Members between two looks whether the save is still wanted, minus one. */
const MEMBERS_PER_POLL_MASK = 1023;
/** A listpack that is unpacked is copied first; a copy larger than this is not kept for the next one. */
const KEPT_BYTES_MAX = 64 * 1024;

export class SetEncoder implements TypeEncoder {
  readonly #members: HashTableReader;
  readonly #cursor = new ListpackCursor();
  #copy = new Uint8Array(0);

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#members = new HashTableReader(reader, () => writer.pollCancelled());
  }

  rdbType(encoding: number, _meta: number, version: number): number {
    if (encoding === ENCODING_INTSET) return RDB_TYPE_SET_INTSET;
    return encoding === ENCODING_HASHTABLE || version < LISTPACK_VERSION
      ? RDB_TYPE_SET
      : RDB_TYPE_SET_LISTPACK;
  }

  encode(value: Ref, rdbType: number, encoding: number): void {
    const { reader, writer } = this;
    if (encoding === ENCODING_HASHTABLE) this.#table(value);
    else if (rdbType === RDB_TYPE_SET) this.#unpacked(value);
    else if (encoding === ENCODING_INTSET) {
      const bytes = INTSET_HEADER_BYTES + reader.u32(value * 4) * reader.u32(value * 4 + 1);
      writer.arenaString(reader, value * 16, bytes);
    } else {
      // A listpack begins with its length.
      writer.arenaString(reader, value * 16, reader.u32(value * 4));
    }
  }

  #table(root: Ref): void {
    const { reader, writer } = this;
    const members = this.#members.open(root);
    const { size } = members;
    writer.length(size);
    let count = 0;
    for (let ref = members.next(); ref !== 0; ref = members.next()) {
      writer.arenaString(reader, ref * 16 + MEMBER_HEADER_BYTES, reader.u32(ref * 4));
      count++;
    }
    if (count !== size) throw new Error(`a hash table of ${size} elements had ${count} when it was walked`);
  }

  #unpacked(listpack: Ref): void {
    const { reader, writer } = this;
    const bytes = reader.u32(listpack * 4);
    if (this.#copy.length < bytes) this.#copy = new Uint8Array(bytes);
    reader.copyOut(listpack * 16, bytes, this.#copy, 0);
    writer.length(listpackLength(this.#copy, 0));
    const cursor = this.#cursor.open(this.#copy, 0);
    const { element } = cursor;
    for (let count = 1; cursor.next(); count++) {
      writer.string(element.bytes, element.start, element.end);
      if ((count & MEMBERS_PER_POLL_MASK) === 0) writer.pollCancelled();
    }
    if (this.#copy.length > KEPT_BYTES_MAX) this.#copy = new Uint8Array(0);
  }
}
