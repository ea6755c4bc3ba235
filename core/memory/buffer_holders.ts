// Those who keep a view of an arena's memory between uses: flyweights that hold what they have read last. Told when the
// buffer is dropped, because one forgotten view keeps gigabytes committed. Called by Arena.

export interface BufferHolder {
  /** The arena has another buffer: forget every view of the old one. */
  releaseBuffer(): void;
}

/** Holders may go without saying so; the list is cleared of them when it has grown to this, or to twice what was left. */
const CLEAR_AT_MIN = 64;

export class BufferHolders {
  #holders: WeakRef<BufferHolder>[] = [];
  #clearAt = CLEAR_AT_MIN;

  add(holder: BufferHolder): void {
    if (this.#holders.length >= this.#clearAt) {
      this.#holders = this.#holders.filter((each) => each.deref() !== undefined);
      this.#clearAt = Math.max(CLEAR_AT_MIN, 2 * this.#holders.length);
    }
    this.#holders.push(new WeakRef(holder));
  }

  releaseAll(): void {
    for (const holder of this.#holders) holder.deref()?.releaseBuffer();
  }
}
