// Puts decoded sorted sets into the keyspace.
import { TYPE_ZSET } from "../../../keyspace/entry_layout.ts";
import { type ZsetLimits, ZsetValue } from "../../../keyspace/zset_value.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";
import type { ZsetSink } from "./zset_sink.ts";

/** Room made for a member in a listpack that comes member by member; what is left over is given back. */
const MEMBER_BYTES_EXPECTED = 16;

export class ZsetLoader implements ZsetSink {
  readonly #zset = new ZsetValue();

  constructor(private readonly placer: KeyPlacer, private readonly limits: ZsetLimits) {}

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, members: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    this.#zset.createFrom(placer.keyspace, this.limits, listpack, start, end, members);
    this.#add();
    return true;
  }

  begin(key: LoadedKey, expected: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    placer.keep(key);
    this.#zset.create(placer.keyspace, this.limits, expected, 0, expected * MEMBER_BYTES_EXPECTED);
    return true;
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): boolean {
    const zset = this.#zset;
    if (zset.find(bytes, start, end)) return false;
    zset.insert(bytes, start, end, score);
    return true;
  }

  end(): void {
    this.#zset.fit();
    this.#add();
  }

  abort(): void {
    this.#zset.discard();
  }

  #add(): void {
    this.placer.add(TYPE_ZSET, this.#zset.encoding, this.#zset.root);
  }
}
