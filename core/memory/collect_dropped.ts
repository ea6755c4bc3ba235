// Gives the memory of dropped shared buffers back to the system. Called by Arena; also to be called in a worker that
// has finished with an arena's buffers, because every thread that ever held one keeps it alive until it collects.

/** Big enough for the engine to start collecting at once; never touched, so it costs no memory. */
const PRESSURE_BYTES = 512 * 1024 * 1024;

/**
 * Makes the engine collect garbage soon, in small steps. It does not count shared buffers, so it sees no reason of
 * its own to: gigabytes could stay committed for hours. The allocation of a large ordinary buffer is a reason.
 */
export function collectDropped(): void {
  queueMicrotask(press);
}

function press(): void {
  try {
    new ArrayBuffer(PRESSURE_BYTES);
  } catch (error) {
    // The system is so short of memory that the attempt alone has made the engine collect.
    if (!(error instanceof RangeError)) throw error;
  }
}
