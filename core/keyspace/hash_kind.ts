// Hashes as the keyspace sees them: a listpack in one block, or a FieldTable.
import { latin1Bytes } from "../bytes/ascii.ts";
import type { Arena, Ref } from "../memory/arena.ts";
import { FIELD_STAYS, FieldTable } from "../structures/field_table.ts";
import { ROOT_SIZE } from "../structures/hashtable_layout.ts";
import { ENCODING_LISTPACK } from "./entry_layout.ts";
import { freeTableSlice } from "./free_table.ts";
import { HashValue } from "./hash_value.ts";
import type { Keyspace } from "./keyspace.ts";
import { copyBlock } from "./packed_block.ts";
import { sampledBytes } from "./sampled_bytes.ts";
import type { ValueDigest } from "./value_digest.ts";
import { CLONE_BYTES_MAX, type FreeTask, type ValueKind } from "./value_kind.ts";

/** In the digest of a field that expires, as Redis has it; the time itself is not. */
const EXPIRE_MARK = latin1Bytes("!!hexpire!!");

/** What a field of a table takes, with its share of the table: a guess without looking. */
const FIELD_BYTES_ESTIMATE = 64;

export class HashKind implements ValueKind {
  readonly #arena: Arena;
  /** Its own flyweights: others attach the keyspace's to something else while a value is being freed. */
  readonly #fields: FieldTable;
  readonly #hash = new HashValue();
  readonly #freeField = (ref: Ref) => this.#arena.retire(ref);

  constructor(private readonly keyspace: Keyspace) {
    this.#arena = keyspace.arena;
    this.#fields = new FieldTable(keyspace.arena);
  }

  copy(value: Ref, encoding: number): Ref {
    return encoding === ENCODING_LISTPACK ? copyBlock(this.#arena, value) : this.#fields.copyOf(value);
  }

  free(value: Ref, encoding: number): void {
    if (encoding === ENCODING_LISTPACK) this.#arena.retire(value);
    else this.#fields.attach(value).destroyWithFields();
  }

  isLarge(value: Ref, encoding: number): boolean {
    return encoding !== ENCODING_LISTPACK || this.#arena.sizeOf(value) > CLONE_BYTES_MAX;
  }

  freeEffort(value: Ref, encoding: number): number {
    return encoding === ENCODING_LISTPACK ? 1 : this.#size(value);
  }

  freeSlice(task: FreeTask): boolean {
    if (task.cursor === 0 && task.phase === 0) this.#fields.attach(task.value).freeExpiryOrder();
    return freeTableSlice(this.#fields, task.value, task, this.#freeField);
  }

  sizeEstimate(value: Ref, encoding: number): number {
    if (encoding === ENCODING_LISTPACK) return this.#arena.sizeOf(value);
    return this.#size(value) * FIELD_BYTES_ESTIMATE;
  }

  memoryUsage(value: Ref, encoding: number, samples: number): number {
    const arena = this.#arena;
    if (encoding === ENCODING_LISTPACK) return arena.sizeOf(value);
    const fields = this.#fields.attach(value);
    return fields.overheadBytes + fields.expiryBytes +
      sampledBytes(fields, samples, (field) => arena.sizeOf(field));
  }

  digest(value: Ref, encoding: number, digest: ValueDigest): void {
    const hash = this.#hash;
    hash.openValue(this.keyspace, value, encoding);
    hash.forEach(() => {
      const element = digest.element();
      hash.readField();
      element.mix(hash.bytes, hash.start, hash.end);
      hash.readValue();
      element.mix(hash.bytes, hash.start, hash.end);
      if (hash.expireAt() !== FIELD_STAYS) element.exclusiveOr(EXPIRE_MARK);
      digest.add(element);
    });
  }

  #size(value: Ref): number {
    return this.#arena.i32[value * 4 + ROOT_SIZE];
  }
}
