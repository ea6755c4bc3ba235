// Assembles RDB streams and packed collections by hand, so that decoder tests do not lean on the encoder. For tests
// only.
import { Crc64 } from "./crc64.ts";
import { rdbMagic, writeLength } from "./format.ts";

export class RdbBuilder {
  #bytes: number[] = [];

  constructor(version?: number) {
    if (version !== undefined) this.text(rdbMagic(version));
  }

  raw(...bytes: number[]): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  text(text: string): this {
    for (let k = 0; k < text.length; k++) this.#bytes.push(text.charCodeAt(k));
    return this;
  }

  length(length: number): this {
    const bytes = new Uint8Array(9);
    return this.raw(...bytes.subarray(0, writeLength(bytes, 0, length)));
  }

  /** A raw string with its length. */
  string(text: string): this {
    return this.length(text.length).text(text);
  }

  blob(bytes: Uint8Array): this {
    this.length(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  little(value: bigint, bytes: number): this {
    for (let k = 0; k < bytes; k++) this.#bytes.push(Number((value >> BigInt(8 * k)) & 0xffn));
    return this;
  }

  /** The end opcode and the right checksum. */
  end(): Uint8Array {
    return this.raw(255).withChecksum();
  }

  /** What was built with the right checksum behind it. */
  withChecksum(): Uint8Array {
    const crc = new Crc64();
    const whole = new Uint8Array(this.#bytes.length + 8);
    whole.set(this.#bytes);
    crc.update(whole, 0, this.#bytes.length);
    crc.writeTo(whole, this.#bytes.length);
    return whole;
  }

  build(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** A listpack whose elements are all strings of less than 64 bytes, or small integers. */
export function listpackOf(elements: (string | number)[]): Uint8Array {
  const body = new RdbBuilder();
  for (const element of elements) {
    if (typeof element === "number") body.raw(element & 0x7f, 1);
    else body.raw(0x80 | element.length).text(element).raw(element.length + 1);
  }
  const elementBytes = body.build();
  return new RdbBuilder().little(BigInt(elementBytes.length + 7), 4).little(BigInt(elements.length), 2)
    .raw(...elementBytes, 0xff).build();
}

/** A ziplist of strings of less than 64 bytes and integers from 0 to 12. */
export function ziplistOf(elements: (string | number)[]): Uint8Array {
  const body = new RdbBuilder();
  let previous = 0;
  let size = 0;
  for (const element of elements) {
    body.raw(previous);
    size += previous;
    if (typeof element === "number") body.raw(0xf1 + element);
    else body.raw(element.length).text(element);
    previous = typeof element === "number" ? 2 : element.length + 2;
  }
  const elementBytes = body.build();
  return new RdbBuilder().little(BigInt(elementBytes.length + 11), 4).little(BigInt(10 + size), 4)
    .little(BigInt(elements.length), 2).raw(...elementBytes, 0xff).build();
}

/** A stream id of two small numbers as its 16 bytes. */
export function streamIdOf(ms: number, seq: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, ms, 0, 0, 0, 0, 0, 0, 0, seq);
}

/** A sound stream of one entry, 1-2, that a group's consumer has pending; in the form of version 1, 2 or 3. */
export function streamValue(builder: RdbBuilder, version: number): RdbBuilder {
  const id = streamIdOf(1, 2);
  builder.length(1).blob(id).blob(listpackOf([1, 0, 1, "f", 0, 2, 0, 0, "v", 4]));
  builder.length(1).length(1).length(2);
  if (version >= 2) builder.length(1).length(2).length(0).length(0).length(1);
  builder.length(1).string("group").length(1).length(2);
  if (version >= 2) builder.length(1);
  builder.length(1).raw(...id).little(3n, 8).length(1);
  builder.length(1).string("consumer").little(3n, 8);
  if (version >= 3) builder.little(4n, 8);
  return builder.length(1).raw(...id);
}
