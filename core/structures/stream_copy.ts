// Copying and freeing whole streams, groups and pending entries included. Called by the keyspace's stream kind.
import type { Arena, Ref } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { Stream } from "./stream.ts";
import { StreamGroups } from "./stream_groups.ts";
import { StreamId } from "./stream_id.ts";
import { STREAM_ATTACHED, STREAM_BLOCKS, STREAM_LAST_ID } from "./stream_layout.ts";

export class StreamCopier {
  readonly #stream: Stream;
  readonly #from: StreamGroups;
  readonly #to: StreamGroups;
  readonly #blocks: IdTree;
  readonly #copied: IdTree;
  readonly #id = new StreamId();

  constructor(private readonly arena: Arena) {
    this.#stream = new Stream(arena);
    this.#from = new StreamGroups(arena);
    this.#to = new StreamGroups(arena);
    this.#blocks = new IdTree(arena);
    this.#copied = new IdTree(arena);
  }

  /** A copy of the stream with this root; returns its root. Throws ARENA_FULL with nothing left behind. */
  copy(root: Ref): Ref {
    const copy = this.#stream.create();
    try {
      this.#copyBlocks(root, copy);
      this.#copyGroups(root, copy);
    } catch (error) {
      this.free(copy);
      throw error;
    }
    // Ids and counters; how much is attached has been counted.
    const bytes = (STREAM_ATTACHED - STREAM_LAST_ID) * 4;
    this.arena.copyWithin((copy * 4 + STREAM_LAST_ID) * 4, (root * 4 + STREAM_LAST_ID) * 4, bytes);
    return copy;
  }

  /** Frees the stream with this root. Stores nothing: a snapshot may be reading it. */
  free(root: Ref): void {
    const { arena } = this;
    const blocks = this.#blocks.attach(root * 4 + STREAM_BLOCKS);
    for (let more = blocks.seekFirst(); more; more = blocks.next()) arena.retire(blocks.value);
    blocks.retireNodes();
    this.#to.attach(root).retireAll();
    arena.retire(root);
  }

  /**
   * Frees a bounded part of it; true when all is gone, the root too. Changes what is left: only for streams that a page
   * image protects from being changed under a snapshot.
   */
  freeSlice(root: Ref): boolean {
    if (!this.#stream.attach(root).freeBlocksSlice()) return false;
    if (!this.#to.attach(root).freeSlice()) return false;
    this.arena.retire(root);
    return true;
  }

  #copyBlocks(root: Ref, copy: Ref): void {
    const { arena } = this;
    const blocks = this.#blocks.attach(root * 4 + STREAM_BLOCKS);
    const copied = this.#copied.attach(copy * 4 + STREAM_BLOCKS);
    for (let more = blocks.seekFirst(); more; more = blocks.next()) {
      blocks.readId(this.#id);
      const bytes = arena.u32[blocks.value * 4];
      const block = arena.allocate(bytes);
      arena.copyWithin(block * 16, blocks.value * 16, bytes);
      try {
        copied.insert(this.#id, block);
      } catch (error) {
        arena.free(block);
        throw error;
      }
    }
  }

  #copyGroups(root: Ref, copy: Ref): void {
    const from = this.#from.attach(root);
    const to = this.#to.attach(copy);
    const { u8 } = this.arena;
    for (let index = 0; index < from.count; index++) {
      const group = from.at(index);
      const name = from.nameAddress(group);
      from.readLastId(group, this.#id);
      const copied = to.create(u8, name, name + from.nameLength(group), this.#id, from.entriesRead(group));
      const counterparts = this.#copyConsumers(group, copied);
      const pending = from.pendingOfGroup(group);
      for (let more = pending.seekFirst(); more; more = pending.next()) {
        pending.readId(this.#id);
        const ref = pending.value;
        const consumer = counterparts.get(from.consumerOf(ref))!;
        to.addPending(copied, consumer, this.#id, from.deliveredAt(ref), from.deliveries(ref));
      }
    }
  }

  /** The copied consumers by the original ones. */
  #copyConsumers(group: Ref, copied: Ref): Map<Ref, Ref> {
    const from = this.#from;
    const to = this.#to;
    const { u8 } = this.arena;
    const counterparts = new Map<Ref, Ref>();
    const consumers = from.consumers(group);
    for (let index = 0; index < consumers.size; index++) {
      const consumer = consumers.at(index);
      const name = from.nameAddress(consumer);
      const end = name + from.nameLength(consumer);
      to.findConsumer(copied, u8, name, end);
      const counterpart = to.createConsumer(u8, name, end, from.seen(consumer));
      to.setActive(counterpart, from.active(consumer));
      counterparts.set(consumer, counterpart);
    }
    return counterparts;
  }
}
