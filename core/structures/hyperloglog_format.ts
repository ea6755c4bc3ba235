// The bytes of a HyperLogLog, which is a string to all other commands, as Redis has them: "HYLL", encoding, three unused
// bytes, cached cardinality (u64), registers. Dense: 16,384 registers of six bits. Sparse: runs of registers, as opcodes
// ZERO 00xxxxxx (1 to 64 of value 0), XZERO 01xxxxxx yyyyyyyy (1 to 16,384 of value 0), VAL 1vvvvvxx (1 to 4 of value
// 1 to 32). Functions over any Uint8Array: of the arena, or of hyperloglog.ts.

export const HLL_HEADER_BYTES = 16;
export const HLL_REGISTERS = 16384;
export const HLL_DENSE_BYTES = HLL_HEADER_BYTES + HLL_REGISTERS * 6 / 8;
export const HLL_DENSE = 0;
export const HLL_SPARSE = 1;
/** Bits of a hash that do not choose the register. */
export const HLL_HASH_BITS = 50;

const MAGIC = [0x48, 0x59, 0x4c, 0x4c];
const ENCODING_AT = 4;
export const HLL_CACHE_AT = 8;
/** The cached cardinality's highest byte; its highest bit says that the cache is stale. */
const CACHE_STATE_AT = 15;
const CACHE_STALE = 0x80;

const ZERO_RUN_MAX = 64;
export const HLL_ZEROS_RUN_MAX = 16384;
/** Largest value and longest run of a VAL opcode. */
export const HLL_SPARSE_VALUE_MAX = 32;
export const HLL_VALUE_RUN_MAX = 4;

/** Whether `length` bytes at `at` begin as a HyperLogLog; what follows the header may still be broken. */
export function isHyperLogLog(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < HLL_HEADER_BYTES) return false;
  for (let index = 0; index < MAGIC.length; index++) if (bytes[at + index] !== MAGIC[index]) return false;
  const encoding = bytes[at + ENCODING_AT];
  return encoding === HLL_SPARSE || (encoding === HLL_DENSE && length === HLL_DENSE_BYTES);
}

export function isSparse(bytes: Uint8Array, at: number): boolean {
  return bytes[at + ENCODING_AT] === HLL_SPARSE;
}

/** Writes a header with a cached cardinality of 0. */
export function writeHeader(bytes: Uint8Array, encoding: number): void {
  bytes.fill(0, 0, HLL_HEADER_BYTES);
  bytes.set(MAGIC);
  bytes[ENCODING_AT] = encoding;
}

export function setEncoding(bytes: Uint8Array, encoding: number): void {
  bytes[ENCODING_AT] = encoding;
}

export function hasCachedCount(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + CACHE_STATE_AT] & CACHE_STALE) === 0;
}

/** Address and value of the byte that makes the cache stale. */
export function staleByteAt(at: number): number {
  return at + CACHE_STATE_AT;
}

export function staleByte(bytes: Uint8Array, at: number): number {
  return bytes[at + CACHE_STATE_AT] | CACHE_STALE;
}

/** The cached cardinality, of which a forged one may be beyond what a number can hold. */
export function cachedCount(bytes: Uint8Array, at: number): bigint {
  let value = 0n;
  for (let index = 7; index >= 0; index--) value = (value << 8n) | BigInt(bytes[at + HLL_CACHE_AT + index]);
  return value;
}

/** Registers that the opcode at `at` covers. What is cut off at `end` counts as 0, as it does in Redis. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if ((first & 0x80) !== 0) return (first & 3) + 1;
  if ((first & 0x40) === 0) return (first & 0x3f) + 1;
  return (((first & 0x3f) << 8) | (at + 1 < end ? bytes[at + 1] : 0)) + 1;
}

/** Bytes of the opcode at `at`. */
export function opcodeBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at] & 0xc0) === 0x40 ? 2 : 1;
}

/** Value of the registers that the opcode at `at` covers. */
export function runValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  return (first & 0x80) === 0 ? 0 : ((first >>> 2) & 0x1f) + 1;
}

export function isValueRun(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] & 0x80) !== 0;
}

/** Writes a run of zeros in the shortest way; returns the offset behind it. */
export function writeZeros(bytes: Uint8Array, at: number, length: number): number {
  if (length <= ZERO_RUN_MAX) {
    bytes[at] = length - 1;
    return at + 1;
  }
  bytes[at] = 0x40 | ((length - 1) >>> 8);
  bytes[at + 1] = (length - 1) & 0xff;
  return at + 2;
}

/** Writes a run of a value; returns the offset behind it. */
export function writeValue(bytes: Uint8Array, at: number, value: number, length: number): number {
  bytes[at] = 0x80 | ((value - 1) << 2) | (length - 1);
  return at + 1;
}

/** Register `index` of the dense HyperLogLog at `at`. */
export function denseRegister(bytes: Uint8Array, at: number, index: number): number {
  const bit = index * 6;
  const byte = at + HLL_HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  // The second byte of the last register lies behind the end, and none of its bits is used.
  return ((bytes[byte] >>> shift) | (bytes[byte + 1] << (8 - shift))) & 0x3f;
}

/** Register `index` of the sparse HyperLogLog of `length` bytes at `at`; -1 where no run covers it. */
export function sparseRegister(bytes: Uint8Array, at: number, length: number, index: number): number {
  const end = at + length;
  let first = 0;
  for (let opcode = at + HLL_HEADER_BYTES; opcode < end; opcode += opcodeBytes(bytes, opcode)) {
    first += runLength(bytes, opcode, end);
    if (index < first) return runValue(bytes, opcode);
  }
  return -1;
}

/** Calls for every register that is not 0; false where the sparse runs do not make up all registers. */
export function forEachRegister(
  bytes: Uint8Array,
  at: number,
  length: number,
  visit: (index: number, value: number) => void,
): boolean {
  if (!isSparse(bytes, at)) {
    for (let index = 0; index < HLL_REGISTERS; index++) {
      const value = denseRegister(bytes, at, index);
      if (value !== 0) visit(index, value);
    }
    return true;
  }
  const end = at + length;
  let index = 0;
  for (let opcode = at + HLL_HEADER_BYTES; opcode < end; opcode += opcodeBytes(bytes, opcode)) {
    let run = runLength(bytes, opcode, end);
    const value = runValue(bytes, opcode);
    if (index + run > HLL_REGISTERS) return false;
    if (value === 0) index += run;
    else for (; run > 0; run--) visit(index++, value);
  }
  return index === HLL_REGISTERS;
}

/**
 * Raises registers of one byte each to those of the HyperLogLog of `length` bytes at `at`; false where its sparse runs do not
 * make up all registers.
 */
export function mergeRegisters(target: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (isSparse(bytes, at)) {
    return forEachRegister(bytes, at, length, (index, value) => {
      if (value > target[index]) target[index] = value;
    });
  }
  // Four registers are three bytes.
  let read = at + HLL_HEADER_BYTES;
  for (let index = 0; index < HLL_REGISTERS; index += 4, read += 3) {
    const four = bytes[read] | (bytes[read + 1] << 8) | (bytes[read + 2] << 16);
    const first = four & 0x3f;
    const second = (four >>> 6) & 0x3f;
    const third = (four >>> 12) & 0x3f;
    const fourth = four >>> 18;
    if (first > target[index]) target[index] = first;
    if (second > target[index + 1]) target[index + 1] = second;
    if (third > target[index + 2]) target[index + 2] = third;
    if (fourth > target[index + 3]) target[index + 3] = fourth;
  }
  return true;
}
