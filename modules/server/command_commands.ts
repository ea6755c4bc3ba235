// COMMAND and its subcommands: the command table as clients see it.
import { matchGlobIgnoringCase } from "../../core/bytes/glob.ts";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import type { ArgumentDoc, CommandSpec, KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { extractKeys, legacyRange } from "../../core/commands/key_extraction.ts";
import type { RegisteredCommand } from "../../core/commands/server_services.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import type { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

function command(client: CommandClient, _args: Arguments): void {
  const all = client.server.commands.all();
  client.reply.array(all.length);
  for (const each of all) writeInfo(client.reply, each);
}

function count(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.server.commands.all().length);
}

function info(client: CommandClient, args: Arguments): void {
  if (args.count === 2) {
    command(client, args);
    return;
  }
  client.reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const found = client.server.commands.byName(args.latin1(i));
    if (found === null) client.reply.null();
    else writeInfo(client.reply, found);
  }
}

function writeInfo(reply: ReplyWriter, command: RegisteredCommand): void {
  const { spec } = command;
  const { first, last, step } = legacyRange(spec);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(spec.arity);
  const flags = printedFlags(spec);
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  const categories = command.categories;
  reply.set(categories.length);
  for (const category of categories) reply.simple(`@${category}`);
  const tips = spec.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(spec.keySpecs.length);
  for (const keySpec of spec.keySpecs) writeKeySpec(reply, keySpec);
  if (command.subcommands === null) {
    reply.set(0);
    return;
  }
  const subcommands = command.subcommands.all();
  reply.array(subcommands.length);
  for (const sub of subcommands) writeInfo(reply, sub);
}

function printedFlags(spec: CommandSpec): string[] {
  return spec.flags.filter((flag) => flag !== "protected");
}

function writeKeySpec(reply: ReplyWriter, keySpec: KeySpec): void {
  reply.map(3);
  reply.bulkText("flags");
  reply.set(keySpec.flags.length);
  for (const flag of keySpec.flags) reply.simple(flag);
  const { begin, find } = keySpec;
  reply.bulkText("begin_search");
  if ("index" in begin) writeTyped(reply, "index", [["index", begin.index]]);
  else if ("keyword" in begin) {
    writeTyped(reply, "keyword", [["keyword", begin.keyword], ["startfrom", begin.startFrom]]);
  } else writeTyped(reply, "unknown", []);
  reply.bulkText("find_keys");
  if ("lastKey" in find) {
    writeTyped(reply, "range", [["lastkey", find.lastKey], ["keystep", find.step], ["limit", find.limit]]);
  } else if ("keyNumIndex" in find) {
    writeTyped(reply, "keynum", [
      ["keynumidx", find.keyNumIndex],
      ["firstkey", find.firstKey],
      ["keystep", find.step],
    ]);
  } else writeTyped(reply, "unknown", []);
}

function writeTyped(reply: ReplyWriter, type: string, fields: [string, string | number][]): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

function docs(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let chosen: RegisteredCommand[] = [...server.commands.all()];
  if (args.count > 2) {
    chosen = [];
    for (let i = 2; i < args.count; i++) {
      const found = server.commands.byName(args.latin1(i));
      if (found !== null) chosen.push(found);
    }
  }
  reply.map(chosen.length);
  for (const each of chosen) writeDocs(reply, each);
}

function writeDocs(reply: ReplyWriter, command: RegisteredCommand): void {
  const { spec } = command;
  reply.bulkText(command.fullName);
  const mark = reply.beginArray();
  let fields = 4;
  textField(reply, "summary", spec.summary);
  textField(reply, "since", spec.since);
  textField(reply, "group", spec.group);
  textField(reply, "complexity", spec.complexity);
  const docFlags: string[] = [...spec.docFlags ?? []];
  if (spec.deprecated !== undefined) docFlags.push("deprecated");
  if (docFlags.length > 0) {
    reply.bulkText("doc_flags");
    reply.set(docFlags.length);
    for (const flag of docFlags) reply.simple(flag);
    fields++;
  }
  if (spec.deprecated !== undefined) {
    textField(reply, "deprecated_since", spec.deprecated.since);
    textField(reply, "replaced_by", spec.deprecated.replacedBy);
    fields += 2;
  }
  if (spec.history !== undefined && spec.history.length > 0) {
    reply.bulkText("history");
    reply.set(spec.history.length);
    for (const [version, change] of spec.history) {
      reply.array(2);
      reply.bulkText(version);
      reply.bulkText(change);
    }
    fields++;
  }
  if (spec.arguments !== undefined && spec.arguments.length > 0) {
    reply.bulkText("arguments");
    writeArguments(reply, spec.arguments);
    fields++;
  }
  if (command.subcommands !== null) {
    const subcommands = command.subcommands.all();
    reply.bulkText("subcommands");
    reply.map(subcommands.length);
    for (const sub of subcommands) writeDocs(reply, sub);
    fields++;
  }
  reply.endMap(mark, fields);
}

function writeArguments(reply: ReplyWriter, list: readonly ArgumentDoc[]): void {
  reply.array(list.length);
  for (const each of list) {
    const mark = reply.beginArray();
    let fields = 2;
    textField(reply, "name", each.name);
    textField(reply, "type", each.type);
    if (each.arguments === undefined) {
      textField(reply, "display_text", each.name);
      fields++;
    }
    if (each.keySpecIndex !== undefined) {
      reply.bulkText("key_spec_index");
      reply.integer(each.keySpecIndex);
      fields++;
    }
    if (each.token !== undefined) {
      textField(reply, "token", each.token);
      fields++;
    }
    if (each.since !== undefined) {
      textField(reply, "since", each.since);
      fields++;
    }
    const flags: string[] = [];
    if (each.optional) flags.push("optional");
    if (each.multiple) flags.push("multiple");
    if (each.multipleToken) flags.push("multiple_token");
    if (flags.length > 0) {
      reply.bulkText("flags");
      reply.set(flags.length);
      for (const flag of flags) reply.simple(flag);
      fields++;
    }
    if (each.arguments !== undefined) {
      reply.bulkText("arguments");
      writeArguments(reply, each.arguments);
      fields++;
    }
    reply.endMap(mark, fields);
  }
}

function textField(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}

function list(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let keeps: (command: RegisteredCommand) => boolean = () => true;
  if (args.count > 2) {
    if (args.count !== 5 || !args.is(2, "filterby")) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const value = args.latin1(4);
    if (args.is(3, "module")) keeps = () => false;
    else if (args.is(3, "aclcat")) {
      const wanted = value.toLowerCase();
      keeps = (each) => each.categories.some((category) => category === wanted);
    } else if (args.is(3, "pattern")) {
      const pattern = latin1Bytes(value);
      keeps = (each) => {
        const name = latin1Bytes(each.fullName);
        return matchGlobIgnoringCase(pattern, 0, pattern.length, name, 0, name.length);
      };
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const names: string[] = [];
  for (const each of server.commands.everything()) if (keeps(each)) names.push(each.fullName);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function getkeys(client: CommandClient, args: Arguments): void {
  const found = keysOf(client, args);
  if (found === null) return;
  client.reply.array(found.length);
  for (const { start, end } of found) client.reply.bulk(args.buffer, start, end);
}

function getkeysandflags(client: CommandClient, args: Arguments): void {
  const found = keysOf(client, args);
  if (found === null) return;
  client.reply.array(found.length);
  for (const { start, end, flags } of found) {
    client.reply.array(2);
    client.reply.bulk(args.buffer, start, end);
    client.reply.set(flags.length);
    for (const flag of flags) client.reply.simple(flag);
  }
}

/** The keys of the command that begins at argument 2, or null after an error reply. */
function keysOf(
  client: CommandClient,
  args: Arguments,
): { start: number; end: number; flags: readonly string[] }[] | null {
  const { reply, server } = client;
  const inner = {
    buffer: args.buffer,
    count: args.count - 2,
    starts: args.starts.subarray(2, args.count),
    ends: args.ends.subarray(2, args.count),
  };
  let found = server.commands.find(inner.buffer, inner.starts[0], inner.ends[0]);
  if (found !== null && found.subcommands !== null && inner.count > 1) {
    found = found.subcommands.find(inner.buffer, inner.starts[1], inner.ends[1]);
  }
  if (found === null) {
    reply.error("ERR Invalid command specified");
    return null;
  }
  if (found.spec.keySpecs.length === 0) {
    reply.error("ERR The command has no key arguments");
    return null;
  }
  const arity = found.spec.arity;
  if (arity > 0 ? inner.count !== arity : inner.count < -arity) {
    reply.error("ERR Invalid number of arguments specified for command");
    return null;
  }
  const keys = extractKeys(found.spec, inner);
  if (keys === null) {
    reply.error("ERR Invalid arguments specified for command");
    return null;
  }
  return keys.map(({ index, flags }) => ({ start: inner.starts[index], end: inner.ends[index], flags }));
}

const shared = {
  flags: ["loading", "stale"] as CommandSpec["flags"],
  categories: ["connection"] as CommandSpec["categories"],
  keySpecs: [],
  group: "server",
};

export const commandCommands: CommandSpec[] = [
  {
    ...shared,
    name: "command",
    arity: -1,
    since: "2.8.13",
    complexity: "O(N) for N commands.",
    summary: "Describes all commands.",
    tips: ["nondeterministic_output_order"],
    handler: command,
    subcommands: [
      {
        ...shared,
        name: "count",
        arity: 2,
        since: "2.8.13",
        complexity: "O(1)",
        summary: "Counts the commands.",
        help: ["COUNT", "    Return the total number of commands in this server."],
        handler: count,
      },
      {
        ...shared,
        name: "docs",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) for N commands.",
        summary: "Documents commands: all, or those named.",
        tips: ["nondeterministic_output_order"],
        arguments: [{ name: "command-name", type: "string", optional: true, multiple: true }],
        help: ["DOCS [<command-name> ...]", "    Return documentation details about multiple commands."],
        handler: docs,
      },
      {
        ...shared,
        name: "getkeys",
        arity: -3,
        since: "2.8.13",
        complexity: "O(N) for N arguments.",
        summary: "Picks the keys out of a full command.",
        arguments: [
          { name: "command", type: "string" },
          { name: "arg", type: "string", optional: true, multiple: true },
        ],
        help: ["GETKEYS <full-command>", "    Return the keys from a full command."],
        handler: getkeys,
      },
      {
        ...shared,
        name: "getkeysandflags",
        arity: -3,
        since: "7.0.0",
        complexity: "O(N) for N arguments.",
        summary: "Picks the keys out of a full command, with how it accesses each.",
        arguments: [
          { name: "command", type: "string" },
          { name: "arg", type: "string", optional: true, multiple: true },
        ],
        help: [
          "GETKEYSANDFLAGS <full-command>",
          "    Return the keys and the access flags from a full command.",
        ],
        handler: getkeysandflags,
      },
      {
        ...shared,
        name: "info",
        arity: -2,
        since: "2.8.13",
        complexity: "O(N) for N commands.",
        summary: "Describes commands: all, or those named.",
        history: [["7.0.0", "Without a name, all commands are described."]],
        tips: ["nondeterministic_output_order"],
        arguments: [{ name: "command-name", type: "string", optional: true, multiple: true }],
        help: ["INFO [<command-name> ...]", "    Return details about multiple commands."],
        handler: info,
      },
      {
        ...shared,
        name: "list",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) for N commands.",
        summary: "Lists the names of all commands, or of those that pass a filter.",
        tips: ["nondeterministic_output_order"],
        arguments: [{
          name: "filterby",
          type: "oneof",
          token: "FILTERBY",
          optional: true,
          arguments: [
            { name: "module-name", type: "string", token: "MODULE" },
            { name: "category", type: "string", token: "ACLCAT" },
            { name: "pattern", type: "pattern", token: "PATTERN" },
          ],
        }],
        help: [
          "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
          "    Return the names of all commands, or of those that pass the filter.",
        ],
        handler: list,
      },
    ],
  },
];
