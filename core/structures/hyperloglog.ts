// A HyperLogLog being changed, outside the arena: taken from a string's bytes, given elements, written back as a whole. It
// stays sparse as long as it can. The bytes come out as Redis makes them, for each same order of elements.
// Called by the HyperLogLog commands.
import {
  denseRegister,
  forEachRegister,
  HLL_DENSE,
  HLL_DENSE_BYTES,
  HLL_HEADER_BYTES,
  HLL_REGISTERS,
  HLL_SPARSE,
  HLL_SPARSE_VALUE_MAX,
  HLL_VALUE_RUN_MAX,
  HLL_ZEROS_RUN_MAX,
  isSparse,
  isValueRun,
  opcodeBytes,
  runLength,
  runValue,
  setEncoding,
  staleByte,
  staleByteAt,
  writeHeader,
  writeValue,
  writeZeros,
} from "./hyperloglog_format.ts";
import { MurmurHash } from "./murmur_hash.ts";

/** A run is split into three opcodes at most, of two, one and two bytes. */
const SPLIT_BYTES_MAX = 5;
/** A buffer larger than this is not kept: only a foreign string that merely begins as a HyperLogLog needs it. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** Opcodes that are looked at for runs to be joined after a change. */
const JOIN_OPCODES = 5;
/** Registers are chosen by the lowest bits of the hash. */
const INDEX_BITS = 14;

/** What adding came to. */
export const HLL_UNCHANGED = 0;
export const HLL_CHANGED = 1;
export const HLL_CORRUPT = -1;

export class HyperLogLog {
  /** The string, up to `length`. */
  bytes: Uint8Array = new Uint8Array(HLL_DENSE_BYTES + SPLIT_BYTES_MAX);
  length = 0;
  /** Register and value of the element that `hash` was given. */
  index = 0;
  value = 0;
  readonly #hash = new MurmurHash();
  readonly #split = new Uint8Array(SPLIT_BYTES_MAX);

  /** Becomes an empty one. */
  clear(): void {
    writeHeader(this.bytes, HLL_SPARSE);
    this.length = writeZeros(this.bytes, HLL_HEADER_BYTES, HLL_ZEROS_RUN_MAX);
  }

  /** Takes a string that begins as one (`isHyperLogLog`). */
  load(bytes: Uint8Array, start: number, length: number): void {
    const room = Math.max(length, HLL_DENSE_BYTES) + SPLIT_BYTES_MAX;
    if (this.bytes.length < room || this.bytes.length > KEPT_BYTES_MAX) this.bytes = new Uint8Array(room);
    this.bytes.set(bytes.subarray(start, start + length));
    this.length = length;
  }

  get isSparse(): boolean {
    return isSparse(this.bytes, 0);
  }

  /** Finds register and value of an element. */
  hash(element: Uint8Array, start: number, end: number): void {
    const hash = this.#hash;
    hash.compute(element, start, end);
    this.index = hash.low & (HLL_REGISTERS - 1);
    // The value is the position of the lowest 1 above the index, counted from 1; one is put behind the 50 bits.
    const low = (hash.low >>> INDEX_BITS) | (hash.high << (32 - INDEX_BITS));
    const high = (hash.high >>> INDEX_BITS) | (1 << (32 - INDEX_BITS));
    this.value = low !== 0 ? 32 - Math.clz32(low & -low) : 64 - Math.clz32(high & -high);
  }

  /** Raises a register to a value; beyond `sparseBytesMax` bytes in all it becomes dense. Returns what it came to. */
  raise(index: number, value: number, sparseBytesMax: number): number {
    return this.isSparse ? this.#raiseSparse(index, value, sparseBytesMax) : this.#raiseDense(index, value);
  }

  /** Forgets the cached count. */
  makeStale(): void {
    this.bytes[staleByteAt(0)] = staleByte(this.bytes, 0);
  }

  /** Becomes dense; false, and no change, where its runs do not make up all registers. */
  makeDense(): boolean {
    if (!this.isSparse) return true;
    const dense = new Uint8Array(HLL_DENSE_BYTES + SPLIT_BYTES_MAX);
    dense.set(this.bytes.subarray(0, HLL_HEADER_BYTES));
    setEncoding(dense, HLL_DENSE);
    const isWhole = forEachRegister(
      this.bytes,
      0,
      this.length,
      (index, value) => writeDense(dense, index, value),
    );
    if (!isWhole) return false;
    this.bytes = dense;
    this.length = HLL_DENSE_BYTES;
    return true;
  }

  #raiseDense(index: number, value: number): number {
    if (denseRegister(this.bytes, 0, index) >= value) return HLL_UNCHANGED;
    writeDense(this.bytes, index, value);
    return HLL_CHANGED;
  }

  #raiseSparse(index: number, value: number, sparseBytesMax: number): number {
    if (value > HLL_SPARSE_VALUE_MAX) return this.#becomeDenseAndRaise(index, value);
    const { bytes } = this;
    let at = HLL_HEADER_BYTES;
    let previous = at;
    let first = 0;
    let run = 0;
    while (at < this.length) {
      run = runLength(bytes, at, this.length);
      if (index < first + run) break;
      first += run;
      previous = at;
      at += opcodeBytes(bytes, at);
    }
    if (run === 0 || at >= this.length) return HLL_CORRUPT;
    const old = runValue(bytes, at);
    if (old >= value) return HLL_UNCHANGED;
    const size = opcodeBytes(bytes, at);
    if (run === 1 && size === 1) {
      writeValue(bytes, at, value, 1);
    } else {
      const split = this.#split;
      const before = index - first;
      const behind = run - 1 - before;
      let end = before === 0 ? 0 : writeRun(split, 0, old, before);
      end = writeValue(split, end, value, 1);
      if (behind > 0) end = writeRun(split, end, old, behind);
      const growth = end - size;
      if (growth > 0 && this.length + growth > sparseBytesMax) return this.#becomeDenseAndRaise(index, value);
      this.#makeRoom(growth);
      this.bytes.copyWithin(at + end, at + size, this.length);
      this.bytes.set(split.subarray(0, end), at);
      this.length += growth;
    }
    this.#join(previous);
    this.makeStale();
    return HLL_CHANGED;
  }

  #makeRoom(growth: number): void {
    if (this.length + growth <= this.bytes.length) return;
    const more = new Uint8Array(this.bytes.length * 2);
    more.set(this.bytes);
    this.bytes = more;
  }

  #becomeDenseAndRaise(index: number, value: number): number {
    return this.makeDense() ? this.#raiseDense(index, value) : HLL_CORRUPT;
  }

  /** Joins runs of the same value that are neighbours, near the opcode at `from`. */
  #join(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let left = JOIN_OPCODES; left > 0 && at < this.length; left--) {
      if (!isValueRun(bytes, at)) {
        at += opcodeBytes(bytes, at);
        continue;
      }
      const next = at + 1;
      if (next < this.length && isValueRun(bytes, next) && runValue(bytes, at) === runValue(bytes, next)) {
        const run = runLength(bytes, at, this.length) + runLength(bytes, next, this.length);
        if (run <= HLL_VALUE_RUN_MAX) {
          writeValue(bytes, next, runValue(bytes, at), run);
          bytes.copyWithin(at, next, this.length);
          this.length--;
          continue;
        }
      }
      at++;
    }
  }
}

/** Writes a run of zeros or of a value, which is short enough. */
function writeRun(bytes: Uint8Array, at: number, value: number, length: number): number {
  return value === 0 ? writeZeros(bytes, at, length) : writeValue(bytes, at, value, length);
}

function writeDense(bytes: Uint8Array, index: number, value: number): void {
  const bit = index * 6;
  const byte = HLL_HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  const mask = 0x3f << shift;
  const two = ((bytes[byte] | (bytes[byte + 1] << 8)) & ~mask) | (value << shift);
  bytes[byte] = two & 0xff;
  bytes[byte + 1] = two >>> 8;
}
