// The writer of the append-only log as the loop sees it: takes the stream's bytes in order, makes them durable, tells how
// far it is. Everything that goes into a log file goes through one of these; core/server/aof owns it and names the files.

/** `appendfsync`. */
export type SyncPolicy = "always" | "everysec" | "no";

/** Why the writer has stopped: nothing is written or published until it was told to `retry`. */
export interface LogFault {
  readonly kind: "open" | "write" | "sync" | "worker";
  /** The system's name of the error (ENOSPC, EIO, ...); empty where there is none. */
  readonly code: string;
  /** What the system says, for the log and for MISCONF. */
  readonly message: string;
  /** The file. */
  readonly path: string;
  /** What a write that came short did before it was cut: bytes asked for and written. */
  readonly expected?: number;
  readonly written?: number;
  /** Why the cut failed: the file may end in a part of a command until a retry has success. */
  readonly cutFailure?: string;
}

/** Told on the loop, never from inside of a call of the writer's. */
export interface LogWriterEvents {
  /** `writtenOffset` or `durableOffset` has moved. */
  progressed(): void;
  /** The writer has stopped at `writer.fault`. */
  failed(fault: LogFault): void;
  /** A `retry` had success: all is as if the fault had not been. */
  recovered(): void;
  /**
   * `everysec` on the loop: a sync runs for over two seconds, and bytes are written without waiting for it longer
   * (`aof_delayed_fsync`).
   */
  delayed(): void;
}

/** Why a drain fails after a sync failed whose bytes were given up. */
export const NOT_WHOLE: LogFault = {
  kind: "sync",
  code: "",
  message: "a sync failed whose bytes were not kept; a rewrite of the log makes it whole",
  path: "",
};

/** What `drain` rejects with. */
export class LogStoppedError extends Error {
  override readonly name = "LogStoppedError";

  constructor(readonly fault: LogFault) {
    super(`${fault.path}: ${fault.message}`);
  }
}

/** Where a writer begins. */
export interface LogWriterStart {
  policy: SyncPolicy;
  /** The stream's position: all below it is durable elsewhere, or nobody's concern. */
  offset: number;
}

export interface LogWriter {
  /** `always`: what is handed over is synced as soon as possible, and bytes not yet durable are kept for a retry. */
  policy: SyncPolicy;
  /** `no-appendfsync-on-rewrite` while a save or rewrite runs: no syncs but those of `always` and `drain`. */
  holdsSyncs: boolean;
  /** Milliseconds that whoever writes sleeps before each write (DEBUG AOF-FLUSH-SLEEP): on the loop, the loop. */
  writeDelay: number;
  /** All of the stream below it was given to the system. */
  readonly writtenOffset: number;
  /** All of the stream below it is on disk. */
  readonly durableOffset: number;
  /** Appended and not yet written, bytes. */
  readonly waitingBytes: number;
  /** Size of the file that is appended to, as far as it is written. */
  readonly fileBytes: number;
  /** Of a writer on the loop: set before `endTurn` returns, `failed` comes after. */
  readonly fault: LogFault | null;

  /**
   * From here on bytes go to this file, which is made where it is missing and continued at `size` bytes. What was
   * appended before goes to the file before, which is synced and closed first.
   */
  open(path: string, size: number): void;
  /** Takes bytes of the stream; they are the caller's again when it returns. `offset`: the stream's position behind them. */
  append(bytes: Uint8Array, offset: number): void;
  /** The turn's bytes are complete: hands them over. A writer on the loop writes here, and syncs under `always`. */
  endTurn(): void;
  /** Resolves once all that was appended is written and synced. Rejects where the writer has a fault. */
  drain(): Promise<void>;
  /**
   * Tries again after a fault: cuts the file to what is durable, writes what is not, syncs. Ends with `recovered` or
   * `failed`. Under policies other than `always` bytes are given up once they are written and room is short. Where a
   * sync of such bytes fails, writing goes on after a retry, but `durableOffset` stays and `drain` rejects until the
   * next `open`: only a rewrite makes that log whole.
   */
  retry(): void;
  /** How long writes and syncs took since the last call, milliseconds each. */
  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void;
  /** Drains as far as it can, and ends. */
  close(): Promise<void>;
}
