// How long writes and syncs took, until somebody asks: the newest of them, in a queue of fixed size. Allocates nothing.

const SAMPLES_MAX = 256;

export class SampleQueue {
  readonly #milliseconds = new Float64Array(SAMPLES_MAX);
  readonly #isSync = new Uint8Array(SAMPLES_MAX);
  #added = 0;
  #taken = 0;

  add(kind: "write" | "sync", milliseconds: number): void {
    const at = this.#added++ % SAMPLES_MAX;
    this.#milliseconds[at] = milliseconds;
    this.#isSync[at] = kind === "sync" ? 1 : 0;
  }

  /** Visits what was added since the last call, oldest first. */
  take(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    this.#taken = Math.max(this.#taken, this.#added - SAMPLES_MAX);
    for (; this.#taken < this.#added; this.#taken++) {
      const at = this.#taken % SAMPLES_MAX;
      visit(this.#isSync[at] === 1 ? "sync" : "write", this.#milliseconds[at]);
    }
  }
}
