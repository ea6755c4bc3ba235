// What the keyspace does with sets whose commands it does not know: copy, free, measure, digest. Registered by Keyspace.
import type { Ref } from "../memory/arena.ts";
import { ROOT_SIZE } from "../structures/hashtable_layout.ts";
import { Intset } from "../structures/intset.ts";
import { Listpack } from "../structures/listpack.ts";
import { SetTable } from "../structures/set_table.ts";
import { ENCODING_HASHTABLE, ENCODING_INTSET } from "./entry_layout.ts";
import type { Keyspace } from "./keyspace.ts";
import { SetValue } from "./set_value.ts";
import { CLONE_BYTES_MAX, type FreeTask, type ValueKind } from "./value_kind.ts";
import type { ValueDigest } from "./value_digest.ts";

/** What a member of a table takes, with its share of the table: a guess without looking. */
const MEMBER_BYTES_ESTIMATE = 40;
/** Work of one slice: buckets whose members are freed, or segments of a table without members. */
const BUCKETS_PER_SLICE = 16;
const SEGMENTS_PER_SLICE = 8;

export class SetKind implements ValueKind {
  readonly #keyspace: Keyspace;
  // Its own flyweights: a command may be in the middle of using another.
  readonly #table: SetTable;
  readonly #packed: Listpack;
  readonly #integers: Intset;
  readonly #value = new SetValue();
  readonly #retire: (ref: Ref) => void;

  constructor(keyspace: Keyspace) {
    const { arena } = keyspace;
    this.#keyspace = keyspace;
    this.#table = new SetTable(arena);
    this.#packed = new Listpack(arena);
    this.#integers = new Intset(arena);
    this.#retire = (ref) => arena.retire(ref);
  }

  copy(value: Ref, encoding: number): Ref {
    if (encoding === ENCODING_HASHTABLE) return this.#table.copyOf(value);
    return encoding === ENCODING_INTSET ? this.#integers.copyOf(value) : this.#packed.copyOf(value);
  }

  free(value: Ref, encoding: number): void {
    if (encoding === ENCODING_HASHTABLE) this.#table.attach(value).destroyWithMembers();
    else this.#keyspace.arena.retire(value);
  }

  isLarge(value: Ref, encoding: number): boolean {
    return encoding === ENCODING_HASHTABLE || this.#keyspace.arena.sizeOf(value) > CLONE_BYTES_MAX;
  }

  freeEffort(value: Ref, encoding: number): number {
    return encoding === ENCODING_HASHTABLE ? this.#members(value) : 1;
  }

  freeSlice(task: FreeTask): boolean {
    if (task.encoding !== ENCODING_HASHTABLE) {
      this.#keyspace.arena.retire(task.value);
      return true;
    }
    const table = this.#table.attach(task.value);
    for (let bucket = 0; task.phase === 0 && bucket < BUCKETS_PER_SLICE; bucket++) {
      task.cursor = table.scan(task.cursor, this.#retire);
      if (task.cursor === 0) task.phase = 1;
    }
    return task.phase === 1 && !table.destroyStep(SEGMENTS_PER_SLICE);
  }

  sizeEstimate(value: Ref, encoding: number): number {
    if (encoding === ENCODING_HASHTABLE) return this.#members(value) * MEMBER_BYTES_ESTIMATE;
    return this.#keyspace.arena.sizeOf(value);
  }

  memoryUsage(value: Ref, encoding: number, samples: number): number {
    const { arena } = this.#keyspace;
    if (encoding !== ENCODING_HASHTABLE) return arena.sizeOf(value);
    const table = this.#table.attach(value);
    const { size } = table;
    let sum = 0;
    let measured = 0;
    if (samples === 0 || samples >= size) {
      table.forEach((ref) => {
        sum += arena.sizeOf(ref);
        measured++;
      });
    } else {
      for (; measured < samples; measured++) sum += arena.sizeOf(table.random());
    }
    return table.overheadBytes + (measured === 0 ? 0 : Math.round(sum / measured * size));
  }

  digest(value: Ref, encoding: number, digest: ValueDigest): void {
    const set = this.#value;
    set.openValue(this.#keyspace, encoding, value);
    set.walk();
    while (set.next()) {
      set.readMember();
      digest.exclusiveOr(set.bytes, set.start, set.end);
    }
  }

  #members(value: Ref): number {
    return this.#keyspace.arena.i32[value * 4 + ROOT_SIZE];
  }
}
