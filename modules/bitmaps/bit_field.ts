// Integers of 1 to 64 bits at any bit of a string: reading, writing, and what happens to sums that are too large.
// Called by BITFIELD.
import { INT64_MAX } from "../../core/bytes/integer.ts";
import type { Arena } from "../../core/memory/arena.ts";

export type Overflow = "wrap" | "sat" | "fail";

const WORD_BITS = 32;

/** Reads `bits` bits from bit `offset` of the string of `length` bytes at `address`; behind its end all are 0. */
export function readField(
  arena: Arena,
  address: number,
  length: number,
  offset: number,
  bits: number,
  isSigned: boolean,
): bigint {
  const highBits = Math.max(0, bits - WORD_BITS);
  const high = readWord(arena, address, length, offset, highBits);
  const low = readWord(arena, address, length, offset + highBits, bits - highBits);
  const value = (BigInt(high) << 32n) | BigInt(low);
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

/** Writes the lowest `bits` bits of a value; the string is long enough. */
export function writeField(arena: Arena, address: number, offset: number, bits: number, value: bigint): void {
  const unsigned = BigInt.asUintN(bits, value);
  const highBits = Math.max(0, bits - WORD_BITS);
  writeWord(arena, address, offset, highBits, Number(unsigned >> 32n));
  writeWord(arena, address, offset + highBits, bits - highBits, Number(unsigned & 0xffff_ffffn));
}

/** A value that a field of so many bits can hold, in the place of one that it cannot: what was to be set, or a sum. */
export function overflowed(
  value: bigint,
  bits: number,
  isSigned: boolean,
  overflow: Overflow,
  kind: "set" | "incrby",
): bigint {
  if (overflow !== "sat") return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  const least = leastOf(bits, isSigned);
  const most = mostOf(bits, isSigned);
  if (value > most) return most;
  // Valkey takes what is further below the maximum than 64 bits can say for something above it. A replica must, too.
  return kind === "set" && most - value > INT64_MAX ? most : least;
}

/** Whether a field of so many bits can hold the value. */
export function fitsField(value: bigint, bits: number, isSigned: boolean): boolean {
  return value >= leastOf(bits, isSigned) && value <= mostOf(bits, isSigned);
}

function leastOf(bits: number, isSigned: boolean): bigint {
  return isSigned ? -(1n << BigInt(bits - 1)) : 0n;
}

function mostOf(bits: number, isSigned: boolean): bigint {
  return (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
}

function readWord(arena: Arena, address: number, length: number, offset: number, bits: number): number {
  const { u8 } = arena;
  let value = 0;
  let at = offset;
  for (let left = bits; left > 0;) {
    const byte = Math.floor(at / 8);
    const room = 8 - at % 8;
    const take = Math.min(room, left);
    const content = byte < length ? u8[address + byte] : 0;
    value = value * (1 << take) + ((content >>> (room - take)) & ((1 << take) - 1));
    at += take;
    left -= take;
  }
  return value;
}

function writeWord(arena: Arena, address: number, offset: number, bits: number, value: number): void {
  let at = offset;
  for (let left = bits; left > 0;) {
    const byte = address + Math.floor(at / 8);
    const room = 8 - at % 8;
    const take = Math.min(room, left);
    const mask = ((1 << take) - 1) << (room - take);
    const part = (value >>> (left - take)) << (room - take);
    arena.setU8(byte, (arena.u8[byte] & ~mask) | (part & mask));
    at += take;
    left -= take;
  }
}
