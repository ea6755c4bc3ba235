// The log's worker at work: waits for records, lets the aof plugin write and sync them, publishes how far it is, until
// it is told to stop. Runs as one long job of the plugin's worker (plugins/sdk/aof); blocks, but lets messages in often.
import type { LogFile } from "../../../../plugins/sdk/types.ts";
import { LogBoard, type LogBoardHandle, noProgress } from "./log_board.ts";
import { type LogFileStart, LogFileWriter } from "./log_file_writer.ts";
import type { LogFileSystem } from "./log_files.ts";
import { DATA_RECORD, LogRing, type LogRingHandle, NO_RECORD } from "./log_ring.ts";

/** Can be posted. */
export interface LogDriveInput {
  ring: LogRingHandle;
  board: LogBoardHandle;
  start: LogFileStart;
  /** The ring's record at `start.offset`. */
  record: number;
  /** It takes over from a worker that is gone: how that goes is told as of a retry. */
  takesOver: boolean;
}

/** How long it may keep messages waiting: idle, and with work to do. */
const MESSAGES_IDLE_MS = 250;
const MESSAGES_BUSY_MS = 1_000;
/** A plugin that leaves bytes is asked again after this. */
const ASK_AGAIN_MS = 20;
/** How long it looks for more before it sleeps under `always`: a turn of the loop often follows soon. */
const SPIN_MS = 0.02;
/**
 * Under the other policies nobody waits for it: to ring for each turn would cost the loop more than all else of the log.
 * So after work it naps, and looks again by itself; it sleeps until it is rung for once nothing has come for so long.
 */
const NAP_MS = 1;
const NAPS_FOR_MS = 100;
/** And it tells the loop at most so often of what is only written. */
const TELLS_EVERY_MS = 5;

/**
 * Under `always`: clients whose group has just become durable soon send their next commands. Where more waits already,
 * this part of the group's time, at most so long, is given to them, so that one sync serves both.
 */
const GATHER_PART = 0.2;
const GATHER_MS_MAX = 1;

/** The end of a log does not depend on its plugin. */
const AT_ONCE = {
  flush(log: LogFile): void {
    log.write();
    log.sync();
  },
};

/** Number of retries before the first look at the board. */
export const NOT_YET = -1;

export async function driveLog(
  input: LogDriveInput,
  plugin: { flush(log: LogFile): void },
  files: LogFileSystem,
  isEnding: () => boolean,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { start, record } = input;
  const board = new LogBoard(input.board);
  const ring = LogRing.attach(input.ring, record);
  const progress = noProgress(start.offset);
  const log = new LogFileWriter({
    ring,
    files,
    start,
    patient: false,
    observer: {
      sampled: (kind, milliseconds) => board.addSample(kind, milliseconds),
      // A sync that the plugin did not wait for: the next round tells of it.
      syncEnded: () => {},
      delayed: () => {},
    },
  });
  /** Waited on for its time only. */
  const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let retries = input.takesOver ? NOT_YET : 0;

  /** What was published and is not urgent: the loop was not woken for it yet. */
  let isNewsKept = false;
  let toldAt = 0;
  let busyAt = -Infinity;

  function tell(): void {
    isNewsKept = false;
    toldAt = performance.now();
    board.wakeLoop();
  }

  function publish(): void {
    const { written, durable, kept } = log;
    const isStopped = log.fault === null ? 0 : 1;
    const isUrgent = log.policy === "always" || progress.durableOffset !== durable.offset ||
      progress.isStopped !== isStopped || progress.retries !== retries || progress.opened !== log.opened;
    if (
      progress.writtenOffset === written.offset && progress.durableOffset === durable.offset &&
      progress.fileBytes === written.size && progress.durableBytes === durable.size &&
      progress.keptRecord === kept.record && progress.isStopped === isStopped &&
      progress.retries === retries &&
      progress.opened === log.opened
    ) return;
    if (log.fault !== null) board.writeFault(log.fault);
    progress.writtenOffset = written.offset;
    progress.durableOffset = durable.offset;
    progress.fileBytes = written.size;
    progress.durableBytes = durable.size;
    progress.keptRecord = kept.record;
    progress.keptOffset = kept.offset;
    progress.keptBytes = kept.size;
    progress.opened = log.opened;
    progress.writtenBytes = log.writtenBytes;
    progress.isHoled = log.isHoled ? 1 : 0;
    progress.isStopped = isStopped;
    progress.retries = retries;
    onBytes(log.writtenBytes - start.writtenBytes);
    board.publish(progress);
    if (isUrgent || performance.now() - toldAt >= TELLS_EVERY_MS) tell();
    else isNewsKept = true;
  }

  /** The policy and all else that the loop may want by now. */
  function obey(): void {
    log.policy = board.policy;
    log.holdsSyncs = board.holdsSyncs;
    log.syncWanted = board.syncWanted;
    log.writeDelay = board.writeDelay;
    if (board.retries === retries) return;
    retries = board.retries;
    log.retry();
    publish();
  }

  function rest(milliseconds: number): void {
    if (log.fault === null) {
      const now = performance.now();
      if (log.policy !== "always" && now - busyAt < NAPS_FOR_MS) {
        if (isNewsKept && now - toldAt >= TELLS_EVERY_MS) tell();
        Atomics.wait(pause, 0, 0, Math.min(NAP_MS, milliseconds));
        return;
      }
      while (log.policy === "always" && performance.now() - now < SPIN_MS) {
        if (ring.next() !== NO_RECORD) return;
      }
    }
    if (isNewsKept) tell();
    const bell = ring.prepareSleep();
    const isAwaited = log.fault === null && ring.next() !== NO_RECORD;
    const isNewsWaiting = board.syncWanted !== log.syncWanted || board.policy !== log.policy ||
      board.holdsSyncs !== log.holdsSyncs || board.retries !== retries;
    if (isAwaited || isNewsWaiting || board.isStopAsked || isEnding()) ring.wakeUp();
    else ring.sleep(bell, milliseconds);
  }

  async function run(): Promise<void> {
    publish();
    let letInAt = performance.now();
    while (!board.isStopAsked && !isEnding()) {
      obey();
      if (log.isBusy) {
        const before = log.writtenBytes + log.durable.offset + log.opened;
        const durableBytes = log.durable.size;
        const began = performance.now();
        log.turn(board.isClosing ? AT_ONCE : plugin);
        busyAt = performance.now();
        publish();
        if (log.writtenBytes + log.durable.offset + log.opened === before && log.fault === null) {
          ring.sleep(ring.prepareSleep(), ASK_AGAIN_MS);
        } else if (
          log.policy === "always" && log.durable.size !== durableBytes && ring.next() === DATA_RECORD
        ) {
          Atomics.wait(pause, 0, 0, Math.min(GATHER_MS_MAX, (performance.now() - began) * GATHER_PART));
        }
        if (performance.now() - letInAt < MESSAGES_BUSY_MS) continue;
      } else {
        publish();
        rest(Math.min(log.syncDueIn, MESSAGES_IDLE_MS));
        if (log.isBusy && performance.now() - letInAt < MESSAGES_BUSY_MS) continue;
        if (performance.now() - letInAt < MESSAGES_IDLE_MS) continue;
      }
      await new Promise((resolve) => setTimeout(resolve));
      letInAt = performance.now();
    }
    obey();
    log.close();
    publish();
  }

  try {
    await run();
  } finally {
    // After a mistake of the plugin's: another drive goes on in the file.
    log.release();
  }
}
