// The plugins inside the executable, in one table: manifest, code and what they are granted unless the configuration
// says otherwise. The one place of core that names plugins. The imports are literal, so that every bundler and
// `deno compile` takes the modules along; a worker may import them whatever its permissions are.
import aofInline from "../../plugins/aof-inline/plugin.yaml" with { type: "text" };
import aofOffload from "../../plugins/aof-offload/plugin.yaml" with { type: "text" };
import codecLzf from "../../plugins/codec-lzf/plugin.yaml" with { type: "text" };
import forkEmulated from "../../plugins/fork-emulated/plugin.yaml" with { type: "text" };
import threadsave from "../../plugins/threadsave/plugin.yaml" with { type: "text" };
import type { Grants } from "./plugin_settings.ts";

export interface ShippedPlugin {
  /** Text of plugin.yaml. */
  manifest: string;
  load(): Promise<{ default?: unknown }>;
  /** Default grants: the least that the plugin works with. */
  grants: Grants;
}

export const SHIPPED: Readonly<Record<string, ShippedPlugin>> = {
  "threadsave": {
    manifest: threadsave,
    load: () => import("../../plugins/threadsave/main.ts"),
    grants: { write: ["${dir}"] },
  },
  "fork-emulated": {
    manifest: forkEmulated,
    load: () => import("../../plugins/fork-emulated/main.ts"),
    grants: { write: ["${dir}"] },
  },
  "aof-offload": {
    manifest: aofOffload,
    load: () => import("../../plugins/aof-offload/main.ts"),
    grants: { write: ["${dir}/${appenddirname}"] },
  },
  "aof-inline": {
    manifest: aofInline,
    load: () => import("../../plugins/aof-inline/main.ts"),
    grants: { write: ["${dir}/${appenddirname}"] },
  },
  "codec-lzf": {
    manifest: codecLzf,
    load: () => import("../../plugins/codec-lzf/main.ts"),
    grants: {},
  },
};
