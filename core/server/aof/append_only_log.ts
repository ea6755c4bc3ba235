// The append-only log: what the server has propagated goes through here to the writer, in files that the manifest names.
// It is switched on and off, changes policy and strategy while it runs, is rewritten, and tells how far it is durable.
// core/server makes one; its parts (directory, output, rewriter, errors) each do one thing and are told by it. More lines than
// usual, over 500: what switches the log is one small state machine.
import { errorText } from "../../log/error_text.ts";
import { type LogFault, LogStoppedError, type SyncPolicy } from "../../persistence/aof/writer/log_writer.ts";
import type { AofFileEntry } from "../../persistence/aof/manifest.ts";
import { type FeedSink, type FeedStream, TO_LOG } from "../feed/feed_stream.ts";
import { StartError } from "../start_error.ts";
import type { LogDirectory, LogDirectoryFiles } from "./log_directory.ts";
import { drainAtEnd, type EndingLog, endsInTime } from "./log_end.ts";
import { LogErrors } from "./log_errors.ts";
import type { LogHost } from "./log_host.ts";
import { LogOutput, type LogOutputEvents } from "./log_output.ts";
import { type LogReport, reportOf } from "./log_report.ts";
import { LogRewriter, type RewrittenLog } from "./log_rewriter.ts";
import { directoryOf, lastIncrAtStart, readManifestAtStart } from "./log_start.ts";
import { sampleLatency } from "./log_latency.ts";
import { OffsetWaiters } from "./offset_waiters.ts";
import { OutputEvents } from "./output_events.ts";
import { Timestamps } from "./timestamps.ts";

/**
 * `awaiting-rewrite`: switched on while the server ran. Nothing is durable until the first rewrite has ended; what changes
 * during it is in an increment that no manifest has yet, what changes before it begins goes nowhere.
 */
export type LogState = "off" | "on" | "awaiting-rewrite";

export class AppendOnlyLog implements FeedSink, LogOutputEvents, RewrittenLog, EndingLog {
  readonly target = TO_LOG;
  state: LogState = "off";
  directory: LogDirectory;
  readonly rewriter: LogRewriter;
  readonly errors: LogErrors;
  /** Bytes of the files that are loaded when the last rewrite ended. */
  baseBytes = 0;
  /** What has to wait for the disk, of CONFIG SET; null: nothing. */
  settling: Promise<void> | null = null;
  /** The server has ended, and not all that was propagated is on disk. */
  isLost = false;
  private stream: FeedStream | null = null;
  private output: LogOutput | null = null;
  /** The increment of `output` that the manifest does not have yet. */
  private reserved: AofFileEntry | null = null;
  /** R at the last cut. */
  private cutOffset = 0;
  /** The last output is still on its way to disk. */
  private closing: Promise<void> = Promise.resolve();
  private strategy = "";
  private delay = 0;
  private lastOffset = 0;
  /** D while it cannot move, -1 = it does. */
  private frozen = 0;
  /** Bytes of the files before the one that is appended to. */
  private precedingBytes = 0;
  private readonly waiters = new OffsetWaiters();
  private readonly timestamps = new Timestamps();
  private isOpen = false;
  /** How the last retry ends, of a server that ends. */
  private retried: PromiseWithResolvers<boolean> | null = null;
  /** Replies wait for the log. */
  private isHolding = false;
  /** The last cut came behind the last failed sync. */
  private healsSync = false;

  constructor(private readonly host: LogHost, private readonly files?: LogDirectoryFiles) {
    this.directory = directoryOf(this.host, this.files);
    this.rewriter = new LogRewriter(host, this);
    this.errors = new LogErrors({
      log: host.log,
      errorPolicy: () => host.config.values.aofErrorPolicy,
      policy: () => this.policy,
      restrict: (bit, on) => host.restrict(bit, on),
      exit: (code) => host.exit(code),
      now: () => performance.now(),
      retry: () => this.output?.retry(),
      rewriteSoon: () => this.needsRewrite(),
      rewriteAgain: () => this.rewriter.again(),
    });
  }

  /** `appendfsync` as it is in effect: a change waits for the disk where that matters. */
  get policy(): SyncPolicy {
    return this.output?.policy ?? this.host.config.values.appendfsync;
  }

  /** R: bytes ever propagated to the log. */
  get offset(): number {
    return this.stream?.offset ?? this.lastOffset;
  }

  /** D: all of the stream below it is on disk. */
  get durableOffset(): number {
    if (this.frozen >= 0) return this.frozen;
    return this.output === null ? this.lastOffset : this.output.durableOffset;
  }

  get fault(): LogFault | null {
    return this.errors.fault;
  }

  get waitingBytes(): number {
    return this.output?.waitingBytes ?? 0;
  }

  /** Written, and not known to be on disk. */
  get hasUnsynced(): boolean {
    const { output } = this;
    return output !== null && output.writtenOffset > output.durableOffset;
  }

  get currentBytes(): number {
    return this.precedingBytes + (this.output?.fileBytes ?? 0);
  }

  /** DEBUG AOF-FLUSH-SLEEP: milliseconds that whoever writes sleeps before each write. */
  set writeDelay(milliseconds: number) {
    this.delay = milliseconds;
    if (this.output !== null) this.output.writeDelay = milliseconds;
  }

  report(): LogReport {
    return reportOf(this);
  }

  /** Reads the manifest; where the log is on, takes up a single file of former times. Throws StartError. */
  readManifest(): void {
    this.directory = directoryOf(this.host, this.files);
    readManifestAtStart(this.directory, this.host.log, this.host.config.values.appendonly);
  }

  /** Behind the loading of what there is: opens the last increment, or makes the first files. Rejects with StartError. */
  async openAtStart(): Promise<void> {
    const { values } = this.host.config;
    this.isOpen = true;
    if (!values.appendonly) return;
    const { directory } = this;
    const { log } = this.host;
    try {
      const entry = lastIncrAtStart(directory, this.host);
      const size = directory.bytesOf([entry]);
      const { base } = directory.manifest;
      this.baseBytes = base === null ? 0 : directory.bytesOf([base]);
      this.precedingBytes = directory.bytesOf(directory.manifest.files()) - size;
      this.begin();
      this.output!.open(directory.pathOf(entry.name), size);
      this.frozen = -1;
      this.turn("on");
      await this.output!.drain();
      if (!values.aofDisableAutoGc) directory.removeHistory();
    } catch (error) {
      log.warning(`Can't open the append-only file: ${errorText(error)}`);
      throw new StartError("START_LOG_UNWRITABLE", `${directory.path}: the log cannot be written`, {
        cause: error,
      });
    }
  }

  /** A new output without a file, and the stream that feeds it. */
  private begin(): void {
    const { host } = this;
    const { values } = host.config;
    this.strategy = values.aofStrategy;
    const start = { policy: values.appendfsync, offset: this.offset };
    const events = new OutputEvents(this, () => this.output === output);
    const output: LogOutput = new LogOutput(host.plugins.aof(this.strategy), start, events, this.closing);
    output.writeDelay = this.delay;
    this.output = output;
    this.stream ??= host.propagation.attach(this, start.offset);
    this.stream.reselect();
    this.timestamps.restart();
  }

  /** The end of the server: what was propagated becomes durable. `isLost` says whether that failed, or takes too long. */
  async stop(): Promise<void> {
    if (!this.isOpen) return;
    this.rewriter.withdraw();
    const isOff = this.state === "off";
    if (!isOff) this.host.log.notice("Calling fsync() on the AOF file.");
    const failure = await endsInTime(isOff ? this.closing.then(() => "") : drainAtEnd(this));
    if (failure !== "") {
      this.host.log.warning(`Fail to fsync the AOF file: ${failure}`);
      this.isLost = true;
      return;
    }
    if (!isOff) await this.output?.close();
  }

  tryAgain(): Promise<boolean> {
    const { output } = this;
    if (output === null || output.fault === null) return Promise.resolve(output !== null);
    this.retried = Promise.withResolvers();
    output.retry();
    return this.retried.promise;
  }

  append(bytes: Uint8Array, offset: number): void {
    const { output } = this;
    if (output === null) return;
    if (this.host.config.values.aofTimestampEnabled) {
      const annotation = this.timestamps.due(this.host.keyspace.clock.ms);
      if (annotation !== null) output.append(annotation, offset);
    }
    output.append(bytes, offset + bytes.length);
  }

  /** The turn's bytes are complete. Where the disk refused them on the loop, replies must not go out any more. */
  endTurn(): void {
    const { output } = this;
    if (output === null) return;
    output.endTurn();
    const { fault } = output;
    if (fault !== null && fault !== this.errors.fault) this.errors.failed(fault);
  }

  /** Resolves once all that was propagated so far is on disk. Rejects where it cannot be. */
  async drain(): Promise<void> {
    const { output } = this;
    if (output === null) {
      await this.closing;
      return;
    }
    this.stream?.flush();
    output.endTurn();
    // The writer waits for all that comes meanwhile, which under load has no end.
    const drained = output.drain();
    drained.catch(() => {});
    await Promise.race([drained, this.waiters.until(this.offset, () => output.durableOffset)]);
    this.progressed();
  }

  progressed(): void {
    this.host.durability.progressed();
    this.host.writeWaiters.progressed();
    this.waiters.progressed();
  }

  failed(fault: LogFault): void {
    this.retried?.resolve(false);
    this.waiters.failed(new LogStoppedError(fault));
    if (fault === this.errors.fault && this.errors.isStopped) return;
    this.errors.failed(fault);
  }

  /** The output of a log that was given up, or is not the present one any more: nobody waits for it to work again. */
  failedAtEnd(fault: LogFault): void {
    this.host.log.warning(`Error writing to the AOF file: ${fault.message}`);
  }

  connected(): void {
    this.turn(this.state);
  }

  recovered(): void {
    this.retried?.resolve(true);
    this.errors.recovered();
    this.configChanged();
  }

  delayed(): void {
    this.errors.delayed();
  }

  /** Brings the log to what the configuration says. The reason where that is not possible. */
  configChanged(): string | void {
    if (!this.isOpen) return;
    const { values } = this.host.config;
    try {
      this.host.plugins.aof(values.aofStrategy);
    } catch (error) {
      return errorText(error);
    }
    if (values.appendonly && this.state === "off") return this.switchOn();
    if (!values.appendonly && this.state !== "off") this.switchOff();
    // What is on its way out stays as it is.
    if (this.output === null || this.state === "off") {
      this.turn(this.state);
      return;
    }
    if (values.aofStrategy !== this.strategy) this.changeStrategy(this.output, values.aofStrategy);
    if (values.appendfsync !== this.output.policy) this.changePolicy(this.output);
    else this.turn(this.state);
  }

  private switchOn(): string | void {
    const { host, rewriter } = this;
    this.errors.forget();
    if (this.output === null) this.directoryChanged();
    this.frozen = this.durableOffset;
    this.stream = host.propagation.attach(this, this.lastOffset);
    this.turn("awaiting-rewrite");
    if (!rewriter.startFirst()) {
      this.switchOff();
      return "Unable to turn on AOF. Check server logs.";
    }
  }

  private switchOff(): void {
    const { stream, output, state } = this;
    this.rewriter.withdraw();
    if (stream !== null) {
      this.lastOffset = stream.offset;
      this.host.propagation.detach(stream);
      this.stream = null;
    }
    this.state = "off";
    if (output === null || state === "awaiting-rewrite") {
      this.dropReserved();
      this.turn("off");
      this.progressed();
      return;
    }
    output.endTurn();
    // Replies that wait for the log wait for its end.
    const last = output.drain().catch((error) =>
      this.host.log.warning(`Fail to fsync the AOF file: ${errorText(error)}`)
    ).then(() => output.close()).then(() => {
      if (this.output === output) this.output = null;
      if (this.state === "off") this.turn("off");
    });
    this.closing = last;
    this.settle(last);
  }

  /** The increment that no manifest has goes, and its output. */
  private dropReserved(): void {
    const { output, reserved } = this;
    if (output === null || reserved === null) return;
    this.output = this.reserved = null;
    this.closing = output.close();
    // One whose manifest is in its place, and nobody knows for how long.
    if (this.directory.manifest.incrs.includes(reserved)) return;
    this.host.log.notice(`Removing the temp incr aof file ${reserved.name} in the background`);
    this.directory.remove(reserved.name);
  }

  private changeStrategy(output: LogOutput, name: string): void {
    const before = this.strategy;
    this.strategy = name;
    this.settle(
      output.replace(this.host.plugins.aof(name)).catch((error) => {
        // It is tried again when the fault is over.
        this.strategy = before;
        this.host.log.warning(`The AOF goes on with the plugin that it has: ${errorText(error)}`);
      }),
    );
    this.turn(this.state);
  }

  private changePolicy(output: LogOutput): void {
    const apply = () => {
      output.policy = this.host.config.values.appendfsync;
      if (this.output === output) this.turn(this.state);
    };
    if (output.policy !== "always") {
      apply();
      // What was acknowledged before is durable too when the client hears of it.
      if (this.policy === "always" && this.state === "on") this.settle(this.drain().catch(() => {}));
      return;
    }
    // What waits for the disk now is not let go by a word.
    this.stream?.flush();
    output.endTurn();
    this.settle(
      // A log that goes takes care of what is held itself.
      this.waiters.until(this.offset, () => this.output === output ? this.durableOffset : Infinity).then(
        apply,
        (error) =>
          this.host.log.warning(`appendfsync stays always until the AOF can be written: ${errorText(error)}`),
      ),
    );
  }

  private settle(work: Promise<void>): void {
    const all: Promise<void> = Promise.all([this.settling, work]).then(() => {
      if (this.settling === all) this.settling = null;
      this.progressed();
    });
    this.settling = all;
  }

  /** Tells those who wait for the log what it is now. */
  private turn(state: LogState): void {
    this.state = state;
    const { durability } = this.host;
    this.isHolding = this.mustHold();
    durability.attach(this.isHolding ? this : null);
    durability.pressure.backlog = state === "off" ? null : this;
    if (state === "off" && this.output === null) this.errors.forget();
  }

  /** Under `always` replies wait for the log, unless the loop itself writes and syncs before they go out. */
  private mustHold(): boolean {
    const { output, state } = this;
    if (state === "off" && output === null) return false;
    // What is held already waits for the rewrite, whatever the policy is going to be.
    if (state === "awaiting-rewrite") return this.policy === "always" || this.isHolding;
    if (this.policy !== "always" || output === null) return false;
    const { config: { values }, plugins } = this.host;
    return values.aofErrorPolicy === "read-only" || !output.isWithLoop ||
      plugins.aof(this.strategy).runs === "worker";
  }

  /** `dir`: a log that is on stays where it is; one in the same place goes on with its numbers. */
  directoryChanged(): void {
    if (directoryOf(this.host, this.files).path !== this.directory.path) this.readAgain();
  }

  /** While the log is off: what the manifest on disk says counts from here on. */
  readAgain(): void {
    if (!this.isOpen || this.state !== "off" || this.rewriter.running) return;
    const directory = directoryOf(this.host, this.files);
    try {
      directory.read();
      this.directory = directory;
    } catch (error) {
      this.host.log.warning(`Cannot read the AOF manifest in ${directory.path}: ${errorText(error)}`);
    }
  }

  private needsRewrite(): void {
    if (this.frozen < 0) this.frozen = this.durableOffset;
    this.healsSync = false;
    this.rewriter.schedule({ resetsLimit: false });
  }

  get isAwaited(): boolean {
    return this.state === "awaiting-rewrite" && this.isHolding;
  }

  cut(): "last" | "none" | AofFileEntry {
    const { state, directory, host } = this;
    if (state === "off") return "none";
    this.stream!.flush();
    this.cutOffset = this.offset;
    this.healsSync = true;
    if (state === "awaiting-rewrite") {
      const entry = directory.reserveIncr();
      this.begin();
      this.reserved = entry;
      this.output!.open(directory.pathOf(entry.name), 0);
      return entry;
    }
    const { name } = directory.addIncr();
    host.log.notice(`Creating AOF incr file ${name} on background rewrite`);
    this.precedingBytes += this.output!.fileBytes + this.output!.waitingBytes;
    this.output!.open(directory.pathOf(name), 0);
    this.stream!.reselect();
    this.timestamps.restart();
    return "last";
  }

  /** Resolves once the writer has come to what the last cut began; rejects where it has stopped. */
  passedCut(): Promise<void> {
    const { output, cutOffset } = this;
    if (output === null) return Promise.resolve();
    // Under load a drain has no end, and would have the writer sync all the time.
    if (this.offset > cutOffset) {
      const position = () => this.output === output ? output.writtenOffset : Infinity;
      return this.waiters.until(cutOffset + 1, position);
    }
    return output.drain();
  }

  rewritten(): void {
    const { base } = this.directory.manifest;
    this.precedingBytes = base === null ? 0 : this.directory.bytesOf([base]);
    this.baseBytes = this.precedingBytes;
    if (this.state === "off") return;
    // The writer may not have come to the cut yet.
    this.baseBytes += this.offset - this.cutOffset;
    this.reserved = null;
    if (this.errors.needsRewrite && !this.healsSync) {
      // What a sync has lost since then is in the increment that goes on: only another base makes up for it.
      this.rewriter.schedule({ resetsLimit: false });
    } else {
      this.frozen = -1;
      this.errors.rewritten();
    }
    this.turn("on");
    this.progressed();
  }

  abandoned(): void {
    if (this.state !== "awaiting-rewrite") return;
    this.dropReserved();
    this.progressed();
    this.rewriter.schedule({ resetsLimit: false });
  }

  cron(now: number): void {
    if (!this.isOpen) return;
    this.errors.cron();
    const { output, host } = this;
    if (output !== null) {
      const isBusy = this.rewriter.running || host.saves.running !== null;
      output.holdsSyncs = isBusy && host.config.values.noAppendfsyncOnRewrite;
      if (host.latency.threshold > 0) sampleLatency(output, host, isBusy);
    }
    this.rewriter.cron(now);
  }
}
