// The HELP subcommand that every container command has, made from its table.
import type { CommandSpec } from "./command.ts";

/** The container with a `help` subcommand added, whose reply lists the others' help lines. */
export function withHelp(container: CommandSpec): CommandSpec {
  const subcommands = container.subcommands ?? [];
  if (subcommands.some((sub) => sub.name === "help")) return container;
  const name = container.name.toUpperCase();
  const help: CommandSpec = {
    name: "help",
    arity: 2,
    flags: ["loading", "stale"],
    categories: container.group === "connection" ? ["connection"] : [],
    keySpecs: [],
    since: "5.0.0",
    group: container.group,
    complexity: "O(1)",
    summary: `Lists the subcommands of ${name}.`,
    handler: (client) => {
      const lines = helpLines(container);
      client.reply.array(lines.length);
      for (const line of lines) client.reply.simple(line);
    },
  };
  return { ...container, subcommands: [...subcommands, help] };
}

function helpLines(container: CommandSpec): string[] {
  const name = container.name.toUpperCase();
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const sub of container.subcommands ?? []) {
    if (sub.help !== undefined) lines.push(...sub.help);
    else lines.push(sub.name.toUpperCase(), `    ${sub.summary}`);
  }
  lines.push("HELP", "    Print this help.");
  return lines;
}
