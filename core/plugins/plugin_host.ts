// The plugin host: finds the shipped and the configured plugins, settles what each may do, runs them, answers for them.
// core/server makes one at start; snapshots ask it for their strategy, PLUGIN LIST and INFO for its list.
import { readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type ProcessPermission,
  processPermission,
  putVariables,
  resolveGrants,
  type Variables,
} from "./grants.ts";
import { AofStrategy } from "./aof_strategy.ts";
import { checkImports } from "./import_check.ts";
import { type Manifest, type OptionValue, type PluginKind, USED_KINDS } from "./manifest.ts";
import { parseManifest } from "./manifest_parser.ts";
import { resolveOptions } from "./options.ts";
import {
  PHASE_LIMITS_MS,
  type PhaseLimits,
  Plugin,
  type PluginLogger,
  type PluginPlan,
  type Tier,
} from "./plugin.ts";
import { messageOf, PluginError } from "./plugin_error.ts";
import { type PluginInfo, pluginInfo } from "./plugin_info.ts";
import { type PluginSetting, type PluginSettings, settingFor } from "./plugin_settings.ts";
import { SHIPPED } from "./shipped.ts";
import { SnapshotStrategy } from "./snapshot_strategy.ts";
import type { ModuleSource } from "./worker_protocol.ts";

export interface PluginHostOptions {
  settings: PluginSettings;
  /** Values of `${name}`: those config options that VARIABLES names. `dir` must be absolute. Asked again whenever a worker starts. */
  variables: Variables;
  logger: PluginLogger;
  /** Folder that relative plugin paths start from. */
  baseFolder: string;
  /** The module of workers; another one in tests. */
  workerUrl?: URL;
  limits?: Partial<PhaseLimits>;
  /** What the program itself may do. */
  process?: ProcessPermission;
  restartDelayMs?: number;
}

/** Declarations without which the server does not use a plugin of the kind. */
const PROMISES_NEEDED: Partial<Record<PluginKind, readonly string[]>> = {
  snapshot: ["point-in-time", "cancellable"],
  aof: ["durable-before-ack"],
};

/** Config options that a manifest may refer to. Others are none of a plugin's business: some are secrets. */
const VARIABLES: readonly string[] = [
  "dir",
  "dbfilename",
  "appenddirname",
  "appendfilename",
  "bind",
  "port",
  "tls-port",
  "unixsocket",
  "logfile",
];

/** A plugin as found, before it was decided what it may do. */
interface Found {
  name: string;
  /** Undefined: shipped. */
  folder: string | undefined;
  /** Read again before each start of the worker, since plugins on disk may change. */
  manifest: Manifest;
}

export class PluginHost {
  private readonly plugins = new Map<string, Plugin>();
  private readonly found: Found[];
  private readonly strategies = new Map<string, SnapshotStrategy>();
  private readonly aofStrategies = new Map<string, AofStrategy>();

  private readonly settings: PluginSettings;

  /** Reads and checks all manifests, settings and grants; runs nothing. Throws PluginError. */
  constructor(private readonly options: PluginHostOptions) {
    this.settings = {
      ...options.settings,
      plugins: options.settings.plugins.map((one) => one.path === undefined ? one : this.withRealPath(one)),
    };
    this.found = this.find();
    this.checkNamedSettings();
    for (const found of this.found) this.plugins.set(found.name, this.createPlugin(found));
    this.checkChoices();
  }

  /** All plugins, shipped ones first. */
  list(): Plugin[] {
    return [...this.plugins.values()];
  }

  get(name: string): Plugin | undefined {
    return this.plugins.get(name);
  }

  /** What PLUGIN LIST and INFO show of a plugin; undefined where there is none of this name. */
  info(name: string): PluginInfo | undefined {
    const plugin = this.plugins.get(name);
    return plugin === undefined ? undefined : pluginInfo(plugin);
  }

  /** The name that the configuration chose for a kind. */
  chosen(kind: PluginKind): string | undefined {
    return this.settings.chosen[kind]?.name;
  }

  /**
   * Starts the plugins that were configured by path, and those in `names`. The others start when first used.
   * Rejects with the first PluginError.
   */
  async start(names: readonly string[] = []): Promise<void> {
    const wanted = this.list().filter((plugin) => {
      if (plugin.state === "embedded") return false;
      return names.includes(plugin.name) || this.folderOf(plugin.name) !== undefined;
    });
    const results = await Promise.allSettled(wanted.map((plugin) => plugin.start()));
    for (const result of results) {
      if (result.status === "rejected") throw result.reason;
    }
    for (const { name, plan } of wanted) {
      const { kind } = plan.manifest;
      if (USED_KINDS.includes(kind)) continue;
      this.options.logger.warning(
        `plugin ${name} runs, but nothing uses plugins of kind ${kind} in this version`,
      );
    }
  }

  /** Takes all running plugins through drain and stop. Never rejects. */
  async stop(): Promise<void> {
    await Promise.all(this.list().map((plugin) => plugin.stop()));
  }

  /** The snapshot strategy of this name. Throws PluginError where there is none. */
  snapshot(name: string): SnapshotStrategy {
    const known = this.strategies.get(name);
    if (known !== undefined) return known;
    const plugin = this.require(name, "snapshot");
    const strategy = new SnapshotStrategy(plugin, this.options.logger);
    this.strategies.set(name, strategy);
    return strategy;
  }

  /** The log writer's strategy of this name. Throws PluginError where there is none. */
  aof(name: string): AofStrategy {
    const known = this.aofStrategies.get(name);
    if (known !== undefined) return known;
    const strategy = new AofStrategy(this.require(name, "aof"));
    this.aofStrategies.set(name, strategy);
    return strategy;
  }

  private require(name: string, kind: PluginKind): Plugin {
    const plugin = this.plugins.get(name);
    if (plugin?.plan.manifest.kind === kind) {
      this.checkPromises(plugin, kind);
      return plugin;
    }
    const fitting = this.list().filter((one) => one.plan.manifest.kind === kind).map((one) => one.name);
    const accepted = fitting.length === 0
      ? `no plugin of kind ${kind} is loaded`
      : `accepted: ${fitting.join(", ")}`;
    const choice = this.settings.chosen[kind];
    const origin = choice?.name === name ? choice.origin : {};
    if (plugin === undefined) {
      throw new PluginError("PLUGIN_UNKNOWN", `there is no plugin "${name}"; ${accepted}`, origin);
    }
    const found = plugin.plan.manifest.kind;
    throw new PluginError(
      "PLUGIN_WRONG_KIND",
      `plugin ${name} is of kind ${found}, not ${kind}; ${accepted}`,
      {
        plugin: name,
        ...origin,
      },
    );
  }

  /** What the server relies on when it uses a plugin of the kind must be declared. */
  private checkPromises({ name, plan }: Plugin, kind: PluginKind): void {
    const missing = (PROMISES_NEEDED[kind] ?? []).filter((promise) =>
      !plan.manifest.declares.includes(promise)
    );
    if (missing.length === 0) return;
    throw new PluginError(
      "PLUGIN_PROMISE_MISSING",
      `plugin ${name} cannot be used for ${kind}: its manifest does not declare ${missing.join(", ")}`,
      { plugin: name, ...this.settings.chosen[kind]?.origin },
    );
  }

  private find(): Found[] {
    const found: Found[] = Object.keys(SHIPPED).map((name) => ({
      name,
      folder: undefined,
      manifest: parseManifest(SHIPPED[name].manifest, `${name}/plugin.yaml`),
    }));
    for (const setting of this.settings.plugins) {
      if (setting.path === undefined) continue;
      const folder = setting.path;
      const manifest = readManifest(folder);
      const other = found.find((one) => one.name === manifest.name);
      if (other !== undefined) {
        const where = other.folder === undefined ? "a shipped plugin" : `the plugin in ${other.folder}`;
        throw new PluginError(
          "PLUGIN_DUPLICATE",
          `plugin ${manifest.name} in ${folder} has the name of ${where}`,
          {
            plugin: manifest.name,
            ...setting.origin,
          },
        );
      }
      found.push({ name: manifest.name, folder, manifest });
    }
    return found;
  }

  private withRealPath(setting: PluginSetting): PluginSetting {
    const path = resolve(this.options.baseFolder, setting.path!);
    try {
      return { ...setting, path: realpathSync(path) };
    } catch (error) {
      throw new PluginError(
        "PLUGIN_MANIFEST_MISSING",
        `no plugin in ${path}: ${messageOf(error)}`,
        setting.origin,
      );
    }
  }

  private folderOf(name: string): string | undefined {
    return this.found.find((one) => one.name === name)?.folder;
  }

  private createPlugin(found: Found): Plugin {
    this.refresh(found);
    const plugin = new Plugin(found.name, {
      plan: () => this.plan(found),
      refresh: () => this.refresh(found),
      workerUrl: this.options.workerUrl ?? new URL("./worker/worker_main.ts", import.meta.url),
      limits: { ...PHASE_LIMITS_MS, ...this.options.limits },
      logger: this.options.logger,
      restarts: found.manifest.kind !== "aof",
      restartDelayMs: this.options.restartDelayMs,
    });
    if (this.isEmbedded(found)) plugin.state = "embedded";
    return plugin;
  }

  /** Reads again what is on disk and will run in the plugin's worker. Throws PluginError. */
  private refresh(found: Found): void {
    for (const one of [found, ...this.codecsFor(found)]) {
      if (one.folder === undefined) continue;
      one.manifest = readManifest(one.folder);
      checkImports(one.name, one.folder, join(one.folder, one.manifest.entry));
    }
  }

  /** Settles, with the configuration as it is now, what the plugin is and may do. Throws PluginError. */
  private plan(found: Found): PluginPlan {
    const { manifest, folder } = found;
    const setting = this.setting(found);
    const options = this.optionsOf(found, setting);
    const permissions = resolveGrants({
      manifest,
      grants: setting.grants ?? SHIPPED[found.name]?.grants ?? {},
      variables: (name) => optionVariable(options, name) ?? this.variable(name),
      folder,
      process: this.options.process ?? processPermission,
    });
    const codecs = this.codecsFor(found);
    for (const codec of codecs) {
      if (codec.folder === undefined || permissions.read === true) continue;
      permissions.read = [...(permissions.read || []), codec.folder];
    }
    return {
      manifest,
      source: sourceOf(found),
      tier: tierOf(found, setting),
      options,
      permissions,
      codecs: codecs.map((codec) => ({
        name: codec.name,
        source: sourceOf(codec),
        options: this.optionsOf(codec, this.setting(codec)),
      })),
    };
  }

  private variable(name: string): string | undefined {
    return VARIABLES.includes(name) ? this.options.variables(name) : undefined;
  }

  /** The plugin's options, with config values for `${name}` in texts. */
  private optionsOf({ manifest }: Found, setting: PluginSetting): Record<string, OptionValue> {
    const options = resolveOptions(manifest, setting.options);
    for (const [name, value] of Object.entries(options)) {
      if (typeof value !== "string") continue;
      const where = `option "${name}" of plugin ${manifest.name}`;
      options[name] = putVariables(value, (variable) => this.variable(variable), where, manifest.name);
    }
    return options;
  }

  /** The codecs that a snapshot plugin compresses strings with, in its own worker. */
  private codecsFor(found: Found): Found[] {
    return found.manifest.kind === "snapshot" ? this.found.filter((one) => this.isEmbedded(one)) : [];
  }

  /** Block codecs are called for each string, so they run where the encoder runs, with the permissions it has there. */
  private isEmbedded({ manifest, folder, name }: Found): boolean {
    if (manifest.kind !== "codec" || manifest.provides.block === undefined) return false;
    return folder === undefined || settingFor(this.settings, name, folder).embed;
  }

  private setting(found: Found): PluginSetting {
    return settingFor(this.settings, found.name, found.folder);
  }

  /** A setting by name must be about a plugin that there is. */
  private checkNamedSettings(): void {
    for (const { name, origin } of this.settings.plugins) {
      if (name === undefined || this.found.some((one) => one.name === name)) continue;
      const known = this.found.map((one) => one.name).join(", ");
      throw new PluginError("PLUGIN_UNKNOWN", `there is no plugin "${name}"; loaded are: ${known}`, origin);
    }
  }

  private checkChoices(): void {
    for (const kind of Object.keys(this.settings.chosen) as PluginKind[]) {
      this.require(this.settings.chosen[kind]!.name, kind);
    }
  }
}

/** Reads and checks the manifest of the plugin in a folder. Throws PluginError. */
export function readManifest(folder: string): Manifest {
  const file = join(folder, "plugin.yaml");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new PluginError("PLUGIN_MANIFEST_MISSING", `cannot read the manifest: ${messageOf(error)}`, {
      file,
      cause: error,
    });
  }
  return parseManifest(text, file);
}

function sourceOf({ name, folder, manifest }: Found): ModuleSource {
  if (folder === undefined) return { shipped: name };
  return { url: pathToFileURL(join(folder, manifest.entry)).href };
}

function tierOf(found: Found, setting: PluginSetting): Tier {
  const runsOnLoop = found.manifest.kind === "aof" && found.manifest.provides.runs === "loop";
  if (!setting.trusted && !runsOnLoop) return "isolated";
  if (found.folder === undefined) return "trusted";
  const refused = setting.trusted ? "be trusted" : "run on the loop";
  throw new PluginError(
    "PLUGIN_TRUST_REFUSED",
    `plugin ${found.name} in ${found.folder} cannot ${refused}: the trusted tier is for plugins inside the executable ` +
      `(${Object.keys(SHIPPED).join(", ")})`,
    { plugin: found.name, ...setting.origin },
  );
}

function optionVariable(options: Record<string, OptionValue>, name: string): string | undefined {
  if (!name.startsWith("option.")) return undefined;
  const value = options[name.slice("option.".length)];
  return value === undefined ? undefined : String(value);
}
