// Finds a text that comes twice in a collection from outside, before the collection is taken over. One instance serves
// many collections and so keeps its memory; open addressing over copies of the texts seen. Called by the check of
// listpacks and by the RDB decoder.
import { hashBytes } from "./hash.ts";

const TEXT_BYTES_KEPT = 1024 * 1024;
const SLOTS_MIN = 64;

export class DuplicateCheck {
  #slots = new Int32Array(SLOTS_MIN);
  #mask = SLOTS_MIN - 1;
  #text = new Uint8Array(4096);
  /** Ends of the texts in `#text`; the first begins at 0. */
  #ends = new Int32Array(SLOTS_MIN / 2);
  #count = 0;

  /** Forgets everything; `expected` texts will be added at most. */
  begin(expected: number): void {
    let slots = SLOTS_MIN;
    while (slots < expected * 2) slots *= 2;
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#ends = new Int32Array(slots / 2);
    } else {
      this.#slots.fill(0, 0, slots);
    }
    this.#mask = slots - 1;
    this.#count = 0;
    if (this.#text.length > TEXT_BYTES_KEPT) this.#text = new Uint8Array(TEXT_BYTES_KEPT);
  }

  /** Adds a text; false where it was there already. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    let slot = hashBytes(bytes, start, end) & this.#mask;
    for (let seen = this.#slots[slot]; seen !== 0; seen = this.#slots[slot]) {
      if (this.#isText(seen - 1, bytes, start, length)) return false;
      slot = (slot + 1) & this.#mask;
    }
    const from = this.#count === 0 ? 0 : this.#ends[this.#count - 1];
    if (from + length > this.#text.length) this.#grow(from + length);
    const text = this.#text;
    for (let k = 0; k < length; k++) text[from + k] = bytes[start + k];
    this.#ends[this.#count] = from + length;
    this.#slots[slot] = ++this.#count;
    return true;
  }

  #isText(index: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = index === 0 ? 0 : this.#ends[index - 1];
    if (this.#ends[index] - from !== length) return false;
    const text = this.#text;
    for (let k = 0; k < length; k++) if (text[from + k] !== bytes[start + k]) return false;
    return true;
  }

  #grow(needed: number): void {
    const text = new Uint8Array(Math.max(needed, this.#text.length * 2));
    text.set(this.#text);
    this.#text = text;
  }
}
