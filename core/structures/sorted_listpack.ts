// Listpacks of members with their scores, in the order of (score, member bytes): sorted sets while they are small. As with
// Listpack, one instance serves all; a place is the byte offset of a member in its listpack, 0 = none, and is lost by
// changes; a change returns the listpack's reference, which may be a new one. Hot: reading allocates nothing.
import { DOUBLE_TEXT_BYTES_MAX, formatDouble, parseDouble } from "../bytes/double.ts";
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { Listpack } from "./listpack.ts";
import { integerAt, LISTPACK_EMPTY_BYTES, ListpackElement, nextElement } from "./listpack_format.ts";

/** A short member's overhead and a score: right for most, and a start for the others. */
const SHORT_PAIR_BYTES = 8;
/** The same for a member and a score of any length, at most. */
const PAIR_OVERHEAD_BYTES_MAX = 20 + DOUBLE_TEXT_BYTES_MAX;

export class SortedListpack implements BufferHolder {
  readonly #packed: Listpack;
  readonly #scoreElement = new ListpackElement();
  readonly #otherMember = new ListpackElement();
  readonly #scoreText = new Uint8Array(DOUBLE_TEXT_BYTES_MAX);

  constructor(private readonly arena: Arena) {
    this.#packed = new Listpack(arena);
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.#scoreElement.release();
    this.#otherMember.release();
  }

  /** An empty one with room for so many members that have about so many bytes together. Throws ARENA_FULL. */
  create(members: number, bytes: number): Ref {
    return this.#packed.create(LISTPACK_EMPTY_BYTES + bytes + members * SHORT_PAIR_BYTES);
  }

  /** One with bytes that were checked: pairs in order, every score a number. */
  createFrom(bytes: Uint8Array, start: number, end: number): Ref {
    return this.#packed.createFrom(bytes, start, end);
  }

  fit(ref: Ref): Ref {
    return this.#packed.fit(ref);
  }

  free(ref: Ref): void {
    this.#packed.free(ref);
  }

  /** Number of members. */
  size(ref: Ref): number {
    return this.#packed.length(ref) / 2;
  }

  /** Whether a member of so many bytes may be added at all. */
  isSafeToAdd(ref: Ref, memberBytes: number): boolean {
    return this.#packed.isSafeToAdd(ref, memberBytes + PAIR_OVERHEAD_BYTES_MAX);
  }

  find(ref: Ref, member: Uint8Array, start: number, end: number): number {
    return this.#packed.find(ref, this.#packed.first(ref), member, start, end, 1);
  }

  first(ref: Ref): number {
    return this.#packed.first(ref);
  }

  next(ref: Ref, place: number): number {
    return this.#packed.next(ref, this.#packed.next(ref, place));
  }

  previous(ref: Ref, place: number): number {
    const score = this.#packed.previous(ref, place);
    return score === 0 ? 0 : this.#packed.previous(ref, score);
  }

  /** The member with this rank. */
  seek(ref: Ref, rank: number): number {
    return this.#packed.seek(ref, rank * 2);
  }

  rankOf(ref: Ref, place: number): number {
    let rank = 0;
    for (let each = this.first(ref); each !== place; each = this.next(ref, each)) rank++;
    return rank;
  }

  /** The member's text: valid until the next read or change. */
  member(ref: Ref, place: number): ListpackElement {
    return this.#packed.read(ref, place);
  }

  score(ref: Ref, place: number): number {
    const { u8 } = this.arena;
    const at = nextElement(u8, ref * 16 + place);
    const score = integerAt(u8, at);
    if (score === score) return score;
    const element = this.#scoreElement;
    element.read(u8, at);
    return parseDouble(element.bytes, element.start, element.end);
  }

  /** How many members have a lower score. */
  countBelowScore(ref: Ref, score: number): number {
    let count = 0;
    for (let place = this.first(ref); place !== 0; place = this.next(ref, place)) {
      if (!(this.score(ref, place) < score)) break;
      count++;
    }
    return count;
  }

  /** How many members have this score or a lower one. */
  countToScore(ref: Ref, score: number): number {
    let count = 0;
    for (let place = this.first(ref); place !== 0; place = this.next(ref, place)) {
      if (!(this.score(ref, place) <= score)) break;
      count++;
    }
    return count;
  }

  /** How many members come before this text. All scores must be the same. */
  countBelowMember(ref: Ref, bytes: Uint8Array, start: number, end: number): number {
    return this.#countMembers(ref, bytes, start, end, 0);
  }

  /** How many members come before this text or are this text. All scores must be the same. */
  countToMember(ref: Ref, bytes: Uint8Array, start: number, end: number): number {
    return this.#countMembers(ref, bytes, start, end, 1);
  }

  /** Adds a member that is not there. `lastPlace` is its place then. */
  insert(ref: Ref, member: Uint8Array, start: number, end: number, score: number): Ref {
    return this.#insertBefore(ref, this.#placeFor(ref, member, start, end, score), member, start, end, score);
  }

  /** Where the last `insert` put its member. */
  get lastPlace(): number {
    return this.#packed.position;
  }

  /** Gives the member at a place, whose text this is, another score. */
  setScore(
    ref: Ref,
    place: number,
    member: Uint8Array,
    start: number,
    end: number,
    score: number,
  ): Ref {
    const packed = this.#packed;
    const before = this.#placeFor(ref, member, start, end, score);
    if (before === place || before === this.next(ref, place)) {
      return this.#replaceScore(ref, packed.next(ref, place), score);
    }
    // Added before it is taken out: only adding can fail.
    const had = packed.bytes(ref);
    const result = this.#insertBefore(ref, before, member, start, end, score);
    const isBehind = before === 0 || before > place;
    return this.remove(result, isBehind ? place : place + packed.bytes(result) - had, 1);
  }

  /** Takes out so many members from a place on. */
  remove(ref: Ref, place: number, count: number): Ref {
    return this.#packed.deleteRange(ref, place, count * 2);
  }

  /** Below 0 where the member at a place comes before this text. */
  #compare(ref: Ref, place: number, bytes: Uint8Array, start: number, end: number): number {
    const member = this.#otherMember;
    member.read(this.arena.u8, ref * 16 + place);
    const length = member.end - member.start;
    const common = Math.min(length, end - start);
    for (let index = 0; index < common; index++) {
      const order = member.bytes[member.start + index] - bytes[start + index];
      if (order !== 0) return order;
    }
    return length - (end - start);
  }

  #countMembers(ref: Ref, bytes: Uint8Array, start: number, end: number, below: number): number {
    let count = 0;
    for (let place = this.first(ref); place !== 0; place = this.next(ref, place)) {
      if (this.#compare(ref, place, bytes, start, end) >= below) break;
      count++;
    }
    return count;
  }

  #precedes(
    ref: Ref,
    place: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    score: number,
  ): boolean {
    const other = this.score(ref, place);
    return other < score || (other === score && this.#compare(ref, place, bytes, start, end) < 0);
  }

  /** The member before which one with this score belongs; 0 = the end. */
  #placeFor(ref: Ref, bytes: Uint8Array, start: number, end: number, score: number): number {
    const packed = this.#packed;
    const last = packed.last(ref);
    if (last === 0) return 0;
    // Often members come in order.
    if (this.#precedes(ref, packed.previous(ref, last), bytes, start, end, score)) return 0;
    let place = this.first(ref);
    while (this.#precedes(ref, place, bytes, start, end, score)) place = this.next(ref, place);
    return place;
  }

  #insertBefore(
    ref: Ref,
    before: number,
    member: Uint8Array,
    start: number,
    end: number,
    score: number,
  ): Ref {
    const text = this.#scoreText;
    return this.#packed.insertPair(ref, before, member, start, end, text, 0, formatScore(text, score));
  }

  #replaceScore(ref: Ref, position: number, score: number): Ref {
    if (Number.isSafeInteger(score)) return this.#packed.replaceNumber(ref, position, score);
    const text = this.#scoreText;
    return this.#packed.replace(ref, position, text, 0, formatScore(text, score));
  }
}

/** A score as it stands in a listpack: -0 is 0 there, as it is in Valkey. Returns the length. */
function formatScore(text: Uint8Array, score: number): number {
  return formatDouble(text, 0, score === 0 ? 0 : score);
}
