// PLUGIN: which plugins there are, what each may do, and how each is doing. Read-only: plugins are configured at start.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import type { ReplyWriter } from "../../core/protocol/reply_writer.ts";

function list(client: CommandClient, _args: Arguments): void {
  const { reply, server } = client;
  const plugins = server.plugins.list();
  reply.array(plugins.length);
  for (const plugin of plugins) {
    const { name, version, kind, tier, state } = server.plugins.info(plugin.name)!;
    writeTexts(reply, { name, version, kind, tier, state });
  }
}

function info(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const shown = server.plugins.info(args.text(2));
  if (shown === undefined) {
    reply.error("ERR No such plugin");
    return;
  }
  const fields = Object.entries(shown);
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(snakeCase(name));
    if (typeof value === "number") reply.integer(value);
    else if (typeof value === "string") reply.bulkText(value);
    else if (!Array.isArray(value)) writeTexts(reply, value);
    else {
      reply.array(value.length);
      for (const item of value) {
        if (typeof item === "string") reply.bulkText(item);
        else writeTexts(reply, item);
      }
    }
  }
}

function writeTexts(reply: ReplyWriter, texts: Record<string, string>): void {
  const entries = Object.entries(texts);
  reply.map(entries.length);
  for (const [name, text] of entries) {
    reply.bulkText(name);
    reply.bulkText(text);
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const shared = {
  flags: ["admin", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  since: "1.0.0",
  group: "server",
};

export const pluginCommands: CommandSpec[] = [
  {
    name: "plugin",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "Depends on the subcommand.",
    summary: "Shows the server's plugins.",
    subcommands: [
      {
        ...shared,
        name: "list",
        arity: 2,
        complexity: "O(N) for N plugins.",
        summary: "Lists all plugins with version, kind, tier and state.",
        tips: ["nondeterministic_output"],
        help: ["LIST", "    Return name, version, kind, tier and state of each plugin."],
        handler: list,
      },
      {
        ...shared,
        name: "info",
        arity: 3,
        complexity: "O(1)",
        summary: "Returns what a plugin asks for, was granted, and has done.",
        tips: ["nondeterministic_output"],
        arguments: [{ name: "name", type: "string" }],
        help: [
          "INFO <name>",
          "    Return everything about one plugin: permissions asked for and granted, options,",
          "    state, queue depth, bytes, errors and restarts.",
        ],
        handler: info,
      },
    ],
  },
];
