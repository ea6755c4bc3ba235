// The server's cached time. Updated once a turn (and around long work), so that a command never asks the system.

/** Wall clock in milliseconds and the 24-bit LRU clock in seconds, as of the last `update()`. */
export class Clock {
  /** Milliseconds since 1970. */
  ms = Date.now();
  /** Seconds modulo 2^24. */
  lruSeconds = Math.floor(this.ms / 1000) & 0xffffff;

  update(): number {
    const now = Date.now();
    if (now !== this.ms) {
      this.ms = now;
      this.lruSeconds = Math.floor(now / 1000) & 0xffffff;
    }
    return now;
  }
}
