// Counters that INFO stats prints and CONFIG RESETSTAT zeroes, and the sampled rates beside them.

const SAMPLES = 16;

/** A rate per second from counter samples taken every 100 ms, averaged over the last 16. */
export class RateSampler {
  private readonly samples = new Float64Array(SAMPLES);
  private next = 0;
  private lastCount = 0;
  private lastMs = 0;

  sample(count: number, nowMs: number): void {
    const elapsed = nowMs - this.lastMs;
    if (this.lastMs !== 0 && elapsed > 0) {
      this.samples[this.next] = (count - this.lastCount) * 1000 / elapsed;
      this.next = (this.next + 1) % SAMPLES;
    }
    this.lastCount = count;
    this.lastMs = nowMs;
  }

  get perSecond(): number {
    let sum = 0;
    for (let i = 0; i < SAMPLES; i++) sum += this.samples[i];
    return sum / SAMPLES;
  }

  reset(count: number): void {
    this.samples.fill(0);
    this.lastCount = count;
  }
}

export class ServerStats {
  connections = 0;
  rejectedConnections = 0;
  commands = 0;
  inputBytes = 0;
  outputBytes = 0;
  /** Socket reads and writes that came to an end. */
  reads = 0;
  writes = 0;
  unexpectedErrorReplies = 0;
  totalErrorReplies = 0;
  evictedClients = 0;
  clientQueryBufferLimitDisconnections = 0;
  clientOutputBufferLimitDisconnections = 0;
  aclAccessDeniedAuth = 0;
  /** Longest time between two timer ticks since the last reset, milliseconds: how long the loop was held at worst. */
  loopStallMaxMs = 0;
  loopTurns = 0;
  /** Microseconds from the start of turns to their ends, and in commands. */
  loopMicros = 0;
  commandMicros = 0;
  /** Largest memory in use ever seen at a cron tick, bytes. */
  peakMemory = 0;
  peakMemoryAt = 0;
  readonly commandRate = new RateSampler();
  readonly inputRate = new RateSampler();
  readonly outputRate = new RateSampler();
  readonly turnRate = new RateSampler();
  /** Mean length of the turns since the sample before the last, microseconds. */
  turnMicros = 0;
  private lastTurns = 0;
  private lastMicros = 0;
  /** Error replies by their first word (INFO errorstats). */
  readonly errors = new Map<string, number>();

  /** INFO errorstats keeps at most this many words; then it stops counting new ones. */
  private static readonly ERROR_WORDS_MAX = 128;

  countError(word: string): void {
    this.totalErrorReplies++;
    const count = this.errors.get(word);
    if (count !== undefined) this.errors.set(word, count + 1);
    else if (this.errors.size < ServerStats.ERROR_WORDS_MAX) this.errors.set(word, 1);
  }

  /** Called every 100 ms. */
  sampleTurns(nowMs: number): void {
    this.turnRate.sample(this.loopTurns, nowMs);
    const turns = this.loopTurns - this.lastTurns;
    this.turnMicros = turns > 0 ? (this.loopMicros - this.lastMicros) / turns : 0;
    this.lastTurns = this.loopTurns;
    this.lastMicros = this.loopMicros;
  }

  reset(): void {
    this.connections = 0;
    this.rejectedConnections = 0;
    this.commands = 0;
    this.inputBytes = 0;
    this.outputBytes = 0;
    this.reads = 0;
    this.writes = 0;
    this.unexpectedErrorReplies = 0;
    this.totalErrorReplies = 0;
    this.evictedClients = 0;
    this.clientQueryBufferLimitDisconnections = 0;
    this.clientOutputBufferLimitDisconnections = 0;
    this.aclAccessDeniedAuth = 0;
    this.loopStallMaxMs = 0;
    this.loopTurns = 0;
    this.loopMicros = 0;
    this.commandMicros = 0;
    this.lastTurns = 0;
    this.lastMicros = 0;
    this.turnMicros = 0;
    this.turnRate.reset(0);
    this.errors.clear();
    this.commandRate.reset(0);
    this.inputRate.reset(0);
    this.outputRate.reset(0);
  }
}
