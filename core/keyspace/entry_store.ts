// Entries as blocks: creating, growing, cloning and freeing them. Knows the layout, not the tables that refer to
// them: databases keep those in step. Everything that could fail for want of memory happens before a change.
import type { Arena, Ref } from "../memory/arena.ts";
import { lfuInitial } from "./access.ts";
import type { Clock } from "./clock.ts";
import {
  ENCODING_RAW,
  encodingOf,
  ENTRY_INLINE_BYTES_MAX,
  FLAG_EXPIRE,
  FLAG_EXTERNAL,
  FLAG_FIELD_EXPIRY,
  keyOffset,
  TYPE_STRING,
  typeOf,
  valueRefWord,
  WORD_ACCESS,
  WORD_EPOCH,
  WORD_KEY_LENGTH,
  WORD_META,
  WORD_VALUE_LENGTH,
} from "./entry_layout.ts";
import { encodingOfString } from "./string_encoding.ts";
import { CLONE_BYTES_MAX, type ValueKind } from "./value_kind.ts";

/** `expireAt` of an entry without expiry. */
export const NO_EXPIRE = -1;

/** A growing string doubles up to this much spare room, as Valkey's strings do. */
const SPARE_BYTES_MAX = 1024 * 1024;

const EXPIRE_SHIFT = 12;

export class EntryStore {
  /** Stamped on every entry that is created or changed; a snapshot's cut moves it on. */
  epoch = 1;
  /** True while an LFU policy is set: access words hold counters instead of LRU seconds. */
  usesLfu = false;

  constructor(
    private readonly arena: Arena,
    private readonly clock: Clock,
    /** By type; strings have none. */
    private readonly kinds: readonly ValueKind[],
  ) {}

  meta(ref: Ref): number {
    return this.arena.u32[ref * 4];
  }

  type(ref: Ref): number {
    return typeOf(this.arena.u32[ref * 4]);
  }

  encoding(ref: Ref): number {
    return encodingOf(this.arena.u32[ref * 4]);
  }

  setEncoding(ref: Ref, encoding: number): void {
    const meta = this.arena.u32[ref * 4];
    this.arena.setU32(ref * 4, (meta & ~0xff00) | (encoding << 8));
  }

  keyLength(ref: Ref): number {
    return this.arena.u32[ref * 4 + WORD_KEY_LENGTH];
  }

  /** Byte address of the key. */
  keyAddress(ref: Ref): number {
    return ref * 16 + keyOffset(this.arena.u32[ref * 4]);
  }

  /** A copy of the key's bytes. */
  keyBytes(ref: Ref): Uint8Array {
    const key = new Uint8Array(this.keyLength(ref));
    this.arena.copyOut(this.keyAddress(ref), key.length, key, 0);
    return key;
  }

  /** Milliseconds since 1970, or NO_EXPIRE. */
  expireAt(ref: Ref): number {
    return (this.arena.u32[ref * 4] & FLAG_EXPIRE) === 0 ? NO_EXPIRE : this.arena.f64[ref * 2 + 3];
  }

  stringLength(ref: Ref): number {
    return this.arena.u32[ref * 4 + WORD_VALUE_LENGTH];
  }

  /** Byte address of a string's bytes, wherever they live. */
  stringAddress(ref: Ref): number {
    const u32 = this.arena.u32;
    const meta = u32[ref * 4];
    const keyLength = u32[ref * 4 + WORD_KEY_LENGTH];
    if ((meta & FLAG_EXTERNAL) === 0) return ref * 16 + keyOffset(meta) + keyLength;
    return u32[ref * 4 + valueRefWord(meta, keyLength)] * 16;
  }

  /** The structure (or external string block) that the entry refers to. */
  valueRef(ref: Ref): Ref {
    const u32 = this.arena.u32;
    return u32[ref * 4 + valueRefWord(u32[ref * 4], u32[ref * 4 + WORD_KEY_LENGTH])];
  }

  setValueRef(ref: Ref, value: Ref): void {
    const u32 = this.arena.u32;
    this.arena.setU32(ref * 4 + valueRefWord(u32[ref * 4], u32[ref * 4 + WORD_KEY_LENGTH]), value);
  }

  /** A new string entry; `expireAt` in milliseconds or NO_EXPIRE. Throws ARENA_FULL. */
  createString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): Ref {
    const encoding = encodingOfString(value, valueStart, valueEnd);
    const ref = this.allocateString(key, keyStart, keyEnd, valueEnd - valueStart, encoding, expireAt);
    this.arena.copyIn(this.stringAddress(ref), value, valueStart, valueEnd);
    return ref;
  }

  /** A new string entry whose bytes are not set yet. */
  private allocateString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    length: number,
    encoding: number,
    expireAt: number,
  ): Ref {
    const keyLength = keyEnd - keyStart;
    const flags = expireAt === NO_EXPIRE ? 0 : FLAG_EXPIRE;
    const inlineBytes = keyOffset(flags) + keyLength + length;
    if (inlineBytes <= ENTRY_INLINE_BYTES_MAX) {
      const ref = this.arena.allocate(inlineBytes);
      this.writeHeader(ref, TYPE_STRING | (encoding << 8) | flags, key, keyStart, keyEnd, length, expireAt);
      return ref;
    }
    const block = this.arena.allocate(length);
    const ref = this.createReferring(
      TYPE_STRING | (encoding << 8) | flags | FLAG_EXTERNAL,
      key,
      keyStart,
      keyEnd,
      length,
      block,
      expireAt,
    );
    return ref;
  }

  /** A new entry that refers to a structure. Takes the structure over only when it returns. Throws ARENA_FULL. */
  createCollection(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    type: number,
    encoding: number,
    value: Ref,
    expireAt: number,
  ): Ref {
    const flags = expireAt === NO_EXPIRE ? 0 : FLAG_EXPIRE;
    const meta = type | (encoding << 8) | flags;
    const words = valueRefWord(meta, keyEnd - keyStart) + 1;
    const ref = this.arena.allocate(words * 4);
    this.writeHeader(ref, meta, key, keyStart, keyEnd, 0, expireAt);
    this.setValueRef(ref, value);
    return ref;
  }

  private createReferring(
    meta: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    length: number,
    block: Ref,
    expireAt: number,
  ): Ref {
    let ref: Ref;
    try {
      ref = this.arena.allocate((valueRefWord(meta, keyEnd - keyStart) + 1) * 4);
    } catch (error) {
      this.arena.free(block);
      throw error;
    }
    this.writeHeader(ref, meta, key, keyStart, keyEnd, length, expireAt);
    this.setValueRef(ref, block);
    return ref;
  }

  private writeHeader(
    ref: Ref,
    meta: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueLength: number,
    expireAt: number,
  ): void {
    const arena = this.arena;
    const word = ref * 4;
    arena.setU32(word + WORD_META, meta);
    arena.setU32(word + WORD_ACCESS, this.usesLfu ? lfuInitial(this.clock.ms) : this.clock.lruSeconds);
    arena.setU32(word + WORD_EPOCH, this.epoch);
    arena.setU32(word + WORD_KEY_LENGTH, keyEnd - keyStart);
    arena.setU32(word + WORD_VALUE_LENGTH, valueLength);
    if (expireAt !== NO_EXPIRE) arena.setF64(ref * 2 + 3, expireAt);
    arena.copyIn(ref * 16 + keyOffset(meta), key, keyStart, keyEnd);
  }

  /**
   * Overwrites an inline string where its block fits the new value without waste; false where the caller must
   * make a new entry. Expiry and key stay.
   */
  overwriteInPlace(ref: Ref, value: Uint8Array, start: number, end: number): boolean {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    if ((meta & 0xff) !== TYPE_STRING || (meta & FLAG_EXTERNAL) !== 0) return false;
    const keyLength = arena.u32[ref * 4 + WORD_KEY_LENGTH];
    const offset = keyOffset(meta) + keyLength;
    const length = end - start;
    const needed = offset + length;
    if (needed > ENTRY_INLINE_BYTES_MAX) return false;
    if (length !== arena.u32[ref * 4 + WORD_VALUE_LENGTH]) {
      const room = arena.sizeOf(ref);
      if (needed > room || needed * 2 < room) return false;
      arena.setU32(ref * 4 + WORD_VALUE_LENGTH, length);
    }
    const encoding = encodingOfString(value, start, end);
    if (((meta >>> 8) & 0xff) !== encoding) arena.setU32(ref * 4, (meta & ~0xff00) | (encoding << 8));
    arena.setU32(ref * 4 + WORD_EPOCH, this.epoch);
    arena.copyIn(ref * 16 + offset, value, start, end);
    return true;
  }

  /**
   * Changes a string's length, keeping its bytes and zeroing what is new; its encoding becomes raw. Leaves spare
   * room for further growth. Returns the entry, which is a new block where the old one was too small: the caller
   * then refers to the new one and frees the old with `freeEntryBlock`.
   */
  resizeString(ref: Ref, length: number): Ref {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    const old = this.stringLength(ref);
    const keyLength = this.keyLength(ref);
    const external = (meta & FLAG_EXTERNAL) !== 0;
    const offset = keyOffset(meta) + keyLength;
    if (!external && offset + length <= arena.sizeOf(ref)) {
      this.setStringShape(ref, meta, length);
      if (length > old) arena.fill(ref * 16 + offset + old, length - old, 0);
      return ref;
    }
    const spare = length > old ? Math.min(length, SPARE_BYTES_MAX) : 0;
    if (external) {
      const block = this.valueRef(ref);
      if (length <= arena.sizeOf(block)) {
        this.setStringShape(ref, meta, length);
        if (length > old) arena.fill(block * 16 + old, length - old, 0);
        return ref;
      }
      const grown = arena.allocate(length + spare);
      arena.copyWithin(grown * 16, block * 16, old);
      arena.fill(grown * 16 + old, length - old, 0);
      this.setValueRef(ref, grown);
      this.setStringShape(ref, meta, length);
      arena.retire(block);
      return ref;
    }
    if (offset + length <= ENTRY_INLINE_BYTES_MAX) {
      const target = arena.allocate(Math.min(offset + length + spare, ENTRY_INLINE_BYTES_MAX));
      arena.copyWithin(target * 16, ref * 16, offset + old);
      arena.fill(target * 16 + offset + old, length - old, 0);
      this.setStringShape(target, meta, length);
      return target;
    }
    const block = arena.allocate(length + spare);
    let target: Ref;
    const newMeta = meta | FLAG_EXTERNAL;
    try {
      target = arena.allocate((valueRefWord(newMeta, keyLength) + 1) * 4);
    } catch (error) {
      arena.free(block);
      throw error;
    }
    arena.copyWithin(block * 16, ref * 16 + offset, old);
    arena.fill(block * 16 + old, length - old, 0);
    arena.copyWithin(target * 16, ref * 16, offset);
    this.setStringShape(target, newMeta, length);
    this.setValueRef(target, block);
    return target;
  }

  private setStringShape(ref: Ref, meta: number, length: number): void {
    this.arena.setU32(ref * 4, (meta & ~0xff00) | (ENCODING_RAW << 8));
    this.arena.setU32(ref * 4 + WORD_VALUE_LENGTH, length);
    this.arena.setU32(ref * 4 + WORD_EPOCH, this.epoch);
  }

  /** Sets the expiry. Returns the entry: a new block where the old one had no room for it. */
  withExpire(ref: Ref, at: number): Ref {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    if ((meta & FLAG_EXPIRE) !== 0) {
      arena.setF64(ref * 2 + 3, at);
      return ref;
    }
    const used = this.usedBytes(ref);
    const payload = used - keyOffset(meta);
    let target = ref;
    if (used + EXPIRE_SHIFT > arena.sizeOf(ref)) {
      target = arena.allocate(used + EXPIRE_SHIFT);
      arena.copyWithin(target * 16, ref * 16, keyOffset(0));
    }
    arena.copyWithin(target * 16 + keyOffset(FLAG_EXPIRE), ref * 16 + keyOffset(0), payload);
    arena.setU32(target * 4, meta | FLAG_EXPIRE);
    arena.setF64(target * 2 + 3, at);
    return target;
  }

  /** Takes the expiry away, in place. */
  dropExpire(ref: Ref): void {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    if ((meta & FLAG_EXPIRE) === 0) return;
    const payload = this.usedBytes(ref) - keyOffset(meta);
    arena.copyWithin(ref * 16 + keyOffset(0), ref * 16 + keyOffset(FLAG_EXPIRE), payload);
    arena.setU32(ref * 4, meta & ~FLAG_EXPIRE);
  }

  /** Bytes of the entry's own block that are in use. */
  usedBytes(ref: Ref): number {
    const u32 = this.arena.u32;
    const meta = u32[ref * 4];
    const keyLength = u32[ref * 4 + WORD_KEY_LENGTH];
    if (this.refersToBlock(meta)) return (valueRefWord(meta, keyLength) + 1) * 4;
    return keyOffset(meta) + keyLength + u32[ref * 4 + WORD_VALUE_LENGTH];
  }

  private refersToBlock(meta: number): boolean {
    return (meta & 0xff) !== TYPE_STRING || (meta & FLAG_EXTERNAL) !== 0;
  }

  /** Bytes of the entry with its value, roughly. */
  sizeEstimate(ref: Ref): number {
    const { arena } = this;
    const meta = arena.u32[ref * 4];
    const own = arena.sizeOf(ref);
    if (!this.refersToBlock(meta)) return own;
    const value = this.valueRef(ref);
    if (typeOf(meta) === TYPE_STRING) return own + arena.sizeOf(value);
    return own + this.kinds[typeOf(meta)].sizeEstimate(value, encodingOf(meta));
  }

  /** True where copying the entry with its value would take too long for one turn. */
  isLarge(ref: Ref): boolean {
    const meta = this.arena.u32[ref * 4];
    if (typeOf(meta) === TYPE_STRING) return this.stringLength(ref) > CLONE_BYTES_MAX;
    return this.kinds[typeOf(meta)].isLarge(this.valueRef(ref), encodingOf(meta));
  }

  /**
   * A deep copy under another key (or the same): value and encoding, as if just accessed. `expireAt` as given.
   * Throws ARENA_FULL with nothing left behind.
   */
  copyAs(ref: Ref, key: Uint8Array, keyStart: number, keyEnd: number, expireAt: number): Ref {
    const meta = this.arena.u32[ref * 4];
    let copy: Ref;
    if (typeOf(meta) === TYPE_STRING) {
      const length = this.stringLength(ref);
      copy = this.allocateString(key, keyStart, keyEnd, length, encodingOf(meta), expireAt);
      this.arena.copyWithin(this.stringAddress(copy), this.stringAddress(ref), length);
    } else {
      const value = this.copyValue(ref);
      try {
        copy = this.createCollection(key, keyStart, keyEnd, typeOf(meta), encodingOf(meta), value, expireAt);
        this.arena.setU32(copy * 4, this.arena.u32[copy * 4] | (meta & FLAG_FIELD_EXPIRY));
      } catch (error) {
        this.freeValue(meta, value);
        throw error;
      }
    }
    return copy;
  }

  /** A copy of entry and value with the same key and expiry, stamped with the current epoch. */
  clone(ref: Ref): Ref {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    const used = this.usedBytes(ref);
    let value: Ref = 0;
    if (this.refersToBlock(meta)) value = this.copyValue(ref);
    let copy: Ref;
    try {
      copy = arena.allocate(used);
    } catch (error) {
      if (value !== 0) this.freeValue(meta, value);
      throw error;
    }
    arena.copyWithin(copy * 16, ref * 16, used);
    if (value !== 0) this.setValueRef(copy, value);
    arena.setU32(copy * 4 + WORD_EPOCH, this.epoch);
    return copy;
  }

  /** A new entry with another key that takes over the old entry's value; the caller frees the old block alone. */
  relabel(ref: Ref, key: Uint8Array, keyStart: number, keyEnd: number): Ref {
    const arena = this.arena;
    const meta = arena.u32[ref * 4];
    const expireAt = this.expireAt(ref);
    if (!this.refersToBlock(meta)) {
      const copy = this.copyAs(ref, key, keyStart, keyEnd, expireAt);
      arena.setU32(copy * 4 + WORD_ACCESS, arena.u32[ref * 4 + WORD_ACCESS]);
      return copy;
    }
    const target = this.arena.allocate((valueRefWord(meta, keyEnd - keyStart) + 1) * 4);
    this.writeHeader(target, meta, key, keyStart, keyEnd, this.stringLength(ref), expireAt);
    this.setValueRef(target, this.valueRef(ref));
    arena.setU32(target * 4 + WORD_ACCESS, arena.u32[ref * 4 + WORD_ACCESS]);
    return target;
  }

  /** Takes `relabel` back: frees the new entry with what is its alone. */
  undoRelabel(ref: Ref, relabelled: Ref): void {
    if (this.refersToBlock(this.meta(ref))) this.freeEntryBlock(relabelled);
    else this.free(relabelled);
  }

  private copyValue(ref: Ref): Ref {
    const arena = this.arena;
    const value = this.valueRef(ref);
    const type = this.type(ref);
    if (type !== TYPE_STRING) return this.kinds[type].copy(value, this.encoding(ref));
    const bytes = this.stringLength(ref);
    const copy = arena.allocate(bytes);
    arena.copyWithin(copy * 16, value * 16, bytes);
    return copy;
  }

  /** Frees an entry and its value; blocks that a snapshot may still be reading are retired instead. */
  free(ref: Ref): void {
    const meta = this.arena.u32[ref * 4];
    if (this.refersToBlock(meta)) this.freeValue(meta, this.valueRef(ref));
    this.arena.retire(ref);
  }

  /** Frees the entry's own block after its value was taken over. */
  freeEntryBlock(ref: Ref): void {
    this.arena.retire(ref);
  }

  /** Frees the structure or external string block of an entry with this meta word. */
  private freeValue(meta: number, value: Ref): void {
    if (typeOf(meta) === TYPE_STRING) this.arena.retire(value);
    else this.kinds[typeOf(meta)].free(value, encodingOf(meta));
  }
}
