// Puts decoded sets into the keyspace.
import { TYPE_SET } from "../../../keyspace/entry_layout.ts";
import { type SetLimits, SetValue } from "../../../keyspace/set_value.ts";
import { DuplicateCheck } from "../../../structures/duplicate_check.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";
import type { SetSink } from "./set_sink.ts";

/** Room made for a member in a listpack that comes member by member; what is left over is given back. */
const MEMBER_BYTES_EXPECTED = 16;

export class SetLoader implements SetSink {
  readonly #set = new SetValue();
  /** Members of the set being read, while it is packed. */
  readonly #seen = new DuplicateCheck();
  #expected = 0;
  /** Whether the set that was begun has got its first member and with it a structure. */
  #isCreated = false;

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
    this.#expected = expected;
    this.#isCreated = false;
    return true;
  }

  member(bytes: Uint8Array, start: number, end: number): boolean {
    const set = this.#set;
    if (!this.#isCreated) this.#create(bytes, start, end);
    if (set.isPacked && !this.#seen.add(bytes, start, end)) return false;
    return set.append(bytes, start, end);
  }

  end(): void {
    this.#set.fit();
    this.#add();
  }

  abort(): void {
    if (this.#isCreated) this.#set.discard();
  }

  /** The first member tells what is likely to come. */
  #create(member: Uint8Array, start: number, end: number): void {
    const expected = this.#expected;
    const bytes = expected * MEMBER_BYTES_EXPECTED;
    this.#set.createFor(this.placer.keyspace, this.limits, member, start, end, expected, bytes);
    this.#isCreated = true;
    if (this.#set.isPacked) this.#seen.begin(expected);
  }

  #add(): void {
    this.placer.add(TYPE_SET, this.#set.encoding, this.#set.root);
  }
}
