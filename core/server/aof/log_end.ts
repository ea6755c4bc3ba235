// The end of a server with a log: all of it goes to disk, in a time that has an end. The log calls it when it stops.
import { errorText } from "../../log/error_text.ts";

/** A shutdown waits so long for the disk, milliseconds. */
const END_LIMIT_MS = 30_000;

export interface EndingLog {
  /** Resolves once all that was propagated is on disk. Rejects where it cannot be. */
  drain(): Promise<void>;
  /** What has failed is tried once more; false: it fails again. */
  tryAgain(): Promise<boolean>;
}

/** Why not all of it is on disk; empty where it is. What has failed before is tried once more: nobody will later. */
export async function drainAtEnd(log: EndingLog): Promise<string> {
  const drained = () => log.drain().then(() => "", errorText);
  const failure = await drained();
  if (failure === "" || !await log.tryAgain()) return failure;
  return await drained();
}

/** What `ended` resolves to, or that it takes too long. */
export async function endsInTime(ended: Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it takes longer than ${END_LIMIT_MS} ms`), END_LIMIT_MS);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
