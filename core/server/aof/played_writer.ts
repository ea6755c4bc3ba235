// A writer of the log that does nothing by itself: it notes what it is told, and gets on when the test says so. For tests
// only.
import type {
  LogFault,
  LogWriter,
  LogWriterEvents,
  LogWriterStart,
  SyncPolicy,
} from "../../persistence/aof/writer/log_writer.ts";
import type { LogStrategy } from "./log_host.ts";

const decoder = new TextDecoder();

export class PlayedWriter implements LogWriter {
  policy: SyncPolicy;
  holdsSyncs = false;
  writeDelay = 0;
  writtenOffset: number;
  durableOffset: number;
  waitingBytes = 0;
  fileBytes = 0;
  fault: LogFault | null = null;
  /** "open NAME SIZE", "append TEXT OFFSET", "retry", "close". */
  readonly calls: string[] = [];
  private end: number;
  private drains: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(start: LogWriterStart, private readonly events: LogWriterEvents) {
    this.policy = start.policy;
    this.writtenOffset = this.durableOffset = this.end = start.offset;
  }

  open(path: string, size: number): void {
    this.calls.push(`open ${path.slice(path.lastIndexOf("/") + 1)} ${size}`);
    this.fileBytes = size;
  }

  append(bytes: Uint8Array, offset: number): void {
    this.calls.push(`append ${decoder.decode(bytes).replaceAll("\r\n", " ").trim()} ${offset}`);
    this.fileBytes += bytes.length;
    this.end = offset;
  }

  endTurn(): void {}

  drain(): Promise<void> {
    return new Promise((resolve, reject) => this.drains.push({ resolve, reject }));
  }

  retry(): void {
    this.calls.push("retry");
  }

  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    visit("write", 5);
    visit("sync", 7);
  }

  close(): Promise<void> {
    this.calls.push("close");
    return Promise.resolve();
  }

  // The test.

  /** All that was appended is on disk. */
  syncs(): void {
    this.writtenOffset = this.durableOffset = this.end;
    this.events.progressed();
    for (const { resolve } of this.drains.splice(0)) resolve();
  }

  fails(kind: LogFault["kind"], message = "No space left on device"): LogFault {
    const fault = this.fault = { kind, code: "", message, path: "/log" };
    this.events.failed(fault);
    this.drainsReject();
    return fault;
  }

  /** Those who wait are told of the fault. */
  drainsReject(): void {
    for (const { reject } of this.drains.splice(0)) reject(new Error(this.fault?.message));
  }

  recovers(): void {
    this.fault = null;
    this.events.recovered();
  }
}

export class PlayedLogStrategy implements LogStrategy {
  readonly writers: PlayedWriter[] = [];
  /** What the next start of the plugin fails with. */
  failure: Error | null = null;

  constructor(readonly runs: "loop" | "worker") {}

  async open(start: LogWriterStart, events: LogWriterEvents): Promise<LogWriter> {
    await Promise.resolve();
    if (this.failure !== null) throw this.failure;
    const writer = new PlayedWriter(start, events);
    this.writers.push(writer);
    return writer;
  }

  get last(): PlayedWriter {
    return this.writers.at(-1)!;
  }
}

/** Lets everything run that only waits for promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
