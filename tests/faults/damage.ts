// Damages bytes at random, mostly a little, with a liking for lengths, and makes their checksum right again.
import { Crc64 } from "../../core/persistence/rdb/crc64.ts";
import type { Random } from "../values/random.ts";

const CHECKSUM_BYTES = 8;
const FOOTER_BYTES = 10;
/** Forms of lengths, integers and ends that formats give a meaning to. */
const TELLING: readonly number[][] = [
  [0x00],
  [0x01],
  [0x3f],
  [0x40],
  [0x7f],
  [0x80],
  [0xff],
  [0x7f, 0xff],
  [0x40, 0x00],
  [0x80, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0x7f, 0xff, 0xff, 0xff],
  [0x80, 0x00, 0x00, 0x00, 0x05],
  [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x81, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xc0, 0x05],
  [0xc3, 0x05, 0x41, 0x00],
  [0xf0, 0xff, 0xff, 0xff, 0x7f],
  [0xf4, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f],
  [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80],
];

/** A copy of `bytes` with one to four damages; `others` are what a part may be taken from. */
export function damaged(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let result = bytes;
  for (let count = random.oneIn(3) ? 1 + random.below(4) : 1; count > 0; count--) {
    result = damagedOnce(result, random, others);
  }
  return result;
}

function damagedOnce(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const at = random.oneIn(2) ? random.below(Math.min(48, bytes.length)) : random.below(bytes.length);
  const result = bytes.slice();
  switch (random.below(8)) {
    case 0:
      result[at] ^= 1 << random.below(8);
      return result;
    case 1:
      result[at] = random.below(256);
      return result;
    case 2:
      result[at] += random.oneIn(2) ? 1 : -1;
      return result;
    case 3: {
      const telling = random.pick(TELLING);
      result.set(telling.slice(0, result.length - at), at);
      return result;
    }
    case 4:
      return spliced(bytes, at, 0, Uint8Array.from(random.pick(TELLING)));
    case 5:
      return spliced(bytes, at, 1 + random.below(random.oneIn(4) ? 200 : 12), NOTHING);
    case 6: {
      const end = Math.min(bytes.length, at + 1 + random.below(40));
      return spliced(bytes, random.below(bytes.length), 0, bytes.subarray(at, end));
    }
    default: {
      const other = random.pick(others);
      const from = random.below(other.length);
      return spliced(bytes, at, random.below(20), other.subarray(from, from + random.below(60)));
    }
  }
}

const NOTHING = new Uint8Array(0);

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const after = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(at + added.length + bytes.length - after);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(after), at + added.length);
  return result;
}

/** A damaged payload of DUMP: the version at its end stays, the checksum is right. */
export function damagedPayload(
  payload: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  const body = payload.length - FOOTER_BYTES;
  const value = damaged(payload.subarray(0, body), random, others);
  const result = new Uint8Array(value.length + FOOTER_BYTES);
  result.set(value);
  result.set(payload.subarray(body, body + 2), value.length);
  const crc = new Crc64();
  crc.update(result, 0, result.length - CHECKSUM_BYTES);
  crc.writeTo(result, result.length - CHECKSUM_BYTES);
  return result;
}
