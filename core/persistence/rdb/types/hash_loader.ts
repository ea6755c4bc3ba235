// Puts decoded hashes into the keyspace.
import { TYPE_HASH } from "../../../keyspace/entry_layout.ts";
import { type HashLimits, HashValue } from "../../../keyspace/hash_value.ts";
import { DuplicateCheck } from "../../../structures/duplicate_check.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { HashSink } from "./hash_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";

/** Room made for a field with its value in a hash that comes field by field; what is left over is given back. */
const PAIR_BYTES_EXPECTED = 60;

export class HashLoader implements HashSink {
  readonly #hash = new HashValue();
  /** Fields of the hash being read, while it is a listpack. */
  readonly #seen = new DuplicateCheck();

  constructor(private readonly placer: KeyPlacer, private readonly limits: HashLimits) {}

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    const hash = this.#hash;
    hash.createFrom(placer.keyspace, this.limits, listpack, start, end, fields);
    placer.add(TYPE_HASH, hash.encoding, hash.root);
    return true;
  }

  begin(key: LoadedKey, expectedFields: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    placer.keep(key);
    this.#hash.create(placer.keyspace, this.limits, expectedFields, expectedFields * PAIR_BYTES_EXPECTED);
    this.#seen.begin(expectedFields);
    return true;
  }

  field(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const hash = this.#hash;
    if (hash.isPacked && !this.#seen.add(field, fieldStart, fieldEnd)) return false;
    return hash.append(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
  }

  expiringField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): boolean {
    const hash = this.#hash;
    const { size } = hash;
    hash.setExpiring(field, fieldStart, fieldEnd, value, valueStart, valueEnd, expireAt);
    // Not what it answers: a field that has expired counts as new there.
    return hash.size > size;
  }

  end(): void {
    const hash = this.#hash;
    hash.fit();
    this.placer.add(TYPE_HASH, hash.encoding, hash.root, hash.flags);
  }

  abort(): void {
    this.#hash.discard();
  }
}
