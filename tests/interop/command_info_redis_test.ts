// The command tables against COMMAND INFO and COMMAND DOCS of a real redis-server 7.0: arity, flags, key positions, ACL
// categories, tips and key specifications must be the same wherever both know the command.
import assert from "node:assert/strict";
import type { CommandSpec, KeySpec } from "../../core/commands/command.ts";
import { legacyRange } from "../../core/commands/key_extraction.ts";
import { hashCommands } from "../../modules/hashes/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
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

Deno.test(
  { name: "command tables tell what redis-server's COMMAND INFO tells", ignore: !hasRedisServer },
  async () => {
    await using server = await RedisServer.start();
    await using client = await server.connect();
    await client.call("HELLO", "3");
    const specs = [...stringCommands, ...hashCommands];
    const replies = await client.call("COMMAND", "INFO", ...specs.map((spec) => spec.name)) as Reply[];
    const known = specs.filter((_, index) => replies[index] !== null);
    assert.ok(known.length > 30);
    for (const spec of known) {
      assert.deepEqual(factsOf(spec), factsOfReply(replies[specs.indexOf(spec)] as Reply[]), spec.name);
    }
  },
);

Deno.test({ name: "documentation agrees on group and first version", ignore: !hasRedisServer }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  await client.call("HELLO", "3");
  const specs = [...stringCommands, ...hashCommands];
  const docs = await client.call("COMMAND", "DOCS", ...specs.map((spec) => spec.name)) as Map<Reply, Reply>;
  for (const spec of specs) {
    const theirs = docs.get(spec.name) as Map<Reply, Reply> | undefined;
    if (theirs === undefined) continue;
    assert.equal(spec.since, theirs.get("since"), spec.name);
    assert.equal(spec.group, theirs.get("group"), spec.name);
    assert.notEqual(spec.summary, theirs.get("summary"), `${spec.name}: words of our own`);
  }
});

function factsOf(spec: CommandSpec): CommandFacts {
  const { first, last, step } = legacyRange(spec);
  return {
    arity: spec.arity,
    flags: spec.flags.toSorted(),
    range: [first, last, step],
    categories: [...spec.categories, ...impliedCategories(spec)].map((name) => `@${name}`).toSorted(),
    tips: (spec.tips ?? []).toSorted(),
    keySpecs: spec.keySpecs.map(keySpecFacts),
  };
}

function impliedCategories(spec: CommandSpec): string[] {
  const access = spec.flags.includes("write") ? "write" : "read";
  return [access, spec.flags.includes("fast") ? "fast" : "slow"];
}

function keySpecFacts(keySpec: KeySpec): unknown {
  const { flags, begin, find } = keySpec;
  assert.ok("lastKey" in find);
  return {
    flags: flags.toSorted(),
    begin,
    find: { lastkey: find.lastKey, keystep: find.step, limit: find.limit },
  };
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
