// Sorted sets as the keyspace sees them: a listpack in one block, or an OrderedIndex. Registered by Keyspace.
import { doubleText17 } from "../bytes/double_17_digits.ts";
import type { Arena, Ref } from "../memory/arena.ts";
import { ROOT_SIZE } from "../structures/hashtable_layout.ts";
import { OrderedIndex } from "../structures/ordered_index.ts";
import { ROOT_TABLE } from "../structures/ordered_index_layout.ts";
import { ENCODING_LISTPACK } from "./entry_layout.ts";
import { freeTableSlice } from "./free_table.ts";
import type { Keyspace } from "./keyspace.ts";
import { copyBlock } from "./packed_block.ts";
import { sampledBytes } from "./sampled_bytes.ts";
import type { ValueDigest } from "./value_digest.ts";
import { CLONE_BYTES_MAX, type FreeTask, type ValueKind } from "./value_kind.ts";
import { ZsetValue } from "./zset_value.ts";

/** What a member of an index takes, with its share of table and tree: a guess without looking. */
const MEMBER_BYTES_ESTIMATE = 64;
/** Leaves that one slice frees. */
const LEAVES_PER_SLICE = 64;
/** Table and elements are free; the tree is being freed. */
const PHASE_TREE = 2;

export class ZsetKind implements ValueKind {
  readonly #arena: Arena;
  /** Its own flyweights: a command may be in the middle of using another. */
  readonly #index: OrderedIndex;
  readonly #zset = new ZsetValue();
  readonly #freeElement = (ref: Ref) => this.#arena.retire(ref);

  constructor(private readonly keyspace: Keyspace) {
    this.#arena = keyspace.arena;
    this.#index = new OrderedIndex(keyspace.arena);
  }

  copy(value: Ref, encoding: number): Ref {
    return encoding === ENCODING_LISTPACK ? copyBlock(this.#arena, value) : this.#index.copyOf(value);
  }

  free(value: Ref, encoding: number): void {
    if (encoding === ENCODING_LISTPACK) this.#arena.retire(value);
    else this.#index.attach(value).destroy();
  }

  isLarge(value: Ref, encoding: number): boolean {
    return encoding !== ENCODING_LISTPACK || this.#arena.sizeOf(value) > CLONE_BYTES_MAX;
  }

  freeEffort(value: Ref, encoding: number): number {
    return encoding === ENCODING_LISTPACK ? 1 : this.#size(value);
  }

  freeSlice(task: FreeTask): boolean {
    if (task.encoding === ENCODING_LISTPACK) {
      this.#arena.retire(task.value);
      return true;
    }
    if (task.phase === PHASE_TREE) {
      return !this.#index.attachTree(task.value).destroyTreeStep(LEAVES_PER_SLICE);
    }
    const table = this.#arena.i32[task.value * 4 + ROOT_TABLE];
    if (freeTableSlice(this.#index.members, table, task, this.#freeElement)) task.phase = PHASE_TREE;
    return false;
  }

  sizeEstimate(value: Ref, encoding: number): number {
    if (encoding === ENCODING_LISTPACK) return this.#arena.sizeOf(value);
    return this.#size(value) * MEMBER_BYTES_ESTIMATE;
  }

  memoryUsage(value: Ref, encoding: number, samples: number): number {
    const arena = this.#arena;
    if (encoding === ENCODING_LISTPACK) return arena.sizeOf(value);
    const index = this.#index.attach(value);
    return index.overheadBytes + sampledBytes(index.members, samples, (element) => arena.sizeOf(element));
  }

  digest(value: Ref, encoding: number, digest: ValueDigest): void {
    const zset = this.#zset;
    zset.openValue(this.keyspace, encoding, value);
    if (zset.size === 0) return;
    zset.seek(0);
    do {
      const element = digest.element();
      zset.readMember();
      element.mix(zset.bytes, zset.start, zset.end);
      zset.readScore();
      element.mixText(doubleText17(zset.score));
      digest.add(element);
    } while (zset.forward());
  }

  #size(value: Ref): number {
    const { i32 } = this.#arena;
    return i32[i32[value * 4 + ROOT_TABLE] * 4 + ROOT_SIZE];
  }
}
