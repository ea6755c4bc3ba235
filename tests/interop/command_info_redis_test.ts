// The command tables of all modules against COMMAND INFO and COMMAND DOCS of a real redis-server 7.0: arity, flags, key
// positions, ACL categories, tips and key specifications must be the same wherever both know the command.
import assert from "node:assert/strict";
import type { KeySpec } from "../../core/commands/command.ts";
import { legacyRange } from "../../core/commands/key_extraction.ts";
import { type Command, CommandTable } from "../../core/server/command_table.ts";
import { allCommands } from "../../modules/modules.ts";
import { hasRedisServer, RedisServer, type Reply } from "../harness/mod.ts";

/** What COMMAND INFO tells of one command, sets as sorted lists. */
interface CommandFacts {
  arity: number;
  flags: string[];
  range: number[];
  categories: string[];
  tips: string[];
  keySpecs: unknown[];
}

/** redis-server 7.0 has these flags but does not print them. */
const UNPRINTED_FLAGS = ["protected", "may_replicate"];

/** Later versions accept fewer words here, and reply an error of their own, or have more options. */
const ARITY_CHANGED = new Set(["command|getkeys", "command|getkeysandflags", "zrank", "zrevrank"]);

/** Later versions let scripts call these, where they do not wait. */
const FLAGS_CHANGED = new Set(["wait"]);

function everyCommand(): Command[] {
  const table = new CommandTable();
  table.register(allCommands);
  return [...table.everything()];
}

Deno.test(
  { name: "command tables tell what COMMAND INFO tells", ignore: !hasRedisServer },
  async () => {
    await using server = await RedisServer.start();
    await using client = await server.connect();
    await client.call("HELLO", "3");
    const commands = everyCommand();
    const replies = await client.call(
      "COMMAND",
      "INFO",
      ...commands.map(({ fullName }) => fullName),
    ) as Reply[];
    const known = commands.filter((_, index) => replies[index] !== null);
    assert.ok(known.length > 100);
    for (const command of known) {
      const theirs = factsOfReply(replies[commands.indexOf(command)] as Reply[]);
      const ours = factsOf(command);
      // Later versions gave tips to commands that had none.
      ours.tips = ours.tips.filter((tip) => theirs.tips.includes(tip));
      if (FLAGS_CHANGED.has(command.fullName)) {
        ours.flags = theirs.flags;
        ours.categories = ours.categories.filter((name) => theirs.categories.includes(name));
      }
      if (ARITY_CHANGED.has(command.fullName)) ours.arity = theirs.arity;
      assert.deepEqual(ours, theirs, command.fullName);
    }
  },
);

Deno.test({ name: "documentation agrees on group and first version", ignore: !hasRedisServer }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  await client.call("HELLO", "3");
  const docs = await client.call("COMMAND", "DOCS") as Map<Reply, Map<Reply, Reply>>;
  for (const { spec } of everyCommand().filter((command) => command.parent === null)) {
    const theirs = docs.get(spec.name);
    if (theirs === undefined) continue;
    assert.equal(spec.since, theirs.get("since"), spec.name);
    assert.equal(spec.group, theirs.get("group"), spec.name);
    assert.notEqual(spec.summary, theirs.get("summary"), `${spec.name}: words of our own`);
  }
});

function factsOf(command: Command): CommandFacts {
  const { spec } = command;
  const { first, last, step } = legacyRange(spec);
  return {
    arity: spec.arity,
    flags: spec.flags.filter((flag) => !UNPRINTED_FLAGS.includes(flag)).toSorted(),
    range: [first, last, step],
    categories: command.categories.map((name) => `@${name}`).toSorted(),
    tips: (spec.tips ?? []).toSorted(),
    keySpecs: spec.keySpecs.map(keySpecFacts),
  };
}

function keySpecFacts({ flags, begin, find }: KeySpec): unknown {
  return { flags: flags.toSorted(), begin: beginFacts(begin), find: findFacts(find) };
}

function beginFacts(begin: KeySpec["begin"]): unknown {
  if ("unknown" in begin) return {};
  return "keyword" in begin ? { keyword: begin.keyword, startfrom: begin.startFrom } : begin;
}

function findFacts(find: KeySpec["find"]): unknown {
  if ("unknown" in find) return {};
  if ("lastKey" in find) return { lastkey: find.lastKey, keystep: find.step, limit: find.limit };
  return { keynumidx: find.keyNumIndex, firstkey: find.firstKey, keystep: find.step };
}

function factsOfReply(reply: Reply[]): CommandFacts {
  const [, arity, flags, first, last, step, categories, tips, keySpecs] = reply;
  return {
    arity: arity as number,
    flags: words(flags).toSorted(),
    range: [first as number, last as number, step as number],
    categories: words(categories).toSorted(),
    tips: words(tips).toSorted(),
    keySpecs: [...keySpecs as Iterable<Map<Reply, Reply>>].map((spec) => ({
      flags: words(spec.get("flags")!).toSorted(),
      begin: specObject(spec.get("begin_search")!),
      find: specObject(spec.get("find_keys")!),
    })),
  };
}

function specObject(reply: Reply): unknown {
  return Object.fromEntries((reply as Map<Reply, Reply>).get("spec") as Map<string, Reply>);
}

function words(reply: Reply): string[] {
  return [...(reply as Iterable<string>)];
}
