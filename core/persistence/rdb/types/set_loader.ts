// Puts decoded sets into the keyspace.
import { TYPE_SET } from "../../../keyspace/entry_layout.ts";
import { type SetLimits, SetValue } from "../../../keyspace/set_value.ts";
import { DuplicateCheck } from "../../../structures/duplicate_check.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";
import type { SetSink } from "./set_sink.ts";

export class SetLoader implements SetSink {
  readonly #set = new SetValue();
  /** Members of the set being read, while it is packed. */
  readonly #seen = new DuplicateCheck();

  constructor(private readonly placer: KeyPlacer, private readonly limits: SetLimits) {}

  intset(key: LoadedKey, intset: Uint8Array, start: number, end: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    this.#set.createFromIntset(placer.keyspace, this.limits, intset, start, end);
    this.#add();
    return true;
  }

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    this.#set.createFromListpack(placer.keyspace, this.limits, listpack, start, end);
    this.#add();
    return true;
  }

  begin(key: LoadedKey, expected: number): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    placer.keep(key);
    this.#set.createAny(placer.keyspace, this.limits, expected, 0);
    if (this.#set.isPacked) this.#seen.begin(expected);
    return true;
  }

  member(bytes: Uint8Array, start: number, end: number): boolean {
    const set = this.#set;
    if (set.isPacked && !this.#seen.add(bytes, start, end)) return false;
    return set.append(bytes, start, end);
  }

  end(): void {
    this.#set.fit();
    this.#add();
  }

  abort(): void {
    this.#set.discard();
  }

  #add(): void {
    this.placer.add(TYPE_SET, this.#set.encoding, this.#set.root);
  }
}
