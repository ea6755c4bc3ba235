// The server's cached time. Updated once a turn (and around long work), so that a command never asks the system.

/** Wall clock in milliseconds and the 24-bit LRU clock in seconds, as of the last `update()`. */
const DRIFT_MICROS_MAX = 2000;

export class Clock {
  /** Milliseconds since 1970. */
  ms = Date.now();
  /** Seconds modulo 2^24. */
  lruSeconds = Math.floor(this.ms / 1000) & 0xffffff;
  /** What `performance.now()` counts from, milliseconds since 1970. */
  private origin = performance.timeOrigin;

  /** Microseconds since 1970, asked of the system: its wall clock, refined by the clock that ticks steadily. */
  micros(): number {
    const steady = (this.origin + performance.now()) * 1000;
    const wall = Date.now() * 1000;
    // The two drift apart where somebody sets the wall clock.
    if (Math.abs(steady - wall) < DRIFT_MICROS_MAX) return Math.floor(steady);
    this.origin = wall / 1000 - performance.now();
    return wall;
  }

  update(): number {
    const now = Date.now();
    if (now !== this.ms) {
      this.ms = now;
      this.lruSeconds = Math.floor(now / 1000) & 0xffffff;
    }
    return now;
  }
}
