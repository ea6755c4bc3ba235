// SHA-1 of short byte ranges without allocation, for DEBUG DIGEST, which takes millions of them in one turn. Not for
// anything that has to be secret or proof against forgery.

export const SHA1_BYTES = 20;

const BLOCK_BYTES = 64;
/** Where the length stands in the last block. */
const LENGTH_AT = 56;

const words = new Int32Array(80);
/** The last one or two blocks, with the padding. */
const tail = new Uint8Array(2 * BLOCK_BYTES);

let h0 = 0;
let h1 = 0;
let h2 = 0;
let h3 = 0;
let h4 = 0;

/** Writes the digest of bytes[start, end) to out[0, 20). `out` may be a part of `bytes`. */
export function sha1Into(out: Uint8Array, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  h0 = 0x67452301;
  h1 = 0xefcdab89 | 0;
  h2 = 0x98badcfe | 0;
  h3 = 0x10325476;
  h4 = 0xc3d2e1f0 | 0;
  const length = end - start;
  let at = start;
  for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) compress(bytes, at);
  let used = 0;
  while (at < end) tail[used++] = bytes[at++];
  tail[used++] = 0x80;
  const size = used > LENGTH_AT ? 2 * BLOCK_BYTES : BLOCK_BYTES;
  tail.fill(0, used, size - 8);
  putWord(tail, size - 8, Math.floor(length / 0x20000000));
  putWord(tail, size - 4, length << 3);
  for (let block = 0; block < size; block += BLOCK_BYTES) compress(tail, block);
  putWord(out, 0, h0);
  putWord(out, 4, h1);
  putWord(out, 8, h2);
  putWord(out, 12, h3);
  putWord(out, 16, h4);
}

function putWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}

function compress(bytes: Uint8Array, at: number): void {
  const w = words;
  for (let i = 0; i < 16; i++, at += 4) {
    w[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
  for (let i = 16; i < 80; i++) {
    const mixed = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = mixed << 1 | mixed >>> 31;
  }
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  let next = 0;
  for (let i = 0; i < 20; i++) {
    next = (a << 5 | a >>> 27) + (d ^ b & (c ^ d)) + e + 0x5a827999 + w[i] | 0;
    e = d;
    d = c;
    c = b << 30 | b >>> 2;
    b = a;
    a = next;
  }
  for (let i = 20; i < 40; i++) {
    next = (a << 5 | a >>> 27) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i] | 0;
    e = d;
    d = c;
    c = b << 30 | b >>> 2;
    b = a;
    a = next;
  }
  for (let i = 40; i < 60; i++) {
    next = (a << 5 | a >>> 27) + (b & c | d & (b | c)) + e - 0x70e44324 + w[i] | 0;
    e = d;
    d = c;
    c = b << 30 | b >>> 2;
    b = a;
    a = next;
  }
  for (let i = 60; i < 80; i++) {
    next = (a << 5 | a >>> 27) + (b ^ c ^ d) + e - 0x359d3e2a + w[i] | 0;
    e = d;
    d = c;
    c = b << 30 | b >>> 2;
    b = a;
    a = next;
  }
  h0 = h0 + a | 0;
  h1 = h1 + b | 0;
  h2 = h2 + c | 0;
  h3 = h3 + d | 0;
  h4 = h4 + e | 0;
}
