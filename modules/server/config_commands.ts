// CONFIG: reading and changing options of the running server, and writing them back to the configuration file.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { redactArguments } from "../../core/commands/redact.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

const FIRST = 2;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function get(client: CommandClient, args: Arguments): void {
  const patterns: string[] = [];
  for (let i = FIRST; i < args.count; i++) patterns.push(args.text(i));
  const found = client.server.config.get(patterns);
  client.reply.map(found.length);
  for (const [name, value] of found) {
    client.reply.bulkText(name);
    client.reply.bulkText(value);
  }
}

/** To set one of them may take as long as the disk does. */
const LOG_OPTIONS = new Set(["appendonly", "appendfsync", "aof-strategy", "aof-error-policy"]);

function set(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  if (args.count % 2 !== 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const pairs: [string, string][] = [];
  let mistake: string | null = null;
  for (let i = FIRST; i < args.count; i += 2) {
    const name = args.text(i);
    const value = textOf(args, i + 1);
    if (value === null) {
      mistake ??=
        `ERR CONFIG SET failed (possibly related to argument '${name}') - argument must be UTF-8 text`;
    } else pairs.push([name, value]);
  }
  redactSecrets(client, args);
  mistake ??= server.config.set(pairs, { local: client.isLocal, loading: server.loading !== null });
  if (mistake !== null) reply.error(mistake);
  else if (server.aof.settling === null || !client.mayBlock || !pairs.some(isOfLog)) reply.ok();
  else replyWhenSettled(client, server.aof.settling);
}

function isOfLog([name]: [string, string]): boolean {
  return LOG_OPTIONS.has(name.toLowerCase());
}

/** Until the log has done what was set, no answer: its promises of before are kept first. */
function replyWhenSettled(client: CommandClient, settling: Promise<void>): void {
  let isGone = false;
  client.block({ reason: "log", cancelled: () => isGone = true });
  void settling.then(() => {
    if (isGone) return;
    client.reply.ok();
    client.server.waitEnded(client, { failed: false });
    client.unblock({ again: false });
  });
}

function rewrite(client: CommandClient, _args: Arguments): void {
  const { config, log } = client.server;
  const mistake = config.rewrite();
  if (mistake === null) {
    log.notice("CONFIG REWRITE executed with success.");
    client.reply.ok();
    return;
  }
  if (config.file !== "") log.warning(`CONFIG REWRITE failed: ${mistake}`);
  client.reply.error(mistake);
}

function resetstat(client: CommandClient, _args: Arguments): void {
  client.server.resetStats();
  client.reply.ok();
}

/** What follows sees the command without its secrets: slow log, MONITOR. */
function redactSecrets(client: CommandClient, args: Arguments): void {
  const secrets: number[] = [];
  for (let i = FIRST; i + 1 < args.count; i += 2) {
    if (client.server.config.isSecret(args.text(i))) secrets.push(i + 1);
  }
  redactArguments(args, secrets);
}

function textOf(args: Arguments, index: number): string | null {
  try {
    return decoder.decode(args.bytes(index));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

const shared = {
  flags: ["admin", "noscript", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  group: "server",
};

export const configCommands: CommandSpec[] = [
  {
    name: "config",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "2.0.0",
    group: "server",
    complexity: "Depends on the subcommand.",
    summary: "Reads, changes and saves the server's configuration.",
    subcommands: [
      {
        ...shared,
        name: "get",
        arity: -3,
        since: "2.0.0",
        complexity: "O(N) for N options.",
        summary: "Returns the values of options.",
        history: [["7.0.0", "Takes several names and patterns."]],
        arguments: [{ name: "parameter", type: "string", multiple: true }],
        help: [
          "GET <pattern>",
          "    Return parameters matching the glob-like <pattern> and their values.",
        ],
        handler: get,
      },
      {
        ...shared,
        name: "set",
        arity: -4,
        since: "2.0.0",
        complexity: "O(N) for N options.",
        summary: "Changes options of the running server, all or none.",
        history: [["7.0.0", "Takes several options."]],
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: [{
          name: "data",
          type: "block",
          multiple: true,
          arguments: [{ name: "parameter", type: "string" }, { name: "value", type: "string" }],
        }],
        help: ["SET <directive> <value>", "    Set the configuration <directive> to <value>."],
        handler: set,
      },
      {
        ...shared,
        name: "resetstat",
        arity: 2,
        since: "2.0.0",
        complexity: "O(1)",
        summary: "Sets the counters that INFO reports back to zero.",
        help: ["RESETSTAT", "    Reset statistics reported by the INFO command."],
        handler: resetstat,
      },
      {
        ...shared,
        name: "rewrite",
        arity: 2,
        since: "2.8.0",
        complexity: "O(N) for N options.",
        summary: "Writes the running configuration to its file.",
        help: ["REWRITE", "    Rewrite the configuration file."],
        handler: rewrite,
      },
    ],
  },
];
