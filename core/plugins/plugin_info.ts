// What PLUGIN LIST and PLUGIN INFO show of a plugin, as plain data.
import { permissionText } from "./grants.ts";
import { PERMISSION_NAMES, type PluginKind, USED_KINDS } from "./manifest.ts";
import type { Plugin, PluginState, Tier } from "./plugin.ts";

export interface PluginInfo {
  name: string;
  version: string;
  kind: PluginKind;
  tier: Tier;
  state: PluginState;
  summary: string;
  /** Range of plugin interface versions that the manifest accepts. */
  api: string;
  /** `executable`, or the URL of the entry module on disk. */
  source: string;
  /** What makes use of it now. */
  usedFor: string;
  declares: string[];
  provides: Record<string, string>;
  options: Record<string, string>;
  asks: { permission: string; values: string; reason: string }[];
  /** Permissions that its worker has. In the trusted tier those of the program. */
  grants: string;
  /** Seconds since 1970; 0 = not running. */
  startedAt: number;
  /** Bytes that wait for the plugin. */
  queueDepth: number;
  /** More about what it does, by kind: how a sink gets the stream and what it has missed. */
  details: Record<string, string>;
  jobs: number;
  /** Bytes written by its jobs, the current one included. */
  bytes: number;
  errors: number;
  restarts: number;
  lastError: string;
}

export function pluginInfo(plugin: Plugin): PluginInfo {
  const { manifest, source, tier, options, permissions } = plugin.plan;
  const { counters } = plugin;
  return {
    name: plugin.name,
    version: manifest.version,
    kind: manifest.kind,
    tier,
    state: plugin.state,
    summary: manifest.summary,
    api: manifest.api,
    source: "url" in source ? source.url : "executable",
    usedFor: usedFor(plugin),
    declares: manifest.declares,
    provides: manifest.provides,
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
    asks: PERMISSION_NAMES.flatMap((permission) => {
      const ask = manifest.permissions[permission];
      if (ask === undefined) return [];
      return [{ permission, values: ask.allow === "all" ? "all" : ask.allow.join(" "), reason: ask.reason }];
    }),
    grants: tier === "trusted" ? "those of the program" : permissionText(permissions),
    startedAt: Math.floor(counters.startedAt / 1000),
    queueDepth: plugin.queueDepth(),
    details: plugin.details(),
    jobs: counters.jobs,
    bytes: plugin.bytes,
    errors: counters.errors,
    restarts: counters.restarts,
    lastError: counters.lastError,
  };
}

function usedFor(plugin: Plugin): string {
  const { kind } = plugin.plan.manifest;
  if (!USED_KINDS.includes(kind)) return `nothing: this version uses no plugins of kind ${kind}`;
  if (kind === "snapshot") return "background saves";
  if (kind === "aof") return "the append-only log";
  if (kind === "sink") return "the stream of changes";
  return plugin.state === "embedded"
    ? "strings of snapshots, in the workers of snapshot plugins"
    : "byte streams";
}
