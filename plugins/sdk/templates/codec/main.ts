// A codec plugin: each run of equal bytes becomes a pair, how many and which. Replace it with something better.
import type { ByteStage, CodecFactory, Emit } from "../../types.ts";

const codec: CodecFactory = () => {
  let runMax = 255;
  return {
    configure(options) {
      runMax = options["run-max"] as number;
    },
    encoder: () => new Encoder(runMax),
    decoder: () => new Decoder(),
  };
};
export default codec;

class Encoder implements ByteStage {
  private byte = 0;
  private count = 0;

  constructor(private readonly runMax: number) {}

  push(chunk: Uint8Array, emit: Emit): void {
    for (const byte of chunk) {
      if (this.count > 0 && (byte !== this.byte || this.count === this.runMax)) this.flush(emit);
      this.byte = byte;
      this.count++;
    }
  }

  flush(emit: Emit): void {
    if (this.count > 0) emit(Uint8Array.of(this.count, this.byte));
    this.count = 0;
  }

  end(emit: Emit): void {
    this.flush(emit);
  }
}

class Decoder implements ByteStage {
  /** How many, once that is known; 0 = a pair begins. */
  private count = 0;

  push(chunk: Uint8Array, emit: Emit): void {
    for (const byte of chunk) {
      if (this.count > 0) {
        emit(new Uint8Array(this.count).fill(byte));
        this.count = 0;
      } else if (byte === 0) throw new Error("a run of 0 bytes");
      else this.count = byte;
    }
  }

  flush(): void {}

  end(): void {
    if (this.count > 0) throw new Error("the stream ends inside a pair");
  }
}
