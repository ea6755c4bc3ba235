// The groups of a stream, their consumers, and what was delivered to those and not acknowledged yet. A pending entry is
// one block that two id trees refer to, its group's and its consumer's. Groups, consumers and pending entries never move.
// A flyweight over a stream's root. Called by the group commands and the RDB loader. Hot: deliver and acknowledge.
import type { Arena, Ref } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { NameIndex } from "./name_index.ts";
import { StreamId } from "./stream_id.ts";
import {
  CONSUMER_ACTIVE_F64,
  CONSUMER_PENDING,
  CONSUMER_SEEN_F64,
  GROUP_CONSUMERS,
  GROUP_LAST_ID,
  GROUP_PENDING,
  GROUP_READ_F64,
  NAME_BYTES_AT,
  NAME_LENGTH,
  PENDING_BYTES,
  PENDING_CONSUMER,
  PENDING_COUNT,
  PENDING_COUNT_MAX,
  PENDING_TIME_F64,
  STREAM_ATTACHED,
  STREAM_GROUPS,
} from "./stream_layout.ts";

export class StreamGroups {
  readonly #groups: NameIndex;
  readonly #consumers: NameIndex;
  readonly #ofGroup: IdTree;
  readonly #ofConsumer: IdTree;
  readonly #id = new StreamId();
  #root: Ref = 0;

  constructor(private readonly arena: Arena) {
    this.#groups = new NameIndex(arena);
    this.#consumers = new NameIndex(arena);
    this.#ofGroup = new IdTree(arena);
    this.#ofConsumer = new IdTree(arena);
  }

  /** Works on the groups of the stream with this root from now on. */
  attach(root: Ref): this {
    this.#root = root;
    this.#groups.attach(root * 4 + STREAM_GROUPS);
    return this;
  }

  /** Groups, consumers and pending entries together. */
  get attached(): number {
    return this.arena.u32[this.#root * 4 + STREAM_ATTACHED];
  }

  /** Number of groups. */
  get count(): number {
    return this.#groups.size;
  }

  /** The group at this place in the order of names. */
  at(index: number): Ref {
    return this.#groups.at(index);
  }

  /** The group with this name, or 0. */
  find(name: Uint8Array, start: number, end: number): Ref {
    return this.#groups.find(name, start, end);
  }

  /** Adds a group; 0 where the name is taken. Throws ARENA_FULL with the stream as it was. */
  create(name: Uint8Array, start: number, end: number, lastId: StreamId, entriesRead: number): Ref {
    if (this.#groups.find(name, start, end) !== 0) return 0;
    const group = this.#createNamed(name, start, end);
    this.setLastId(group, lastId);
    this.setEntriesRead(group, entriesRead);
    return this.#insert(this.#groups, group);
  }

  /** Deletes a group that `find` or `create` gave, with all that belongs to it. */
  destroy(group: Ref): void {
    const { arena } = this;
    const address = group * 16 + NAME_BYTES_AT;
    this.#groups.find(arena.u8, address, address + arena.i32[group * 4 + NAME_LENGTH]);
    this.#groups.removeFound();
    const consumers = this.consumers(group);
    this.#addAttached(-(1 + consumers.size + this.pendingOfGroup(group).size));
    for (let index = 0; index < consumers.size; index++) {
      const consumer = consumers.at(index);
      this.pendingOfConsumer(consumer).clear();
      arena.retire(consumer);
    }
    consumers.clear();
    const pending = this.pendingOfGroup(group);
    for (let more = pending.seekFirst(); more; more = pending.next()) arena.retire(pending.value);
    pending.clear();
    arena.retire(group);
  }

  /**
   * Frees all that belongs to the groups and stores nothing, since a snapshot may be reading it. Nobody else uses the
   * stream any more.
   */
  retireAll(): void {
    const { arena } = this;
    for (let index = 0; index < this.count; index++) {
      const group = this.at(index);
      const pending = this.pendingOfGroup(group);
      for (let more = pending.seekFirst(); more; more = pending.next()) arena.retire(pending.value);
      pending.retireNodes();
      const consumers = this.consumers(group);
      for (let each = 0; each < consumers.size; each++) {
        const consumer = consumers.at(each);
        this.pendingOfConsumer(consumer).retireNodes();
        arena.retire(consumer);
      }
      consumers.retireNames();
      arena.retire(group);
    }
    this.#groups.retireNames();
  }

  /** Frees a bounded part of all that belongs to the groups; true when nothing is left. Nobody uses the stream any more. */
  freeSlice(): boolean {
    const { arena } = this;
    if (this.count === 0) return true;
    const group = this.at(this.count - 1);
    const pending = this.pendingOfGroup(group);
    if (pending.seekFirst()) {
      const leaf = pending.leaf;
      do arena.retire(pending.value); while (pending.next() && pending.leaf === leaf);
      pending.freeFirstLeaf();
      return false;
    }
    const consumers = this.consumers(group);
    if (consumers.size > 0) {
      const consumer = consumers.at(consumers.size - 1);
      if (this.pendingOfConsumer(consumer).freeFirstLeaf()) return false;
      consumers.removeAt(consumers.size - 1);
      arena.retire(consumer);
      return false;
    }
    this.#groups.removeAt(this.count - 1);
    arena.retire(group);
    return this.count === 0;
  }

  nameAddress(ref: Ref): number {
    return ref * 16 + NAME_BYTES_AT;
  }

  nameLength(ref: Ref): number {
    return this.arena.i32[ref * 4 + NAME_LENGTH];
  }

  /** The id that was delivered last. */
  readLastId(group: Ref, target: StreamId): StreamId {
    return target.load(this.arena.i32, group * 4 + GROUP_LAST_ID);
  }

  /** Negative, 0 or positive as `id` is below, equal to or above the id that was delivered last. */
  compareToLast(group: Ref, id: StreamId): number {
    return id.compareWords(this.arena.i32, group * 4 + GROUP_LAST_ID);
  }

  setLastId(group: Ref, id: StreamId): void {
    const word = group * 4 + GROUP_LAST_ID;
    this.arena.setU32(word, id.msHigh);
    this.arena.setU32(word + 1, id.msLow);
    this.arena.setU32(word + 2, id.seqHigh);
    this.arena.setU32(word + 3, id.seqLow);
  }

  /** How many entries of the stream the group has read, READ_UNKNOWN where that is not known. */
  entriesRead(group: Ref): number {
    return this.arena.f64[group * 2 + GROUP_READ_F64];
  }

  setEntriesRead(group: Ref, count: number): void {
    this.arena.setF64(group * 2 + GROUP_READ_F64, count);
  }

  /** The group's consumers; valid until the next call for another group. */
  consumers(group: Ref): NameIndex {
    return this.#consumers.attach(group * 4 + GROUP_CONSUMERS);
  }

  /** The consumer with this name, or 0. */
  findConsumer(group: Ref, name: Uint8Array, start: number, end: number): Ref {
    return this.consumers(group).find(name, start, end);
  }

  /** Adds a consumer whose name `findConsumer` has just not found. Throws ARENA_FULL with the group as it was. */
  createConsumer(name: Uint8Array, start: number, end: number, seenMs: number): Ref {
    const consumer = this.#createNamed(name, start, end);
    this.setSeen(consumer, seenMs);
    this.setActive(consumer, -1);
    return this.#insert(this.#consumers, consumer);
  }

  /** Deletes a consumer with its pending entries; returns how many those were. */
  deleteConsumer(group: Ref, consumer: Ref): number {
    const { arena } = this;
    const owned = this.pendingOfConsumer(consumer);
    const count = owned.size;
    const pending = this.pendingOfGroup(group);
    for (let more = owned.seekFirst(); more; more = owned.next()) {
      owned.readId(this.#id);
      arena.retire(pending.remove(this.#id));
    }
    owned.clear();
    const address = this.nameAddress(consumer);
    this.findConsumer(group, arena.u8, address, address + this.nameLength(consumer));
    this.#consumers.removeFound();
    arena.retire(consumer);
    this.#addAttached(-(1 + count));
    return count;
  }

  /** When the consumer last asked, milliseconds since 1970. */
  seen(consumer: Ref): number {
    return this.arena.f64[consumer * 2 + CONSUMER_SEEN_F64];
  }

  setSeen(consumer: Ref, ms: number): void {
    this.arena.setF64(consumer * 2 + CONSUMER_SEEN_F64, ms);
  }

  /** When the consumer last got or claimed an entry, -1 where it never did. */
  active(consumer: Ref): number {
    return this.arena.f64[consumer * 2 + CONSUMER_ACTIVE_F64];
  }

  setActive(consumer: Ref, ms: number): void {
    this.arena.setF64(consumer * 2 + CONSUMER_ACTIVE_F64, ms);
  }

  /** The pending entries of a group by id; valid until the next call, whichever method. */
  pendingOfGroup(group: Ref): IdTree {
    return this.#ofGroup.attach(group * 4 + GROUP_PENDING);
  }

  /** The pending entries of a consumer, likewise. */
  pendingOfConsumer(consumer: Ref): IdTree {
    return this.#ofConsumer.attach(consumer * 4 + CONSUMER_PENDING);
  }

  /** The pending entry of a group with this id, or 0. */
  findPending(group: Ref, id: StreamId): Ref {
    return this.pendingOfGroup(group).find(id);
  }

  /** When it was delivered last, milliseconds since 1970. */
  deliveredAt(pending: Ref): number {
    return this.arena.f64[pending * 2 + PENDING_TIME_F64];
  }

  deliveries(pending: Ref): number {
    return this.arena.u32[pending * 4 + PENDING_COUNT];
  }

  consumerOf(pending: Ref): Ref {
    return this.arena.i32[pending * 4 + PENDING_CONSUMER];
  }

  setDelivered(pending: Ref, ms: number, deliveries: number): void {
    this.arena.setF64(pending * 2 + PENDING_TIME_F64, ms);
    this.arena.setU32(pending * 4 + PENDING_COUNT, Math.min(deliveries, PENDING_COUNT_MAX));
  }

  /**
   * Notes that an entry was delivered to a consumer for the first time; it may have been another's until now. Throws
   * ARENA_FULL with everything as it was.
   */
  deliver(group: Ref, consumer: Ref, id: StreamId, ms: number): void {
    if (this.addPending(group, consumer, id, ms, 1)) return;
    const old = this.findPending(group, id);
    this.giveTo(old, consumer, id);
    this.setDelivered(old, ms, 1);
  }

  /** Adds a pending entry that `own` will give a consumer: for loading. Throws ARENA_FULL with the group as it was. */
  addUnowned(group: Ref, id: StreamId, ms: number, deliveries: number): void {
    const { arena } = this;
    const pending = arena.allocate(PENDING_BYTES);
    try {
      this.pendingOfGroup(group).insert(id, pending);
    } catch (error) {
      arena.free(pending);
      throw error;
    }
    arena.setU32(pending * 4 + PENDING_CONSUMER, 0);
    this.setDelivered(pending, ms, deliveries);
    this.#addAttached(1);
  }

  /** Gives a pending entry that `addUnowned` added its consumer; false where there is none or it has one. */
  own(group: Ref, consumer: Ref, id: StreamId): boolean {
    const pending = this.findPending(group, id);
    if (pending === 0 || this.consumerOf(pending) !== 0) return false;
    this.pendingOfConsumer(consumer).insert(id, pending);
    this.arena.setU32(pending * 4 + PENDING_CONSUMER, consumer);
    return true;
  }

  /** Gives a pending entry to another consumer. Throws ARENA_FULL with everything as it was. */
  giveTo(pending: Ref, consumer: Ref, id: StreamId): void {
    const owner = this.consumerOf(pending);
    if (owner === consumer) return;
    this.pendingOfConsumer(consumer).insert(id, pending);
    this.pendingOfConsumer(owner).remove(id);
    this.arena.setU32(pending * 4 + PENDING_CONSUMER, consumer);
  }

  /** Removes a pending entry of the group; false where there is none with this id. */
  acknowledge(group: Ref, id: StreamId): boolean {
    const pending = this.pendingOfGroup(group).remove(id);
    if (pending === 0) return false;
    this.pendingOfConsumer(this.consumerOf(pending)).remove(id);
    this.arena.retire(pending);
    this.#addAttached(-1);
    return true;
  }

  /** Adds a pending entry; false where the group has one with this id. Throws ARENA_FULL with everything as it was. */
  addPending(group: Ref, consumer: Ref, id: StreamId, ms: number, deliveries: number): boolean {
    const { arena } = this;
    const pending = arena.allocate(PENDING_BYTES);
    try {
      if (!this.pendingOfGroup(group).insert(id, pending)) {
        arena.free(pending);
        return false;
      }
    } catch (error) {
      arena.free(pending);
      throw error;
    }
    try {
      this.pendingOfConsumer(consumer).insert(id, pending);
    } catch (error) {
      this.pendingOfGroup(group).remove(id);
      arena.free(pending);
      throw error;
    }
    arena.setU32(pending * 4 + PENDING_CONSUMER, consumer);
    this.setDelivered(pending, ms, deliveries);
    this.#addAttached(1);
    return true;
  }

  /** A block with a name, all else zero. */
  #createNamed(name: Uint8Array, start: number, end: number): Ref {
    const { arena } = this;
    const ref = arena.allocate(NAME_BYTES_AT + end - start);
    arena.fill(ref * 16, NAME_BYTES_AT, 0);
    arena.setU32(ref * 4 + NAME_LENGTH, end - start);
    arena.copyIn(ref * 16 + NAME_BYTES_AT, name, start, end);
    return ref;
  }

  #insert(names: NameIndex, ref: Ref): Ref {
    try {
      names.insertFound(ref);
    } catch (error) {
      this.arena.free(ref);
      throw error;
    }
    this.#addAttached(1);
    return ref;
  }

  #addAttached(count: number): void {
    this.arena.setU32(this.#root * 4 + STREAM_ATTACHED, this.attached + count);
  }
}
