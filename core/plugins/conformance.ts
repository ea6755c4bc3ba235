// Conformance runs: a plugin from disk, or a shipped one, in real workers through the suite of its kind.
// Called by `spork plugin check` and by the tests of the shipped plugins.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { aofCases } from "../../plugins/sdk/conformance/aof_suite.ts";
import { codecStreamCases } from "../../plugins/sdk/conformance/codec_stream_suite.ts";
import { type CaseResult, runCases } from "../../plugins/sdk/conformance/conformance_case.ts";
import { type FaultPlan, installFaults, setFaults } from "../../plugins/sdk/conformance/fault_plan.ts";
import type { ConformanceRequest } from "../../plugins/sdk/conformance/host_messages.ts";
import { sinkCases } from "../../plugins/sdk/conformance/sink_suite.ts";
import { snapshotCases } from "../../plugins/sdk/conformance/snapshot_suite.ts";
import { CodecStreams } from "./codec_streams.ts";
import { noPermissions, type WorkerPermissions } from "./grants.ts";
import { checkImports } from "./import_check.ts";
import { PHASE_LIMITS_MS, type Plugin, type PluginLogger } from "./plugin.ts";
import { messageOf } from "./plugin_error.ts";
import { PluginHost } from "./plugin_host.ts";
import type { Grants, PluginSetting } from "./plugin_settings.ts";
import { SinkFeed } from "./sink_feed.ts";
import { PluginWorker } from "./plugin_worker.ts";
import type { HostRequest } from "./worker_protocol.ts";

const KILLED = "was killed by the conformance suite";
/** What `${name}` stands for beside `dir`. */
const DEFAULTS: Record<string, string> = { dbfilename: "dump.rdb", appenddirname: "appendonlydir" };
const WORKER_URL = new URL("./worker/conformance_main.ts", import.meta.url);

export interface ConformanceOptions {
  /** A folder, or the name of a shipped plugin. */
  plugin: { path: string } | { name: string };
  /** Undefined: what a shipped plugin has by default, nothing for one on disk. */
  grants?: Grants;
  logger: PluginLogger;
  /** How long a case of a log waits for what must happen, milliseconds. */
  limitMs?: number;
  /** Told of each result as it comes. */
  onResult?: (result: CaseResult) => void;
}

/** Runs the suite of the plugin's kind. Rejects with a PluginError where the plugin cannot be started at all. */
export async function runConformance(options: ConformanceOptions): Promise<CaseResult[]> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "spork-check-" }));
  const host = openHost(options, folder);
  const results: CaseResult[] = [];
  const add = (more: CaseResult[]) => {
    for (const result of more) options.onResult?.(result);
    results.push(...more);
  };
  try {
    const plugin = host.list().find((one) =>
      "name" in options.plugin ? one.name === options.plugin.name : "url" in one.plan.source
    )!;
    if (plugin.state === "embedded") plugin.state = "ready";
    await plugin.start();
    add([await validateAlone(plugin, options.logger)]);
    add(await runKind(host, plugin, folder, options));
    add(await runOwnTests(plugin));
    await plugin.stop();
    add([{
      name: "the plugin stops in time and without error",
      problem: plugin.counters.lastError || undefined,
    }]);
  } finally {
    await host.stop();
    Deno.removeSync(folder, { recursive: true });
  }
  return results;
}

function openHost(options: ConformanceOptions, folder: string): PluginHost {
  const setting: PluginSetting = {
    ...options.plugin,
    grants: options.grants,
    options: {},
    trusted: false,
    embed: false,
    origin: {},
  };
  return new PluginHost({
    settings: { chosen: {}, plugins: [setting] },
    variables: (name) => name === "dir" ? folder : DEFAULTS[name],
    logger: options.logger,
    baseFolder: Deno.cwd(),
    workerUrl: WORKER_URL,
  });
}

async function runKind(
  host: PluginHost,
  plugin: Plugin,
  folder: string,
  { limitMs }: ConformanceOptions,
): Promise<CaseResult[]> {
  const { kind, provides, declares } = plugin.plan.manifest;
  if (kind === "codec") {
    const request: ConformanceRequest = { conformance: "codec", promises: { provides, declares } };
    const results = await plugin.job(request) as CaseResult[];
    if (provides.stream === undefined) return results;
    const streams = new CodecStreams(plugin);
    results.push(
      ...await runCases(codecStreamCases({
        open: (direction, input, output) => streams.open(direction, input, output),
        start: () => plugin.start(),
        kill: () => plugin.abandon(KILLED),
      })),
    );
    plugin.counters.lastError = "";
    return results;
  }
  if (kind === "aof") return await runAof(host, plugin, folder, limitMs);
  if (kind === "sink") {
    const results = await runCases(sinkCases({
      open: (offset) => openFeed(plugin, offset),
      start: () => plugin.start(),
      kill: () => plugin.abandon(KILLED),
    }));
    plugin.counters.lastError = "";
    return results;
  }
  if (kind !== "snapshot") return [];
  const results = await runCases(snapshotCases({
    strategy: host.snapshot(plugin.name),
    folder,
    start: () => plugin.start(),
    setFaults: async (plan: FaultPlan | undefined) => {
      await plugin.job({ conformance: "faults", plan } satisfies ConformanceRequest);
    },
    kill: () => plugin.abandon(KILLED),
  }));
  plugin.counters.lastError = "";
  return results;
}

async function runAof(
  host: PluginHost,
  plugin: Plugin,
  folder: string,
  limitMs: number | undefined,
): Promise<CaseResult[]> {
  const strategy = host.aof(plugin.name);
  const logFolder = `${folder}/${DEFAULTS.appenddirname}`;
  mkdirSync(logFolder);
  // A plugin on the loop meets the faults of this thread.
  const restore = strategy.runs === "loop" ? installFaults() : undefined;
  try {
    return await runCases(aofCases({
      open: (start, events) => strategy.open(start, events),
      folder: logFolder,
      runs: strategy.runs,
      limitMs,
      declares: plugin.plan.manifest.declares,
      setFaults: async (plan) => {
        if (strategy.runs === "loop") setFaults(plan);
        else await plugin.job({ conformance: "faults", plan } satisfies ConformanceRequest);
      },
      kill: () => plugin.abandon(KILLED),
    }));
  } finally {
    restore?.();
    plugin.counters.lastError = "";
  }
}

async function openFeed(plugin: Plugin, offset: number) {
  await plugin.stop();
  await plugin.start();
  const feed = new SinkFeed(plugin, { logger: { debug: () => {}, notice: () => {}, warning: () => {} } });
  feed.start(offset);
  return {
    get receivedOffset() {
      return feed.receivedOffset;
    },
    get missedBytes() {
      return feed.missedBytes;
    },
    give: (bytes: Uint8Array, at: number) => feed.release(feed.offer(bytes, at)),
    stop: () => feed.stop(),
  };
}

/** load, configure and validate must work where nothing can be written, reached or run. */
async function validateAlone(plugin: Plugin, logger: PluginLogger): Promise<CaseResult> {
  const { manifest, source, options, permissions, codecs } = plugin.plan;
  const looking: WorkerPermissions = { ...noPermissions(), read: permissions.read, env: permissions.env };
  const { name, kind, provides } = manifest;
  const control = new SharedArrayBuffer(plugin.control.handle.byteLength);
  const requests: HostRequest[] = [
    { op: "load", name, kind, provides, source, control, sealed: true, codecs },
    { op: "configure", options },
    { op: "validate" },
  ];
  let problem: string | undefined;
  const worker = new PluginWorker({
    url: WORKER_URL,
    name,
    permissions: looking,
    onLog: (level, text) => logger[level](`plugin ${name}: ${text}`),
    onCrash: (reason) => problem ??= reason,
  });
  try {
    for (const request of requests) {
      await worker.ask(request, PHASE_LIMITS_MS[request.op as "load" | "configure" | "validate"]);
    }
  } catch (error) {
    problem ??= messageOf(error);
  } finally {
    worker.terminate();
  }
  return { name: "load, configure and validate have no side effects", problem };
}

/** main_test.ts beside main.ts, where there is one; runs in the plugin's worker, with its permissions. */
async function runOwnTests(plugin: Plugin): Promise<CaseResult[]> {
  const { source } = plugin.plan;
  if (!("url" in source)) return [];
  const url = source.url.replace(/(\.\w+)$/, "_test$1");
  const path = fileURLToPath(url);
  if (!existsSync(path)) return [];
  checkImports(plugin.name, dirname(path), path);
  const results = await plugin.job(
    { conformance: "tests", url } satisfies ConformanceRequest,
  ) as CaseResult[];
  return results.map(({ name, problem }) => ({ name: `its own test: ${name}`, problem }));
}
