// What every codec plugin must keep, as conformance cases: what goes in comes out whatever the cuts, streams do not
// disturb each other, bad input ends in an error or in other bytes but never in a hang, a crash or a flood, and block
// calls stay inside the spans they were given. Runs where the codec is loaded.
import type { BlockCodec, ByteStage, CodecPlugin } from "../types.ts";
import { type ConformanceCase, expect, SeededBytes } from "./conformance_case.ts";

/** A decoder may turn a small bad input into at most this many bytes. */
const FLOOD_BYTES_MAX = 64 * 1024 * 1024;
const GUARD_BYTE = 0xa5;
const GUARD_BYTES = 16;

export interface CodecPromises {
  /** From the manifest: which of the two it provides, and what it declares. */
  provides: Readonly<Record<string, string>>;
  declares: readonly string[];
}

export function codecCases(codec: CodecPlugin, promises: CodecPromises): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  if (promises.provides.stream !== undefined) cases.push(...streamCases(codec, promises.declares));
  if (promises.provides.block !== undefined) cases.push(...blockCases(codec.block!));
  return cases;
}

function streamCases(codec: CodecPlugin, declares: readonly string[]): ConformanceCase[] {
  const encode = (data: Uint8Array, chunk = data.length) => through(codec.encoder!(), data, chunk);
  const decode = (data: Uint8Array, chunk = data.length) => through(codec.decoder!(), data, chunk);
  const cases: ConformanceCase[] = [];

  cases.push({
    name: "stream: what goes in comes out, for all sizes and contents",
    run() {
      for (const data of samples()) {
        const back = decode(encode(data));
        expect(same(back, data), `${data.length} bytes came back as ${back.length} others`);
      }
    },
  });
  cases.push({
    name: "stream: the cuts between chunks mean nothing",
    run() {
      const data = new SeededBytes(1).text(150_000);
      for (const [encodeChunk, decodeChunk] of [[1, 70_000], [7, 13], [65_536, 1], [150_000, 4_097]]) {
        const back = decode(encode(data, encodeChunk), decodeChunk);
        expect(same(back, data), `chunks of ${encodeChunk} and ${decodeChunk} bytes changed the data`);
      }
    },
  });
  cases.push({
    name: "stream: after flush, everything before it can be decoded",
    run() {
      const encoder = codec.encoder!();
      const decoder = codec.decoder!();
      const random = new SeededBytes(2);
      const sent = new Collected();
      const got = new Collected();
      for (let i = 0; i < 20; i++) {
        const part = random.text(random.below(5_000));
        const encoded = new Collected();
        sent.take(part);
        encoder.push(part, encoded.emit);
        encoder.flush(encoded.emit);
        decoder.push(encoded.bytes(), got.emit);
        expect(got.length === sent.length, `flush ${i}: ${got.length} of ${sent.length} bytes were decoded`);
      }
      const end = new Collected();
      encoder.end(end.emit);
      decoder.push(end.bytes(), got.emit);
      decoder.end(got.emit);
      expect(same(got.bytes(), sent.bytes()), "the flushed stream decodes to other bytes");
    },
  });
  cases.push({
    name: "stream: two streams at once do not disturb each other",
    run() {
      const random = new SeededBytes(3);
      const data = [random.text(90_000), random.noise(90_000)];
      const encoders = data.map(() => codec.encoder!());
      const outs = data.map(() => new Collected());
      for (let at = 0; at < 90_000; at += 9_000) {
        encoders.forEach((encoder, i) => encoder.push(data[i].slice(at, at + 9_000), outs[i].emit));
      }
      encoders.forEach((encoder, i) => encoder.end(outs[i].emit));
      data.forEach((bytes, i) =>
        expect(same(decode(outs[i].bytes()), bytes), `stream ${i} decodes to other bytes`)
      );
    },
  });
  cases.push({
    name: "stream: a corrupt tail is refused or gives a beginning of the data, never more",
    run() {
      const random = new SeededBytes(4);
      const data = random.text(20_000);
      const encoded = encode(data);
      for (let i = 0; i < 60; i++) {
        const cut = i < 20 ? encoded.length - 1 - i : random.below(encoded.length);
        const got = new Collected();
        const failed = attempt(codec.decoder!(), encoded.slice(0, Math.max(0, cut)), got);
        const prefix = same(got.bytes(), data.slice(0, got.length));
        expect(prefix, `cut at byte ${cut}: decoded bytes that were never encoded`);
        expect(
          failed || got.length < data.length,
          `cut at byte ${cut}: decoded everything and saw nothing wrong`,
        );
      }
    },
  });
  cases.push({
    name: "stream: damaged and random input ends in an error or in other bytes, within bounds",
    run() {
      const random = new SeededBytes(5);
      const encoded = encode(random.text(20_000));
      for (let i = 0; i < 200; i++) {
        let bad = encoded.slice();
        if (i % 4 === 0) bad = random.noise(random.below(2_000));
        else for (let k = random.below(3); k >= 0; k--) bad[random.below(bad.length)] = random.below(256);
        attempt(codec.decoder!(), bad, new Collected());
      }
    },
  });
  cases.push({
    name: "stream: an error in one stream leaves the codec usable",
    run() {
      attempt(codec.decoder!(), new SeededBytes(6).noise(500), new Collected());
      const data = new SeededBytes(7).text(1_000);
      expect(same(decode(encode(data)), data), "the next stream came back as other bytes");
    },
  });
  if (declares.includes("deterministic")) {
    cases.push({
      name: "stream: the same input gives the same bytes (declared: deterministic)",
      run() {
        const data = new SeededBytes(8).text(100_000);
        expect(same(encode(data, 1_000), encode(data, 1_000)), "two encoders gave different bytes");
      },
    });
  }
  return cases;
}

function blockCases(block: BlockCodec): ConformanceCase[] {
  return [
    {
      name: "block: what goes in comes out, and only inside the given spans",
      run() {
        for (const data of samples()) {
          const room = data.length + 64 + (data.length >> 3);
          const source = guarded(data);
          const target = guarded(new Uint8Array(room));
          const end = GUARD_BYTES + data.length;
          const length = block.compress(source, GUARD_BYTES, end, target, GUARD_BYTES, GUARD_BYTES + room);
          expect(length >= 0 && length <= room, `compress said ${length} for room of ${room}`);
          expectGuards(target, room, `compress of ${data.length} bytes`);
          expect(same(source.slice(GUARD_BYTES, end), data), "compress changed its source");
          if (length === 0) continue;
          const back = guarded(new Uint8Array(data.length));
          const right = block.decompress(target, GUARD_BYTES, GUARD_BYTES + length, back, GUARD_BYTES, end);
          expect(right, `decompress refused what compress made of ${data.length} bytes`);
          expectGuards(back, data.length, `decompress of ${data.length} bytes`);
          expect(same(back.slice(GUARD_BYTES, end), data), `${data.length} bytes came back as others`);
        }
      },
    },
    {
      name: "block: what does not fit is refused with 0, without a byte outside",
      run() {
        const data = new SeededBytes(9).noise(1_000);
        for (const room of [0, 1, 2, 10, 500, 999]) {
          const target = guarded(new Uint8Array(room));
          const length = block.compress(data, 0, data.length, target, GUARD_BYTES, GUARD_BYTES + room);
          expect(length >= 0 && length <= room, `compress said ${length} for room of ${room}`);
          expectGuards(target, room, `compress into ${room} bytes`);
        }
      },
    },
    {
      name: "block: a wrong length, damaged and random input are refused or fill exactly the span",
      run() {
        const random = new SeededBytes(10);
        const data = random.text(3_000);
        const packed = new Uint8Array(4_000);
        const length = block.compress(data, 0, data.length, packed, 0, packed.length);
        expect(length > 0 && length < data.length, `text of ${data.length} bytes compressed to ${length}`);
        for (const wanted of [0, data.length - 1, data.length + 1]) {
          const target = guarded(new Uint8Array(wanted));
          const right = block.decompress(packed, 0, length, target, GUARD_BYTES, GUARD_BYTES + wanted);
          expect(!right, `${data.length} bytes were decompressed into ${wanted}`);
          expectGuards(target, wanted, `decompress into ${wanted} bytes`);
        }
        for (let i = 0; i < 300; i++) {
          let bad = packed.slice(0, length);
          if (i % 3 === 0) bad = random.noise(1 + random.below(500));
          else bad[random.below(bad.length)] = random.below(256);
          const target = guarded(new Uint8Array(data.length));
          block.decompress(bad, 0, bad.length, target, GUARD_BYTES, GUARD_BYTES + data.length);
          expectGuards(target, data.length, "decompress of damaged input");
        }
      },
    },
  ];
}

function samples(): Uint8Array[] {
  const random = new SeededBytes(11);
  const made: Uint8Array[] = [];
  for (const size of [0, 1, 2, 31, 32, 33, 255, 4_096, 65_535, 65_536, 65_537, 200_000]) {
    made.push(random.text(size), random.noise(size), new Uint8Array(size));
  }
  return made;
}

/** Pushes data in chunks whose memory is reused, as the server does. */
function through(stage: ByteStage, data: Uint8Array, chunkBytes: number): Uint8Array {
  const out = new Collected();
  const chunk = new Uint8Array(Math.max(1, chunkBytes));
  for (let at = 0; at < data.length; at += chunk.length) {
    const part = data.subarray(at, at + chunk.length);
    chunk.set(part);
    stage.push(chunk.subarray(0, part.length), out.emit);
    chunk.fill(GUARD_BYTE);
  }
  stage.end(out.emit);
  return out.bytes();
}

/** True where the decoder threw. */
function attempt(decoder: ByteStage, data: Uint8Array, out: Collected): boolean {
  try {
    decoder.push(data, out.emit);
    decoder.end(out.emit);
    return false;
  } catch (error) {
    if (error instanceof FloodError) throw error;
    expect(error instanceof Error, `a decoder threw ${String(error)}, which is no Error`);
    return true;
  }
}

class FloodError extends Error {}

class Collected {
  length = 0;
  private buffer = new Uint8Array(1_024);
  readonly emit = (bytes: Uint8Array): void => this.take(bytes);

  take(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > FLOOD_BYTES_MAX) throw new FloodError(`more than ${FLOOD_BYTES_MAX} bytes were emitted`);
    if (length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(length, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = length;
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

function guarded(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 2 * GUARD_BYTES).fill(GUARD_BYTE);
  bytes.set(data, GUARD_BYTES);
  return bytes;
}

function expectGuards(bytes: Uint8Array, length: number, what: string): void {
  for (let i = 0; i < GUARD_BYTES; i++) {
    const inside = bytes[i] === GUARD_BYTE && bytes[GUARD_BYTES + length + i] === GUARD_BYTE;
    expect(inside, `${what} wrote outside its span`);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
