// Encodes the value of one entry: what follows the key in an RDB stream, and what a DUMP payload holds. Strings here,
// the other types in types/ (see encoders.ts). Hot: strings and small values; nothing is allocated per value.
import {
  encodingOf,
  FLAG_EXTERNAL,
  inlineValueOffset,
  TYPE_STRING,
  typeOf,
  valueRefWord,
  WORD_VALUE_LENGTH,
} from "../../keyspace/entry_layout.ts";
import type { Ref } from "../../memory/arena_layout.ts";
import type { ArenaReader } from "../../memory/arena_reader.ts";
import type { ChunkWriter } from "./chunk_writer.ts";
import { RDB_TYPE_STRING } from "./format.ts";
import { encoders, type TypeEncoder } from "./types/encoders.ts";

export class ValueEncoder {
  readonly #types: (TypeEncoder | undefined)[];

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#types = Array.from(encoders, (encoder) => encoder && new encoder(reader, writer));
  }

  /** The RDB type of an entry with this meta word, in a stream of this RDB version. */
  rdbType(meta: number, version: number): number {
    const type = typeOf(meta);
    return type === TYPE_STRING ? RDB_TYPE_STRING : this.#of(type).rdbType(encodingOf(meta), meta, version);
  }

  /** The value of the entry at `ref`, whose meta word and key length are given, as the RDB type that `rdbType` told. */
  value(ref: Ref, meta: number, keyLength: number, rdbType: number): void {
    const type = typeOf(meta);
    if (type !== TYPE_STRING) {
      this.#of(type).encode(this.#valueRef(ref, meta, keyLength), rdbType, encodingOf(meta));
      return;
    }
    const length = this.reader.u32(ref * 4 + WORD_VALUE_LENGTH);
    const address = (meta & FLAG_EXTERNAL) === 0
      ? ref * 16 + inlineValueOffset(meta, keyLength)
      : this.#valueRef(ref, meta, keyLength) * 16;
    this.writer.arenaString(this.reader, address, length);
  }

  #of(type: number): TypeEncoder {
    const encoder = this.#types[type];
    if (encoder === undefined) throw new Error(`an entry of type ${type} has no encoder`);
    return encoder;
  }

  #valueRef(ref: Ref, meta: number, keyLength: number): Ref {
    return this.reader.u32(ref * 4 + valueRefWord(meta, keyLength));
  }
}
