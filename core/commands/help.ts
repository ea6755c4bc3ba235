// The HELP subcommand that every container command has, made from its table.
import type { CommandSpec } from "./command.ts";
import type { CommandClient } from "./command_client.ts";

/** The container with a `help` subcommand added, whose reply lists the others' help lines. */
export function withHelp(container: CommandSpec): CommandSpec {
  const subcommands = container.subcommands ?? [];
  if (subcommands.some((sub) => sub.name === "help")) return container;
  const name = container.name.toUpperCase();
  const help: CommandSpec = {
    name: "help",
    arity: 2,
    flags: ["loading", "stale"],
    categories: subcommands[0]?.categories ?? [],
    keySpecs: [],
    since: container.helpSince ?? "5.0.0",
    group: container.group,
    complexity: "O(1)",
    summary: `Lists the subcommands of ${name}.`,
    handler: (client) => replyHelp(client, container.name, helpOfSubcommands(subcommands)),
  };
  return { ...container, subcommands: [...subcommands, help] };
}

function helpOfSubcommands(subcommands: readonly CommandSpec[]): string[] {
  return subcommands.flatMap((sub) => sub.help ?? [sub.name.toUpperCase(), `    ${sub.summary}`]);
}

/** The HELP reply of a command: a heading, the given lines, and HELP itself. */
export function replyHelp(client: CommandClient, name: string, lines: readonly string[]): void {
  const { reply } = client;
  reply.array(lines.length + 3);
  reply.simple(`${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Print this help.");
}
