// Runs one plugin inside its worker: loads its module, takes it through the lifecycle, gives it jobs.
// worker_main.ts feeds it the host's messages. What jobs are, plugins/sdk knows by kind.
import type { LogDriveInput } from "../../persistence/aof/writer/log_driver.ts";
import { runAofJob } from "../../../plugins/sdk/aof/aof_job.ts";
import { ControlBlock } from "../../../plugins/sdk/control_block.ts";
import { runSnapshotJob, type SnapshotJobInput } from "../../../plugins/sdk/snapshot/snapshot_job.ts";
import { type CodecJobInput, runCodecJob } from "../../../plugins/sdk/codec/codec_job.ts";
import { runSinkJob, type SinkJobInput } from "../../../plugins/sdk/sink/sink_job.ts";
import { createSdk } from "../../../plugins/sdk/sdk.ts";
import type {
  AofPlugin,
  BlockCodec,
  CodecPlugin,
  Lifecycle,
  SinkPlugin,
  SnapshotPlugin,
} from "../../../plugins/sdk/types.ts";
import type { PluginKind } from "../manifest.ts";
import { SHIPPED } from "../shipped.ts";
import type { HostRequest, LoadRequest, ModuleSource } from "../worker_protocol.ts";

/** The functions without which a plugin of the kind is none. */
const REQUIRED: Readonly<Record<PluginKind, readonly string[]>> = {
  snapshot: ["save"],
  codec: [],
  sink: ["receive"],
  aof: ["flush"],
  commands: ["run"],
};

export type LogLine = (level: "debug" | "notice" | "warning", text: string) => void;

export class PluginRunner {
  plugin: Lifecycle | undefined;
  private kind: PluginKind = "sink";
  private control = new ControlBlock();
  private readonly codecs = new Map<string, BlockCodec>();

  constructor(private readonly log: LogLine) {}

  /** Answers one request; throws what the plugin throws. */
  async handle(request: HostRequest): Promise<unknown> {
    if (request.op === "load") return await this.load(request);
    if (request.op === "ping") return undefined;
    const { plugin } = this;
    if (plugin === undefined) throw new Error("not loaded");
    switch (request.op) {
      case "configure":
        return void await plugin.configure?.(Object.freeze(request.options));
      case "validate":
        return void await plugin.validate?.();
      case "start":
        return void await plugin.start?.();
      case "drain":
        return void await plugin.drain?.();
      case "stop":
        return void await plugin.stop?.();
      case "job":
        return await this.job(request.input);
    }
  }

  private async load(request: LoadRequest): Promise<void> {
    this.kind = request.kind;
    this.control = new ControlBlock(request.control);
    this.plugin = await this.instantiate(request.name, request.source);
    requireFunctions(this.plugin, request.kind, request.provides);
    for (const codec of request.codecs) {
      const instance = await this.instantiate(codec.name, codec.source) as CodecPlugin;
      requireFunctions(instance, "codec", { block: codec.name });
      await instance.configure?.(Object.freeze(codec.options));
      await instance.validate?.();
      await instance.start?.();
      this.codecs.set(codec.name, instance.block!);
    }
  }

  private async instantiate(name: string, source: ModuleSource): Promise<Lifecycle> {
    const module = await importModule(source);
    if (typeof module.default !== "function") {
      throw new TypeError(
        `its module exports ${typeof module.default} by default; accepted: a function that takes the SDK`,
      );
    }
    const instance = await module.default(createSdk(name, this.control, this.log));
    if (typeof instance !== "object" || instance === null) {
      throw new TypeError(`its default export returned ${String(instance)}; accepted: the plugin's object`);
    }
    return instance;
  }

  private async job(input: unknown): Promise<unknown> {
    this.control.beginJob();
    try {
      switch (this.kind) {
        case "snapshot":
          return await runSnapshotJob(
            this.plugin as SnapshotPlugin,
            input as SnapshotJobInput,
            this.control,
            this.codecs,
          );
        case "aof":
          return await runAofJob(this.plugin as AofPlugin, input as LogDriveInput, this.control);
        case "codec":
          return await runCodecJob(this.plugin as CodecPlugin, input as CodecJobInput, this.control);
        case "sink":
          return await runSinkJob(this.plugin as SinkPlugin, input as SinkJobInput, this.control);
        default:
          throw new Error(`plugins of kind ${this.kind} take no jobs in this version`);
      }
    } finally {
      this.control.itemStartedAt = 0;
    }
  }
}

async function importModule(source: ModuleSource): Promise<{ default?: unknown }> {
  if ("url" in source) return await import(source.url);
  const shipped = SHIPPED[source.shipped];
  if (shipped === undefined) throw new Error(`no plugin ${source.shipped} is shipped`);
  return await shipped.load();
}

function requireFunctions(plugin: Lifecycle, kind: PluginKind, provides: Record<string, string>): void {
  const required = [...REQUIRED[kind]];
  if (kind === "codec" && provides.stream !== undefined) required.push("encoder", "decoder");
  const members = plugin as unknown as Record<string, unknown>;
  for (const name of required) {
    if (typeof members[name] !== "function") {
      throw new TypeError(
        `a plugin of kind ${kind} must have a function ${name}; found ${typeof members[name]}`,
      );
    }
  }
  if (kind === "codec" && provides.block !== undefined) {
    const block = members.block as Partial<BlockCodec> | undefined;
    if (typeof block?.compress !== "function" || typeof block?.decompress !== "function") {
      throw new TypeError("a codec that provides block must have block.compress and block.decompress");
    }
  }
}
