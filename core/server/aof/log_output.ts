// The way from the log to its writer, which is there only once its plugin has started and another one after a change of
// strategy: what comes meanwhile is kept here, in order. The log makes one whenever it begins to write.
import { errorText } from "../../log/error_text.ts";
import type {
  LogFault,
  LogWriter,
  LogWriterEvents,
  LogWriterStart,
  SyncPolicy,
} from "../../persistence/aof/writer/log_writer.ts";
import type { LogStrategy } from "./log_host.ts";

/** Bytes with the stream's position behind them, or a file that the next ones go to. */
type Kept = { bytes: Uint8Array; offset: number } | { path: string; size: number };

/** What the log is told beside the events of the writer. */
export interface LogOutputEvents extends LogWriterEvents {
  /** There is a writer, the first or another one. */
  connected(): void;
}

export class LogOutput {
  private writer: LogWriter | null = null;
  private kept: Kept[] = [];
  private keptBytes = 0;
  private path = "";
  /** Of the file, when there is no writer. */
  private size = 0;
  private durable: number;
  private plugFault: LogFault | null = null;
  /** The writer's coming, and going. */
  private ready: Promise<void> = Promise.resolve();
  /** Changes of the plugin that have not been made yet. */
  private changes = 0;
  private currentPolicy: SyncPolicy;
  private heldSyncs = false;
  private delay = 0;

  /** Begins once `after` has settled: there is one writer at a time. */
  constructor(
    private strategy: LogStrategy,
    private readonly start: LogWriterStart,
    private readonly events: LogOutputEvents,
    after: Promise<void>,
  ) {
    this.currentPolicy = start.policy;
    this.durable = start.offset;
    this.ready = after.then(() => this.plug(start.offset));
  }

  /** Gets the writer, and gives it what is kept. Never rejects. */
  private async plug(offset: number): Promise<void> {
    const { strategy, events } = this;
    try {
      this.plugFault = null;
      this.connect(await strategy.open({ policy: this.currentPolicy, offset }, events));
    } catch (error) {
      this.plugFault = { kind: "worker", code: "", message: errorText(error), path: this.path };
      events.failed(this.plugFault);
    }
  }

  private connect(writer: LogWriter): void {
    writer.policy = this.currentPolicy;
    writer.holdsSyncs = this.heldSyncs;
    writer.writeDelay = this.delay;
    const { kept } = this;
    this.kept = [];
    this.keptBytes = 0;
    this.writer = writer;
    for (const one of kept) {
      if ("bytes" in one) writer.append(one.bytes, one.offset);
      else writer.open(one.path, one.size);
    }
    writer.endTurn();
    this.events.connected();
  }

  /** At the end of a turn its bytes are written, and synced under `always`. */
  get isWithLoop(): boolean {
    const { writer } = this;
    return writer !== null && this.strategy.runs === "loop" && this.changes === 0 && writer.fault === null;
  }

  get policy(): SyncPolicy {
    return this.currentPolicy;
  }

  set policy(policy: SyncPolicy) {
    this.currentPolicy = policy;
    if (this.writer !== null) this.writer.policy = policy;
  }

  set holdsSyncs(holds: boolean) {
    this.heldSyncs = holds;
    if (this.writer !== null) this.writer.holdsSyncs = holds;
  }

  set writeDelay(milliseconds: number) {
    this.delay = milliseconds;
    if (this.writer !== null) this.writer.writeDelay = milliseconds;
  }

  get fault(): LogFault | null {
    return this.writer === null ? this.plugFault : this.writer.fault;
  }

  get durableOffset(): number {
    return this.writer === null ? this.durable : Math.max(this.start.offset, this.writer.durableOffset);
  }

  get writtenOffset(): number {
    return this.writer === null ? this.durable : this.writer.writtenOffset;
  }

  get waitingBytes(): number {
    return this.writer === null ? this.keptBytes : this.writer.waitingBytes;
  }

  /** Of the file that is appended to. */
  get fileBytes(): number {
    return this.writer === null ? this.size + this.keptBytes : this.writer.fileBytes;
  }

  open(path: string, size: number): void {
    this.path = path;
    this.size = size;
    if (this.writer === null) this.kept.push({ path, size });
    else this.writer.open(path, size);
  }

  append(bytes: Uint8Array, offset: number): void {
    if (this.writer !== null) {
      this.writer.append(bytes, offset);
      return;
    }
    this.kept.push({ bytes: bytes.slice(), offset });
    this.keptBytes += bytes.length;
  }

  endTurn(): void {
    this.writer?.endTurn();
  }

  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    this.writer?.takeSamples(visit);
  }

  retry(): void {
    if (this.writer !== null) this.writer.retry();
    else if (this.plugFault !== null) {
      this.ready = this.ready.then(() => this.plug(this.durable)).then(() => {
        if (this.plugFault === null) this.events.recovered();
      });
    }
  }

  /** Resolves once all that was appended is on disk. Rejects where there is a fault. */
  async drain(): Promise<void> {
    await this.ready;
    if (this.writer === null) throw new Error(this.plugFault?.message ?? "the log is closed");
    await this.writer.drain();
  }

  /** From now on another plugin writes; the one before drains first. Rejects where it could not: then it goes on. */
  replace(strategy: LogStrategy): Promise<void> {
    this.changes++;
    const replaced = this.ready.then(() => this.change(strategy));
    this.ready = replaced.catch(() => {});
    return replaced;
  }

  private async change(strategy: LogStrategy): Promise<void> {
    const before = this.writer;
    if (before !== null) {
      this.durable = before.durableOffset;
      this.size = before.fileBytes;
      // From here on what comes is kept, so that the drain ends at a place that stays the last.
      const { path } = this;
      this.writer = null;
      try {
        await before.drain();
      } catch (error) {
        this.changes--;
        this.connect(before);
        throw error;
      }
      this.durable = before.durableOffset;
      this.kept.unshift({ path, size: before.fileBytes });
      await before.close();
    }
    this.strategy = strategy;
    this.changes--;
    await this.plug(this.durable);
  }

  /** Drains as far as it can, and ends. */
  async close(): Promise<void> {
    await this.ready;
    await this.writer?.close();
  }
}
