// Waiting for a condition with a deadline, for tests of anything that happens in another process. Tests await conditions
// with this and never sleep for a fixed time.

const INTERVAL_MILLISECONDS = 10;
const DEADLINE_MILLISECONDS_DEFAULT = 10_000;

export interface EventuallyOptions {
  /** What is being waited for; named in the error. */
  what?: string;
  withinMilliseconds?: number;
  everyMilliseconds?: number;
}

type Truthy<T> = Exclude<NonNullable<T>, false | 0 | "">;

/**
 * Calls `probe` until it returns something truthy, which is returned. An exception of the probe counts as "not yet"; the
 * last one is the cause of the error that is thrown when the deadline passes.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const within = options.withinMilliseconds ?? DEADLINE_MILLISECONDS_DEFAULT;
  const every = options.everyMilliseconds ?? INTERVAL_MILLISECONDS;
  const giveUpAt = performance.now() + within;
  let lastError: unknown;
  let last: T | undefined;
  while (true) {
    try {
      last = await probe();
      if (last) return last as Truthy<T>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > giveUpAt) {
      throw new Error(
        `not so after ${within} ms: ${options.what ?? probe}; last result: ${lastError ?? String(last)}`,
        { cause: lastError },
      );
    }
    await pause(every);
  }
}

/** Repeats `check` (assertions) until it passes without an exception, or throws its last exception. */
export async function eventuallyPasses(
  check: () => void | Promise<void>,
  options: EventuallyOptions = {},
): Promise<void> {
  await eventually(async () => {
    await check();
    return true;
  }, options);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
