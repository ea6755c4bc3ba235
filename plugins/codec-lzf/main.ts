// Codec plugin for LZF: single strings inside RDB files (block), and byte streams in the format of liblzf's `lzf`
// tool (stream). The compression itself is the core's, handed in through the SDK.
import type { BlockCodec, ByteStage, CodecFactory, Emit } from "../sdk/types.ts";

/** Bytes of data in one block of a stream; its length must fit two bytes. */
const BLOCK_BYTES = 65535;
const TYPE_STORED = 0;
const TYPE_COMPRESSED = 1;
const Z = 0x5a;
const V = 0x56;
const STORED_HEADER_BYTES = 5;
const COMPRESSED_HEADER_BYTES = 7;

const codecLzf: CodecFactory = (sdk) => ({
  block: sdk.lzf,
  encoder: () => new LzfEncoder(sdk.lzf),
  decoder: () => new LzfDecoder(sdk.lzf),
});
export default codecLzf;

/** Blocks: "ZV", type, then for stored data its length, for compressed data both lengths; most significant byte first. */
class LzfEncoder implements ByteStage {
  private readonly block = new Uint8Array(BLOCK_BYTES);
  private readonly out = new Uint8Array(COMPRESSED_HEADER_BYTES + BLOCK_BYTES);
  private filled = 0;

  constructor(private readonly lzf: BlockCodec) {}

  push(chunk: Uint8Array, emit: Emit): void {
    let at = 0;
    while (at < chunk.length) {
      const part = Math.min(chunk.length - at, BLOCK_BYTES - this.filled);
      this.block.set(chunk.subarray(at, at + part), this.filled);
      this.filled += part;
      at += part;
      if (this.filled === BLOCK_BYTES) this.flush(emit);
    }
  }

  flush(emit: Emit): void {
    const { block, out, filled } = this;
    if (filled === 0) return;
    this.filled = 0;
    out[0] = Z;
    out[1] = V;
    // Compressed only where header included it is shorter.
    const room = COMPRESSED_HEADER_BYTES + filled - (COMPRESSED_HEADER_BYTES - STORED_HEADER_BYTES) - 1;
    const packed = this.lzf.compress(block, 0, filled, out, COMPRESSED_HEADER_BYTES, room);
    if (packed > 0) {
      out[2] = TYPE_COMPRESSED;
      writeU16(out, 3, packed);
      writeU16(out, 5, filled);
      emit(out.subarray(0, COMPRESSED_HEADER_BYTES + packed));
    } else {
      out[2] = TYPE_STORED;
      writeU16(out, 3, filled);
      out.set(block.subarray(0, filled), STORED_HEADER_BYTES);
      emit(out.subarray(0, STORED_HEADER_BYTES + filled));
    }
  }

  end(emit: Emit): void {
    this.flush(emit);
  }
}

class LzfDecoder implements ByteStage {
  /** The block being collected, header first. */
  private readonly input = new Uint8Array(COMPRESSED_HEADER_BYTES + BLOCK_BYTES);
  private readonly out = new Uint8Array(BLOCK_BYTES);
  private filled = 0;
  private wanted = STORED_HEADER_BYTES;

  constructor(private readonly lzf: BlockCodec) {}

  push(chunk: Uint8Array, emit: Emit): void {
    let at = 0;
    while (at < chunk.length) {
      const part = Math.min(chunk.length - at, this.wanted - this.filled);
      this.input.set(chunk.subarray(at, at + part), this.filled);
      this.filled += part;
      at += part;
      if (this.filled === this.wanted) this.advance(emit);
    }
  }

  flush(): void {}

  end(): void {
    if (this.filled > 0) throw new Error(`LZF stream ends inside a block, after ${this.filled} bytes of it`);
  }

  /** The input has as much as was wanted: a header, whose lengths say what else is wanted, or a whole block. */
  private advance(emit: Emit): void {
    const { input } = this;
    if (this.filled === STORED_HEADER_BYTES) {
      if (input[0] !== Z || input[1] !== V || input[2] > TYPE_COMPRESSED) {
        throw new Error(`no LZF block begins with bytes ${input[0]} ${input[1]} ${input[2]}`);
      }
      const length = readU16(input, 3);
      if (length === 0) throw new Error("an LZF block of length 0");
      this.wanted = length + (input[2] === TYPE_STORED ? STORED_HEADER_BYTES : COMPRESSED_HEADER_BYTES);
      return;
    }
    this.filled = 0;
    const { wanted } = this;
    this.wanted = STORED_HEADER_BYTES;
    if (input[2] === TYPE_STORED) {
      emit(input.subarray(STORED_HEADER_BYTES, wanted));
      return;
    }
    const length = readU16(input, 5);
    if (!this.lzf.decompress(input, COMPRESSED_HEADER_BYTES, wanted, this.out, 0, length)) {
      throw new Error(`an LZF block of ${wanted} bytes does not decompress to ${length} bytes`);
    }
    emit(this.out.subarray(0, length));
  }
}

function writeU16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 8;
  target[offset + 1] = value;
}

function readU16(source: Uint8Array, offset: number): number {
  return (source[offset] << 8) | source[offset + 1];
}
