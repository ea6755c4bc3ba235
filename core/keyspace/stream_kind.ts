// Streams as the keyspace sees them: how they are copied, freed, measured and digested.
import { latin1Bytes } from "../bytes/ascii.ts";
import type { Arena, Ref } from "../memory/arena.ts";
import { IdTree } from "../structures/id_tree.ts";
import { StreamCopier } from "../structures/stream_copy.ts";
import { StreamId } from "../structures/stream_id.ts";
import { STREAM_BLOCKS, STREAM_BYTES } from "../structures/stream_layout.ts";
import type { Keyspace } from "./keyspace.ts";
import { StreamValue } from "./stream_value.ts";
import type { ValueDigest } from "./value_digest.ts";
import { CLONE_BYTES_MAX, type FreeTask, type ValueKind } from "./value_kind.ts";

/** Blocks that one copy in a turn may have to make. */
const CLONE_BLOCKS_MAX = 512;
/** A block's place in the tree, and what a group, consumer or pending entry takes on average, with its two places. */
const INDEX_BYTES_ESTIMATE = 24;
const ATTACHED_BYTES_ESTIMATE = 64;

const MIN = new StreamId();
const MAX = new StreamId().setMax();

export class StreamKind implements ValueKind {
  readonly #arena: Arena;
  readonly #copier: StreamCopier;
  readonly #stream = new StreamValue();
  readonly #blocks: IdTree;

  constructor(private readonly keyspace: Keyspace) {
    this.#arena = keyspace.arena;
    this.#copier = new StreamCopier(keyspace.arena);
    this.#blocks = new IdTree(keyspace.arena);
  }

  copy(value: Ref): Ref {
    return this.#copier.copy(value);
  }

  free(value: Ref): void {
    this.#copier.free(value);
  }

  isLarge(value: Ref): boolean {
    const { entries } = this.#open(value);
    return entries.listpackBytes > CLONE_BYTES_MAX || this.freeEffort(value) > CLONE_BLOCKS_MAX;
  }

  freeEffort(value: Ref): number {
    const { entries, groups } = this.#open(value);
    return entries.blocks + groups.attached;
  }

  freeSlice(task: FreeTask): boolean {
    if (task.phase === 0) {
      if (!this.isLarge(task.value)) {
        this.#copier.free(task.value);
        return true;
      }
      task.phase = 1;
    }
    return this.#copier.freeSlice(task.value);
  }

  sizeEstimate(value: Ref): number {
    const { entries, groups } = this.#open(value);
    return STREAM_BYTES + entries.listpackBytes + entries.blocks * INDEX_BYTES_ESTIMATE +
      groups.attached * ATTACHED_BYTES_ESTIMATE;
  }

  memoryUsage(value: Ref, _encoding: number, samples: number): number {
    const arena = this.#arena;
    const { entries, groups } = this.#open(value);
    const blocks = this.#blocks.attach(value * 4 + STREAM_BLOCKS);
    let measured = 0;
    let bytes = 0;
    for (let more = blocks.seekFirst(); more && (samples === 0 || measured < samples); more = blocks.next()) {
      bytes += arena.sizeOf(blocks.value);
      measured++;
    }
    const listpacks = measured === 0 ? 0 : Math.round(bytes / measured * blocks.size);
    return arena.sizeOf(value) + listpacks + entries.blocks * INDEX_BYTES_ESTIMATE +
      groups.attached * ATTACHED_BYTES_ESTIMATE;
  }

  /** Entries with their ids in order; groups do not count. */
  digest(value: Ref, _encoding: number, digest: ValueDigest): void {
    const { cursor } = this.#open(value);
    cursor.openForward(value, MIN, MAX);
    while (cursor.next()) {
      digest.mix(latin1Bytes(cursor.id.toString().replace("-", ".")));
      for (let left = cursor.pairs; left > 0; left--) {
        cursor.nextPair();
        const { field, value } = cursor;
        digest.mix(field.bytes, field.start, field.end);
        digest.mix(value.bytes, value.start, value.end);
      }
    }
  }

  #open(value: Ref): StreamValue {
    this.#stream.openRoot(this.keyspace, value);
    return this.#stream;
  }
}
