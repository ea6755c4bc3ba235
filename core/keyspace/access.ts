// Access information of an entry (its access word): LRU seconds, or LFU decay minutes and logarithmic counter.
// The rules and constants are Valkey's (maxmemory policies, OBJECT IDLETIME, OBJECT FREQ).

/** New keys start here so that they are not evicted at once. */
const LFU_INIT_COUNTER = 5;

export interface LfuOptions {
  /** `lfu-log-factor`: hits needed for the counter to saturate grow with it. */
  logFactor: number;
  /** `lfu-decay-time`: minutes for the counter to lose one; 0 = never. */
  decayMinutes: number;
}

/** The LFU clock: minutes since 1970 modulo 2^16. */
export function lfuMinutes(ms: number): number {
  return Math.floor(ms / 60000) & 0xffff;
}

export function lfuInitial(ms: number): number {
  return (lfuMinutes(ms) << 8) | LFU_INIT_COUNTER;
}

/** The counter after decay, without storing it. */
export function lfuDecayed(word: number, ms: number, options: LfuOptions): number {
  const counter = word & 0xff;
  if (options.decayMinutes === 0) return counter;
  const elapsed = (lfuMinutes(ms) - ((word >>> 8) & 0xffff)) & 0xffff;
  const periods = Math.floor(elapsed / options.decayMinutes);
  return periods > counter ? 0 : counter - periods;
}

/** The access word after one more access. */
export function lfuTouched(word: number, ms: number, options: LfuOptions): number {
  let counter = lfuDecayed(word, ms, options);
  if (counter < 255) {
    const base = Math.max(0, counter - LFU_INIT_COUNTER);
    if (Math.random() < 1 / (base * options.logFactor + 1)) counter++;
  }
  return (lfuMinutes(ms) << 8) | counter;
}

/** Seconds since the access word's LRU clock, across its 24-bit wrap. */
export function lruIdleSeconds(word: number, nowSeconds: number): number {
  return (nowSeconds - word) & 0xffffff;
}
