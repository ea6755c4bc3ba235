// Tells a long decoding when its slice of the event loop's turn is over, looking at the clock only now and then.

const ITEMS_PER_CLOCK_CHECK = 64;

export class Pacer {
  /** On `performance.now()`. */
  deadline = Infinity;
  #left = ITEMS_PER_CLOCK_CHECK;

  /** Call once an item. */
  isTimeUp(): boolean {
    if (--this.#left > 0) return false;
    this.#left = ITEMS_PER_CLOCK_CHECK;
    return performance.now() >= this.deadline;
  }
}
