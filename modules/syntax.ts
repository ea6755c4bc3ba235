// A command's syntax as one line of text, from the arguments that COMMAND DOCS tells: "SET key value [NX|XX] [GET]".
import type { ArgumentDoc, CommandSpec } from "../core/commands/command.ts";

/** What is longer is not written twice. */
const REPEATED_LENGTH_MAX = 40;

/** `parent` is the container of a subcommand. */
export function syntaxOf(spec: CommandSpec, parent?: CommandSpec): string {
  const names = [parent?.name, spec.name].filter((name) => name !== undefined).map((name) =>
    name.toUpperCase()
  );
  return [...names, ...(spec.arguments ?? []).map(syntaxOfArgument)].join(" ");
}

function syntaxOfArgument(argument: ArgumentDoc): string {
  const one = oneOf(argument);
  const token = argument.token !== undefined && argument.type !== "pure-token" ? `${argument.token} ` : "";
  let text = `${token}${one}`;
  if (argument.multiple) {
    const again = argument.multipleToken ? text : one;
    text = again.length > REPEATED_LENGTH_MAX ? `${text} [...]` : `${text} [${again} ...]`;
  }
  if (!argument.optional) return text;
  return text.startsWith("<") && text.endsWith(">") && !argument.multiple
    ? `[${text.slice(1, -1)}]`
    : `[${text}]`;
}

function oneOf(argument: ArgumentDoc): string {
  const parts = (argument.arguments ?? []).map(syntaxOfArgument);
  switch (argument.type) {
    case "pure-token":
      // An empty word has to be written, too.
      return argument.token === "" ? '""' : argument.token ?? argument.name.toUpperCase();
    case "oneof":
      return `<${parts.map((part) => part.replace(/^\[(.*)\]$/, "$1")).join(" | ")}>`;
    case "block":
      return parts.join(" ");
    default:
      return argument.name;
  }
}
