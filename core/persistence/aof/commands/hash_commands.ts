// Hashes as HMSET commands; fields that expire as HSETEX commands, which come first.
import { ENCODING_LISTPACK, FLAG_FIELD_EXPIRY } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import {
  expiryIndex,
  FIELD_EXPIRES,
  FIELD_HEADER_BYTES,
  VALUE_LENGTH_MASK,
} from "../../../structures/field_layout.ts";
import { HashTableReader } from "../../../structures/hashtable_reader.ts";
import { listpackLength } from "../../../structures/listpack_bytes.ts";
import { bulkOf, type CommandWriter } from "./command_writer.ts";
import { ListpackScratch } from "./listpack_scratch.ts";
import type { TypeCommands } from "./type_commands.ts";

const HMSET = bulkOf("HMSET");
const HSETEX = bulkOf("HSETEX");
const PXAT = bulkOf("PXAT");
const FIELDS = bulkOf("FIELDS");

export class HashCommands implements TypeCommands {
  readonly #fields: HashTableReader;
  readonly #listpack = new ListpackScratch();

  constructor(private readonly reader: ArenaReader, private readonly writer: CommandWriter) {
    this.#fields = new HashTableReader(reader, () => writer.pollCancelled());
  }

  encode(value: Ref, encoding: number, meta: number): void {
    if (encoding === ENCODING_LISTPACK) this.#packed(value);
    else this.#staying(value, (meta & FLAG_FIELD_EXPIRY) === 0 ? 0 : this.#expiring(value));
  }

  #packed(ref: Ref): void {
    const { writer } = this;
    const listpack = this.#listpack;
    listpack.load(this.reader, ref * 16);
    writer.items(HMSET, listpackLength(listpack.bytes, 0) / 2, 2);
    const { cursor, element } = listpack;
    while (cursor.next()) {
      writer.nextItem();
      writer.bulk(element.bytes, element.start, element.end);
      cursor.next();
      writer.bulk(element.bytes, element.start, element.end);
    }
  }

  /** The fields that expire; returns how many there are. */
  #expiring(root: Ref): number {
    const { reader, writer } = this;
    const fields = this.#fields.open(root);
    let count = 0;
    for (let ref = fields.next(); ref !== 0; ref = fields.next()) {
      const second = reader.u32(ref * 4 + 1);
      if (second < FIELD_EXPIRES) continue;
      const fieldLength = reader.u32(ref * 4);
      const valueLength = second & VALUE_LENGTH_MASK;
      writer.begin(8, HSETEX);
      writer.key();
      writer.word(PXAT);
      writer.integer(reader.f64(expiryIndex(ref, fieldLength, valueLength)));
      writer.word(FIELDS);
      writer.integer(1);
      this.#fieldAndValue(ref, fieldLength, valueLength);
      count++;
    }
    return count;
  }

  /** The fields that do not expire, all but `others`. */
  #staying(root: Ref, others: number): void {
    const { reader, writer } = this;
    const fields = this.#fields.open(root);
    const { size } = fields;
    writer.items(HMSET, size - others, 2);
    let count = others;
    for (let ref = fields.next(); ref !== 0; ref = fields.next()) {
      const valueLength = reader.u32(ref * 4 + 1);
      if (valueLength >= FIELD_EXPIRES) continue;
      writer.nextItem();
      this.#fieldAndValue(ref, reader.u32(ref * 4), valueLength);
      count++;
    }
    if (count !== size) throw new Error(`a hash table of ${size} elements had ${count} when it was walked`);
  }

  #fieldAndValue(ref: Ref, fieldLength: number, valueLength: number): void {
    const address = ref * 16 + FIELD_HEADER_BYTES;
    this.writer.arenaBulk(address, fieldLength);
    this.writer.arenaBulk(address + fieldLength, valueLength);
  }
}
