// How soon rewrites of the log that nobody asked for may follow failed ones: after three failures in a row they wait for
// 1, 2, 4 ... 60 minutes. The rewriter asks before it begins one.
const FAILURES_MIN = 3;
const MINUTES_MAX = 60;
const MINUTE_MS = 60_000;
const BRIEF_MS = 2000;

export class RewriteLimit {
  /** In a row. */
  failures = 0;
  private delayMinutes = 0;
  private nextAt = 0;
  private briefEnd = 0;

  /** `limited` is told the minutes when a wait begins. */
  constructor(private readonly limited: (minutes: number) => void) {}

  /** Whether a rewrite has to wait at this time, milliseconds. */
  holds(now: number): boolean {
    if (this.failures < FAILURES_MIN) {
      this.delayMinutes = this.nextAt = 0;
      return false;
    }
    if (this.nextAt !== 0) {
      if (now < this.nextAt) return true;
      this.nextAt = 0;
      return false;
    }
    this.delayMinutes = this.delayMinutes === 0 ? 1 : Math.min(MINUTES_MAX, this.delayMinutes * 2);
    this.nextAt = now + this.delayMinutes * MINUTE_MS;
    this.limited(this.delayMinutes);
    return true;
  }
  /** As `holds`, where clients wait for the rewrite: after three failures two seconds each. */
  holdsBriefly(now: number): boolean {
    if (this.failures < FAILURES_MIN) this.briefEnd = 0;
    else if (this.briefEnd === 0) this.briefEnd = now + BRIEF_MS;
    if (now < this.briefEnd) return true;
    this.briefEnd = 0;
    return false;
  }
}
