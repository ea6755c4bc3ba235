// The assembly: makes all rooms from the configuration, joins them, and is what commands see as ServerServices. Starting
// and stopping read top to bottom here; what each part does is in its own room. More lines than usual: it is the one place
// that knows all rooms.
import type { CommandClient } from "../commands/command_client.ts";
import type { CommandSpec } from "../commands/command.ts";
import type { ServerServices } from "../commands/server_services.ts";
import type { Clock } from "../keyspace/clock.ts";
import { ActiveExpire, type ExpireOptions } from "../keyspace/active_expire.ts";
import type { Database } from "../keyspace/database.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import type { Logger } from "../log/logger.ts";
import { Arena } from "../memory/arena.ts";
import type { Client } from "../net/client.ts";
import {
  type ClientHost,
  type ClientLimits,
  type CloseReason,
  defaultClientLimits,
} from "../net/client_host.ts";
import { Turn } from "../net/turn.ts";
import { PluginHost } from "../plugins/plugin_host.ts";
import { WaitingKeys } from "../protocol/waiting_keys.ts";
import { Prefetch } from "../structures/prefetch.ts";
import { averageTtl } from "./average_ttl.ts";
import { logBanner } from "./banner.ts";
import { ClientRegistry } from "./client_registry.ts";
import { ClientTracking } from "./client_tracking.ts";
import { CommandLogs } from "./command_logs.ts";
import { type Command, CommandTable, FLAG_MAY_REPLICATE, FLAG_WRITE } from "./command_table.ts";
import type { Config } from "./config/config.ts";
import { bindConfig } from "./config_bindings.ts";
import { type Crash, CrashReporter } from "./crash_report.ts";
import { AppendOnlyLog } from "./aof/append_only_log.ts";
import { Cron } from "./cron.ts";
import { DatasetLoader, type LoadingState } from "./dataset_loader.ts";
import {
  Dispatcher,
  RESTRICT_LOADING,
  RESTRICT_LOG_PRESSURE,
  RESTRICT_MEMORY,
  RESTRICT_PAUSE,
} from "./dispatcher.ts";
import { DumpService } from "./dump_service.ts";
import { Durability, type DurableLog } from "./durability/durability.ts";
import { WriteWaiters } from "./durability/write_waiters.ts";
import { Propagation } from "./feed/propagation.ts";
import { Gateway } from "./gateway.ts";
import { infoText } from "./info/info.ts";
import { KeyspaceEvents } from "./keyspace_events.ts";
import { KeyWaiters } from "./key_waiters.ts";
import { LatencyMonitor } from "./latency_monitor.ts";
import { LoopMonitor } from "./loop_monitor.ts";
import { MemoryLimit } from "./memory_limit.ts";
import { memoryOf, type MemoryReport, tableBytes } from "./memory_report.ts";
import { Migrator } from "./migrator.ts";
import { PauseGate } from "./pause_gate.ts";
import { removePidFile, writePidFile } from "./pid_file.ts";
import { PubSub } from "./pubsub.ts";
import { SaveCoordinator } from "./save_coordinator.ts";
import { ServerStats } from "./server_stats.ts";
import { ShutdownController } from "./shutdown_controller.ts";
import { ServiceManager, type Supervision } from "./service_manager.ts";
import { SinkStreams } from "./sink_streams.ts";
import { Transactions } from "./transactions.ts";
import { COMPATIBLE_REDIS_VERSION, VERSION } from "./version.ts";

const MEGABYTE = 1024 * 1024;
/** Smaller tables are in the cache anyway. */
const PREFETCH_KEYS_MIN = 10_000;
const LAZY_FREE_SLICE_MICROS = 500;

export class Server implements ServerServices, ClientHost {
  readonly version = VERSION;
  readonly compatibleVersion = COMPATIBLE_REDIS_VERSION;
  readonly startedAt = Date.now();
  readonly runId = randomHex(40);
  replicationId = randomHex(40);
  readonly executable = Deno.execPath();
  readonly osRelease = Deno.osRelease();
  readonly keyspace: Keyspace;
  readonly commands = new CommandTable();
  readonly clients = new ClientRegistry();
  readonly stats = new ServerStats();
  readonly commandLogs = new CommandLogs();
  readonly latency = new LatencyMonitor();
  readonly loopMonitor: LoopMonitor;
  readonly pause: PauseGate;
  readonly saves: SaveCoordinator;
  readonly aof: AppendOnlyLog;
  readonly shutdown: ShutdownController;
  readonly plugins: PluginHost;
  readonly expire: ActiveExpire;
  readonly memoryLimit: MemoryLimit;
  readonly dispatcher: Dispatcher;
  readonly loader: DatasetLoader;
  readonly dumps: DumpService;
  readonly propagation: Propagation;
  readonly durability: Durability;
  readonly waiters: KeyWaiters;
  readonly writeWaiters: WriteWaiters;
  readonly transactions: Transactions;
  readonly pubsub = new PubSub();
  readonly tracking: ClientTracking;
  readonly events: KeyspaceEvents;
  readonly sinks: SinkStreams;
  readonly gateway: Gateway;
  readonly turn: Turn;
  readonly limits: ClientLimits = defaultClientLimits();
  /** `active-expire-effort` and `hz`. */
  readonly expireOptions: ExpireOptions = { effort: 1, hz: 10 };
  requiredPassword: Uint8Array | null = null;
  activeExpire = true;
  /** What was in use when the server was ready and empty. */
  startupMemory = 0;
  /** How much of that were the tables of the databases. */
  startupTables = 0;
  private readonly waitingKeys = new WaitingKeys();
  private readonly prefetch: Prefetch;
  readonly crashes = new CrashReporter(this);
  readonly migrator = new Migrator(this);
  private readonly cron: Cron;
  private readonly manager: ServiceManager;
  private readonly heldWriters = new Set<Client>();
  private turnStart = 0;
  /** The pid file, once it is ours. */
  private pidFile = "";

  constructor(
    readonly config: Config,
    readonly log: Logger,
    commands: readonly CommandSpec[],
  ) {
    const { values } = config;
    const arena = Arena.create({
      bytes: arenaBytes(values.arenaSize),
      onReduced: (bytes) =>
        log.warning(`The system refused the arena's size; reserved ${bytes / MEGABYTE} MiB instead`),
    });
    this.keyspace = new Keyspace(arena, values.databases);
    this.propagation = new Propagation(this.keyspace);
    this.durability = new Durability(this.keyspace, this.propagation, {
      holdWriters: (on) => this.restrict(RESTRICT_LOG_PRESSURE, on),
      keepPlaces: (on) => this.dispatcher.monitors.keepPlaces(on),
    });
    this.prefetch = new Prefetch(arena);
    this.commands.register(commands, config.renames);
    this.loopMonitor = new LoopMonitor(this.stats, this.latency);
    this.pause = new PauseGate((client) => client.unblock({ again: true }));
    this.plugins = new PluginHost({
      settings: config.plugins,
      variables: (name) => name === "dir" ? Deno.cwd() : config.get([name])[0]?.[1],
      logger: log,
      baseFolder: Deno.cwd(),
    });
    this.saves = new SaveCoordinator(this);
    this.aof = new AppendOnlyLog(this);
    this.shutdown = new ShutdownController(this);
    this.expire = new ActiveExpire(this.keyspace);
    this.memoryLimit = new MemoryLimit(this);
    this.waiters = new KeyWaiters(this);
    this.writeWaiters = new WriteWaiters(this);
    this.events = new KeyspaceEvents(this.keyspace, this.pubsub, this.durability.deliveries);
    this.tracking = new ClientTracking(this, this.durability.deliveries);
    this.sinks = new SinkStreams(this);
    this.transactions = new Transactions(
      this.keyspace,
      () => this.dispatcher,
      () => this.durability.revealsAll(),
    );
    this.dispatcher = new Dispatcher(
      this.commands,
      this.keyspace,
      this.stats,
      this.commandLogs,
      this.latency,
      this,
      this.waiters,
      this.transactions,
      this.pubsub,
      this.tracking,
      log,
      this.propagation,
      this.durability,
    );
    this.loader = new DatasetLoader(this);
    this.dumps = new DumpService(
      this.keyspace,
      config,
      (reason) => this.log.warning(`Bad data format in the payload of RESTORE: ${reason}`),
    );
    this.turn = new Turn({ beginTurn: () => this.beginTurn(), beforeSleep: () => this.beforeSleep() });
    this.gateway = new Gateway(this);
    this.dispatcher.onFailure = (crash, client) => {
      this.crashes.survived({ ...crash, client: client.describe() });
    };
    this.cron = new Cron(this);
    this.manager = new ServiceManager(values.supervised as Supervision, log);
    bindConfig(this);
  }

  /** Opens the listeners, starts plugins and cron, loads the dataset. Rejects where one of them is impossible; then `stop`. */
  async start(): Promise<void> {
    const { log } = this;
    log.notice(`Spork version ${VERSION}, Deno ${Deno.version.deno}, pid ${Deno.pid}, just started`);
    if (this.config.file === "") {
      log.warning("No config file given: using the defaults and the command line.");
    } else log.notice("Configuration loaded");
    await this.gateway.open();
    const { port, alwaysShowLogo, logfile } = this.config.values;
    const showsLogo = alwaysShowLogo || (logfile === "" && Deno.stdout.isTerminal());
    logBanner(log, { version: VERSION, port, pid: Deno.pid, showsLogo });
    this.pidFile = this.config.values.pidfile;
    writePidFile(this.pidFile, log);
    log.notice("Server initialized");
    const strategies = new Set(["threadsave", "fork-emulated", this.config.values.snapshotStrategy]);
    await this.plugins.start([...strategies]);
    this.startupMemory = this.usedMemory();
    this.startupTables = tableBytes(this.keyspace);
    this.cron.start();
    this.gateway.accept();
    this.aof.readManifest();
    await this.loader.loadAtStart();
    this.sinks.start();
    await this.aof.openAtStart();
    this.gateway.announce();
    await this.manager.ready();
  }

  /** Closes everything; the process may exit then. */
  async stop(): Promise<void> {
    await this.manager.stopping();
    this.cron.stop();
    this.loopMonitor.stop();
    this.memoryLimit.stop();
    this.waiters.stop();
    this.writeWaiters.stop();
    this.migrator.closeAll();
    this.saves.cancel();
    // From here on no command runs: what was saved is all there is.
    for (const client of [...this.clients.all()]) client.closeAfterReply("shutdown");
    await this.aof.stop();
    this.durability.progressed();
    this.turn.flush();
    await this.gateway.close();
    await this.saves.settled();
    await this.sinks.stop();
    await this.plugins.stop();
    for (const client of [...this.clients.all()]) client.closeNow("shutdown");
    removePidFile(this.pidFile, this.log);
  }

  exit(code: number): void {
    Deno.exit(code);
  }

  // What commands and clients use.

  get configFile(): string {
    return this.config.file;
  }

  get loading(): LoadingState | null {
    return this.loader.state;
  }

  get lastLoad(): { loaded: number; expired: number } {
    return this.loader.last;
  }

  get listenerDescriptions(): string[] {
    return this.gateway.descriptions();
  }

  monitor(client: CommandClient): void {
    this.dispatcher.monitors.add(client as Client);
  }

  stopMonitoring(client: CommandClient): void {
    this.dispatcher.monitors.remove(client as Client);
  }

  get services(): ServerServices {
    return this;
  }

  get clock(): Clock {
    return this.keyspace.clock;
  }

  get counters(): ServerStats {
    return this.stats;
  }

  get firstDatabase(): Database {
    return this.keyspace.databases[0];
  }

  get startsAuthenticated(): boolean {
    return this.requiredPassword === null;
  }

  beginBatch(_client: Client): void {
    this.dispatcher.beginBatch();
  }

  /** Brings the entries that pipelined commands will look up into the processor's cache, all at the same time. */
  lookAhead(client: Client): void {
    const { keys } = client.db;
    if (keys.size < PREFETCH_KEYS_MIN) return;
    const { parser } = client;
    const { waitingKeys, prefetch } = this;
    const count = parser.findWaitingKeys(waitingKeys);
    for (let i = 0; i < count; i++) {
      prefetch.add(keys.root, parser.buffer, waitingKeys.starts[i], waitingKeys.ends[i]);
    }
    prefetch.run();
  }

  execute(client: Client): void {
    this.dispatcher.execute(client);
  }

  endBatch(client: Client): void {
    this.dispatcher.endBatch(client);
  }

  errorReplied(text: string): void {
    const space = text.indexOf(" ");
    this.stats.countError(space < 0 ? text : text.slice(0, space));
  }

  clientClosed(client: Client, _reason: CloseReason): void {
    this.clients.remove(client);
    this.memoryLimit.noteClosed();
    this.dispatcher.monitors.remove(client);
    this.pubsub.forget(client);
    this.tracking.disable(client);
    this.transactions.discard(client);
    this.pause.forget(client);
    this.heldWriters.delete(client);
    this.durability.forget(client);
  }

  info(sections: readonly string[]): string {
    return infoText(this, sections);
  }

  memory(): MemoryReport {
    return memoryOf(this);
  }

  averageTtl(database: Database): number {
    return averageTtl(database, this.keyspace);
  }

  reloadDataset(options: { save: boolean; flush: boolean; merge: boolean }): string | null {
    return this.loader.reload(options);
  }

  reloadLog(): Promise<string | null> {
    return this.loader.reloadLog();
  }

  changeReplicationId(): void {
    this.replicationId = randomHex(40);
  }

  /** Reports and ends the process at once. */
  crash(crash: Crash): never {
    return this.crashes.fatal(crash);
  }

  pauseCron(paused: boolean): void {
    this.cron.stop();
    this.shutdown.waitsForCron = paused;
    if (!paused) this.cron.start();
  }

  resetStats(): void {
    this.stats.reset();
    const { stats } = this.keyspace;
    stats.hits =
      stats.misses =
      stats.expired =
      stats.expiredFields =
      stats.evicted =
        0;
    this.keyspace.lazyFree.freed = 0;
    this.expire.resetStats();
    this.memoryLimit.resetStats();
    this.dumps.payloadsChecked = 0;
    this.saves.resetStats();
    for (const command of this.commands.everything()) command.resetStats();
  }

  // Memory.

  /** Arena and client buffers, bytes. */
  usedMemory(): number {
    return this.keyspace.arena.usedBytes + this.clients.memoryBytes();
  }

  notePeak(used: number): void {
    if (used <= this.stats.peakMemory) return;
    this.stats.peakMemory = used;
    this.stats.peakMemoryAt = this.keyspace.clock.ms;
  }

  makeRoom(): boolean {
    return this.memoryLimit.makeRoom();
  }

  // Restrictions and waiting.

  /** Sets or clears one of the dispatcher's RESTRICT_ bits. */
  restrict(bit: number, on: boolean): void {
    if (on) this.dispatcher.restrictions |= bit;
    else this.dispatcher.restrictions &= ~bit;
  }

  setLoading(loading: boolean): void {
    this.restrict(RESTRICT_LOADING, loading);
    this.keyspace.honoursExpiry = !loading;
  }

  limitMemory(): void {
    this.restrict(RESTRICT_MEMORY, this.config.values.maxmemory > 0);
  }

  pauseClients(mode: "all" | "write", untilMs: number): void {
    this.pause.pause(mode, untilMs);
    this.pauseChanged();
  }

  unpauseClients(): void {
    this.pause.unpause();
    this.pauseChanged();
  }

  /** Ends the pause when its time has come. */
  endPauseWhenDue(): void {
    if (this.pause.mode !== "none" && this.keyspace.clock.ms >= this.pause.until) this.unpauseClients();
  }

  pauseChanged(): void {
    const paused = this.pause.mode !== "none" || this.migrator.running !== null;
    this.restrict(RESTRICT_PAUSE, paused);
    // What expires meanwhile is hidden, but nothing is deleted: replicas and clients must not see changes.
    this.keyspace.deletesExpired = !paused;
  }

  /** Those that a migration held up run. */
  releasePaused(): void {
    if (this.pause.mode === "none") this.pause.unpause();
    this.pauseChanged();
  }

  holdForPause(client: Client, _command: Command, flags: number): boolean {
    this.endPauseWhenDue();
    if (this.migrator.running !== null) {
      this.pause.wait(client);
      client.block({ reason: "pause" });
      return true;
    }
    const { mode } = this.pause;
    if (mode === "none") return false;
    const writes = (flags & (FLAG_WRITE | FLAG_MAY_REPLICATE)) !== 0;
    if (mode === "write" && !writes) return false;
    this.pause.wait(client);
    client.block({ reason: "pause" });
    return true;
  }

  holdForSnapshot(client: Client): boolean {
    this.heldWriters.add(client);
    client.block({ reason: "snapshot" });
    return true;
  }

  /** The append-only log, whatever its policy; null while it is off. */
  get durableLog(): DurableLog | null {
    return this.aof.state === "off" ? null : this.aof;
  }

  get logError(): string {
    return this.aof.fault?.message ?? "";
  }

  holdForLog(client: Client): boolean {
    this.durability.pressure.holdWriter(client);
    return true;
  }

  get waitingWriters(): number {
    return this.heldWriters.size;
  }

  /** The snapshot has caught up: those that waited for it run. */
  releaseWriters(): void {
    if (this.heldWriters.size === 0) return;
    const waiting: CommandClient[] = [...this.heldWriters];
    this.heldWriters.clear();
    for (const client of waiting) client.unblock({ again: true });
  }

  /** Runs `write`, which replies to a client of whom no command runs: the reply waits for the log like that of a write. */
  replyLate(client: CommandClient, write: () => void): void {
    const { output } = client as Client;
    const { durability } = this;
    const position = output.end;
    write();
    if (durability.active) durability.hold(client as Client, position, durability.offset);
  }

  /** A wait for keys ended by timeout or CLIENT UNBLOCK. */
  waitEnded(client: CommandClient, how: { failed: boolean }): void {
    this.dispatcher.waitEnded(client as Client, how);
  }

  // The turn.

  wake(): void {
    this.turn.wake();
  }

  private beginTurn(): void {
    this.turnStart = performance.now();
    this.keyspace.clock.update();
  }

  private beforeSleep(): void {
    const { keyspace } = this;
    this.stats.loopTurns++;
    if (this.pause.mode !== "none") this.endPauseWhenDue();
    if (this.activeExpire && this.loading === null) this.expire.fastCycle(this.expireOptions);
    if (this.waiters.hasReady) this.waiters.serve();
    if (keyspace.tracked !== null) this.tracking.beforeSleep();
    if (!keyspace.lazyFree.idle) keyspace.lazyFree.run(LAZY_FREE_SLICE_MICROS);
    if (keyspace.arena.retiredBytes > 0) keyspace.arena.reclaim();
    if (this.propagation.active) {
      this.propagation.flush();
      this.aof.endTurn();
      if (this.sinks.active) this.sinks.turnEnds();
    }
    this.durability.beforeSleep();
    if (this.writeWaiters.hasWaiting) this.writeWaiters.progressed();
    this.turn.flush();
    this.stats.loopMicros += (performance.now() - this.turnStart) * 1000;
  }
}

/** Bytes of the arena; a negative setting is a percentage of the machine's memory. */
function arenaBytes(setting: number): number {
  if (setting >= 0) return setting;
  return Math.floor(Deno.systemMemoryInfo().total * -setting / 100);
}

function randomHex(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length / 2));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
