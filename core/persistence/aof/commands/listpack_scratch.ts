// A listpack of the arena copied to a plain array, where its elements can be read one by one. Called by the encoders of
// commands. The array is kept from value to value unless it is large.
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { ListpackCursor } from "../../../structures/listpack_bytes.ts";
import type { ListpackElement } from "../../../structures/listpack_format.ts";

/** A larger array is given back when a small one will do. */
const KEPT_BYTES_MAX = 64 * 1024 + 64;

export class ListpackScratch {
  bytes = new Uint8Array(0);
  readonly cursor = new ListpackCursor();

  /** What the cursor has read last. */
  get element(): ListpackElement {
    return this.cursor.element;
  }

  /** Room for so many bytes in `bytes`. */
  reserve(length: number): Uint8Array {
    const held = this.bytes.length;
    if (held < length || (held > KEPT_BYTES_MAX && length <= KEPT_BYTES_MAX)) {
      this.bytes = new Uint8Array(Math.max(length, KEPT_BYTES_MAX));
    }
    return this.bytes;
  }

  /** Copies the listpack at an arena address, which begins with its length; the cursor is before its first element. */
  load(reader: ArenaReader, address: number): void {
    const length = reader.u32(address / 4);
    reader.copyOut(address, length, this.reserve(length), 0);
    this.rewind();
  }

  /** The cursor goes before the first element. */
  rewind(): void {
    this.cursor.open(this.bytes, 0);
  }
}
