// What a plugin.yaml holds once it was read: the declarations that the host can trust in shape, not yet in promise.
// core/plugins/manifest_parser.ts makes it; host, grants, PLUGIN INFO and the author kit read it.

export const PLUGIN_KINDS = ["snapshot", "aof", "codec", "sink", "commands"] as const;
export type PluginKind = typeof PLUGIN_KINDS[number];

/** Kinds that this version of the server gives work to. The others go through their lifecycle and wait. */
export const USED_KINDS: readonly PluginKind[] = ["snapshot", "codec", "aof", "sink"];

/** In the order in which they are shown. The names are Deno's. */
export const PERMISSION_NAMES = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;
export type PermissionName = typeof PERMISSION_NAMES[number];

/** What a plugin asks for under one permission. */
export interface PermissionAsk {
  /** Paths, hosts, names...; may contain `${name}`. "all" asks for everything of the kind. */
  allow: string[] | "all";
  /** Shown to the operator. */
  reason: string;
}

export type PermissionAsks = Partial<Record<PermissionName, PermissionAsk>>;

export const OPTION_TYPES = ["string", "integer", "number", "boolean", "size"] as const;
export type OptionType = typeof OPTION_TYPES[number];
export type OptionValue = string | number | boolean;

export interface OptionSchema {
  /** `size` is bytes: a number, or a text such as `64kb`. */
  type: OptionType;
  default: OptionValue;
  min?: number;
  max?: number;
  /** The accepted values of a string. */
  enum?: string[];
  doc: string;
}

/** Behaviour that the host may rely on, by kind. */
export const DECLARATIONS: Readonly<Record<PluginKind, readonly string[]>> = {
  snapshot: ["point-in-time", "cancellable"],
  aof: ["durable-before-ack", "group-commit"],
  codec: ["streaming", "deterministic"],
  sink: ["ordered", "deliver-after-durable", "at-least-once", "exactly-once"],
  commands: ["read-only"],
};

export interface Manifest {
  name: string;
  version: string;
  /** Semver range of PLUGIN_API_VERSION. */
  api: string;
  kind: PluginKind;
  /** Path of the module, relative to the manifest. */
  entry: string;
  summary: string;
  permissions: PermissionAsks;
  options: Record<string, OptionSchema>;
  declares: string[];
  /**
   * By kind: snapshot has `entries` (iterator or tables), codec has `stream` and `block` (names of formats), aof has
   * `runs` (loop or worker).
   */
  provides: Record<string, string>;
}
