// client-output-buffer-limit of one client: the hard limit at once, the soft one after it was exceeded without a break for
// its time. Called by Client when output grew and by its cron.
import type { OutputLimit } from "./client_host.ts";

/** Pending output up to this counts as nothing, here and in `omem`: ordinary replies are not a burden. */
export const UNCOUNTED_OUTPUT_BYTES = 16 * 1024;

export class OutputLimitCheck {
  /** Milliseconds since 1970 since when the soft limit is exceeded; 0 = it is not. */
  #softSince = 0;

  /** Whether `pendingBytes` of output are too much now. Every call counts towards the soft limit's time. */
  isExceeded(limit: OutputLimit, pendingBytes: number, nowMs: number): boolean {
    if (limit.hardBytes === 0 && limit.softBytes === 0) return false;
    const counted = pendingBytes > UNCOUNTED_OUTPUT_BYTES ? pendingBytes : 0;
    if (limit.hardBytes > 0 && counted >= limit.hardBytes) return true;
    if (limit.softBytes === 0 || counted < limit.softBytes) {
      this.#softSince = 0;
      return false;
    }
    if (this.#softSince === 0) this.#softSince = nowMs;
    return nowMs - this.#softSince > limit.softSeconds * 1000;
  }
}
