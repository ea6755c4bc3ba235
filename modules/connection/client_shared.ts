// What the subcommands of CLIENT have in common.
import type { CommandSpec } from "../../core/commands/command.ts";

export const shared = {
  flags: ["noscript", "loading", "stale"] as CommandSpec["flags"],
  categories: ["connection"] as CommandSpec["categories"],
  keySpecs: [],
  group: "connection",
  complexity: "O(1)",
};

/** Of those that reach beyond the client's own connection. */
export const adminFlags = ["admin", "noscript", "loading", "stale"] as CommandSpec["flags"];
