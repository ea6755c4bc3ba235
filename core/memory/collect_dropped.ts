// Gives the memory of dropped shared buffers back to the system. Called by Arena; also to be called in a worker that
// has finished with an arena's buffers, because every thread that ever held one keeps it alive until it collects.

/** Not counted by the engine as long as it is shared; an ordinary buffer of this size makes it collect soon. */
const PRESSURE_BYTES = 2 ** 31;

/**
 * Makes the engine collect garbage in a later turn. The engine does not count shared buffers, so it would see no
 * reason to: gigabytes could stay committed for hours. A large buffer that nobody touches is the reason.
 */
export function collectDropped(): void {
  setTimeout(press, 0);
}

function press(): void {
  try {
    new ArrayBuffer(PRESSURE_BYTES);
  } catch (error) {
    // The system is so short of memory that the attempt alone has made the engine collect.
    if (!(error instanceof RangeError)) throw error;
  }
}
