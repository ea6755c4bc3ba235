// The debugging option `rdb-key-save-delay`: waits after each saved key, so that tests can watch a save in progress.

/** Longest wait between two looks at `cancelled`. */
const NAP_MILLISECONDS_MAX = 10;
/** Shorter waits are spun: the system's timers are coarser. */
const SPIN_MILLISECONDS = 0.1;

const cell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks the thread for `micros` microseconds; a negative number -n waits one microsecond after every n-th key on
 * average. Ends early where `cancelled` says so.
 */
export function keySaveDelay(micros: number, cancelled: () => boolean): void {
  let wait = micros / 1000;
  if (micros < 0) {
    if (Math.random() * -micros >= 1) return;
    wait = 0.001;
  }
  const until = performance.now() + wait;
  for (let left = wait; left > 0; left = until - performance.now()) {
    if (left < SPIN_MILLISECONDS) continue;
    if (cancelled()) return;
    Atomics.wait(cell, 0, 0, Math.min(left, NAP_MILLISECONDS_MAX));
  }
}
