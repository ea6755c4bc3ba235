// Where a decoded string stands until the next one of its kind: a span of the input, or of the slot's own scratch
// memory where the string had to be decompressed or spelled out. Owned by the decoder; one slot each for key, field
// and value.

const SCRATCH_BYTES_MIN = 256;
/** Scratch memory above this size is given back when a small string follows. */
const SCRATCH_BYTES_KEPT = 1024 * 1024;

const EMPTY = new Uint8Array(0);

export class StringSlot {
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  #scratch: Uint8Array = EMPTY;

  get length(): number {
    return this.end - this.start;
  }

  setSpan(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Makes the slot `length` bytes of scratch memory, which the caller fills, and returns that memory. */
  setScratch(length: number): Uint8Array {
    const held = this.#scratch.length;
    if (held < length || (held > SCRATCH_BYTES_KEPT && length < SCRATCH_BYTES_KEPT / 4)) {
      this.#scratch = new Uint8Array(Math.max(length, SCRATCH_BYTES_MIN));
    }
    this.setSpan(this.#scratch, 0, length);
    return this.#scratch;
  }

  /** Copies a string in. */
  setCopy(bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.setScratch(end - start);
    for (let at = start, to = 0; at < end; at++) scratch[to++] = bytes[at];
  }

  /** Copies the string into scratch memory, so that it outlives the input it came from. */
  own(): void {
    const { bytes, start, end } = this;
    if (bytes === this.#scratch) return;
    this.setScratch(end - start).set(bytes.subarray(start, end));
  }

  /** The string as text, for messages: at most `charactersMax`, bytes that are not printable ASCII escaped. */
  toText(charactersMax: number): string {
    let text = "";
    for (let at = this.start; at < this.end; at++) {
      if (text.length >= charactersMax) return text + "...";
      const byte = this.bytes[at];
      if (byte === 0x22 || byte === 0x5c) text += "\\" + String.fromCharCode(byte);
      else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
      else text += "\\x" + byte.toString(16).padStart(2, "0");
    }
    return text;
  }
}
