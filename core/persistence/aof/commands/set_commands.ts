// Sets as SADD commands.
import { ENCODING_HASHTABLE, ENCODING_INTSET } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { HashTableReader } from "../../../structures/hashtable_reader.ts";
import { Int64Words } from "../../../structures/int64_words.ts";
import { INTSET_HEADER_BYTES } from "../../../structures/intset.ts";
import { listpackLength } from "../../../structures/listpack_bytes.ts";
import { MEMBER_HEADER_BYTES } from "../../../structures/set_table.ts";
import { bulkOf, type CommandWriter } from "./command_writer.ts";
import { ListpackScratch } from "./listpack_scratch.ts";
import type { TypeCommands } from "./type_commands.ts";

const SADD = bulkOf("SADD");
const WIDTH_16 = 2;
const WIDTH_64 = 8;
const INTEGER_TEXT_BYTES_MAX = 20;

export class SetCommands implements TypeCommands {
  readonly #members: HashTableReader;
  readonly #listpack = new ListpackScratch();
  readonly #integer = new Int64Words();
  readonly #text = new Uint8Array(INTEGER_TEXT_BYTES_MAX);

  constructor(private readonly reader: ArenaReader, private readonly writer: CommandWriter) {
    this.#members = new HashTableReader(reader, () => writer.pollCancelled());
  }

  encode(value: Ref, encoding: number): void {
    if (encoding === ENCODING_HASHTABLE) this.#table(value);
    else if (encoding === ENCODING_INTSET) this.#intset(value);
    else this.#packed(value);
  }

  #table(root: Ref): void {
    const { reader, writer } = this;
    const members = this.#members.open(root);
    const { size } = members;
    writer.items(SADD, size, 1);
    let count = 0;
    for (let ref = members.next(); ref !== 0; ref = members.next()) {
      writer.nextItem();
      writer.arenaBulk(ref * 16 + MEMBER_HEADER_BYTES, reader.u32(ref * 4));
      count++;
    }
    if (count !== size) throw new Error(`a hash table of ${size} elements had ${count} when it was walked`);
  }

  #intset(ref: Ref): void {
    const { reader, writer } = this;
    const integer = this.#integer;
    const text = this.#text;
    const width = reader.u32(ref * 4);
    const size = reader.u32(ref * 4 + 1);
    writer.items(SADD, size, 1);
    for (let index = 0; index < size; index++) {
      if (width === WIDTH_16) {
        const at = ref * 16 + INTSET_HEADER_BYTES + index * 2;
        integer.low = ((reader.u8(at) << 16) | (reader.u8(at + 1) << 24)) >> 16;
        integer.high = integer.low >> 31;
      } else if (width === WIDTH_64) {
        integer.low = reader.u32(ref * 4 + 2 + index * 2) | 0;
        integer.high = reader.u32(ref * 4 + 3 + index * 2) | 0;
      } else {
        integer.low = reader.u32(ref * 4 + 2 + index) | 0;
        integer.high = integer.low >> 31;
      }
      writer.nextItem();
      writer.bulk(text, 0, integer.format(text, 0));
    }
  }

  #packed(ref: Ref): void {
    const { writer } = this;
    const listpack = this.#listpack;
    listpack.load(this.reader, ref * 16);
    writer.items(SADD, listpackLength(listpack.bytes, 0), 1);
    const { cursor, element } = listpack;
    while (cursor.next()) {
      writer.nextItem();
      writer.bulk(element.bytes, element.start, element.end);
    }
  }
}
