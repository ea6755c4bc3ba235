import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../bytes/ascii.ts";
import type { CommandSpec } from "../commands/command.ts";
import { CommandTable, FLAG_FAST, FLAG_WRITE } from "./command_table.ts";

function spec(name: string, more: Partial<CommandSpec> = {}): CommandSpec {
  return {
    name,
    arity: -1,
    flags: ["write", "fast"],
    categories: ["string"],
    keySpecs: [],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "A test.",
    handler: () => {},
    ...more,
  };
}

function find(table: CommandTable, name: string): string | undefined {
  // In the middle of other bytes, as in an input buffer.
  const bytes = latin1Bytes(`xx${name}yy`);
  return table.find(bytes, 2, 2 + name.length)?.fullName;
}

Deno.test("every name is found in any case, and nothing else is", () => {
  const letters = fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz-:"),
    minLength: 1,
    maxLength: 12,
  });
  const other = fc.string({ unit: "binary-ascii", maxLength: 12 });
  fc.assert(
    fc.property(
      fc.uniqueArray(letters, { minLength: 1, maxLength: 80 }),
      fc.array(other),
      (names, others) => {
        const table = new CommandTable();
        table.register(names.map((name) => spec(name)));
        for (const name of names) {
          assert.equal(find(table, name), name);
          assert.equal(find(table, name.toUpperCase()), name);
        }
        for (const name of others) {
          assert.equal(find(table, name), names.find((each) => each === name.toLowerCase()));
        }
      },
    ),
  );
});

Deno.test("bytes that differ from a letter only in the bit of its case are not that letter", () => {
  const table = new CommandTable();
  table.register([spec("a{z"), spec("get")]);
  assert.equal(find(table, "A{Z"), "a{z");
  assert.equal(find(table, "A[Z"), undefined);
  assert.equal(find(table, "GE\x14"), undefined);
  assert.equal(find(table, "get\xe9"), undefined);
  assert.equal(find(table, ""), undefined);
});

Deno.test("containers: subcommands by both names, HELP is added, a name cannot be taken twice", () => {
  const table = new CommandTable();
  table.register([
    spec("box", { handler: undefined, subcommands: [spec("open", { categories: ["connection"] })] }),
  ]);
  assert.equal(table.byName("BOX|Open")?.fullName, "box|open");
  assert.equal(table.byName("box|shut"), null);
  assert.equal(table.byName("get|x"), null);
  assert.deepEqual([...table.everything()].map((each) => each.fullName), ["box", "box|open", "box|help"]);
  assert.deepEqual(table.byName("box|help")!.categories, ["slow", "connection"]);
  assert.throws(() => table.register([spec("BOX")]), /'box' is registered twice/);
});

Deno.test("flags become bits, and categories follow from them in Valkey's order", () => {
  const table = new CommandTable();
  table.register([
    spec("a"),
    spec("b", { flags: ["readonly", "admin", "blocking"], categories: ["keyspace"] }),
  ]);
  assert.equal(table.byName("a")!.flags, FLAG_WRITE | FLAG_FAST);
  assert.deepEqual(table.byName("a")!.categories, ["write", "string", "fast"]);
  assert.deepEqual(table.byName("b")!.categories, [
    "keyspace",
    "read",
    "admin",
    "slow",
    "blocking",
    "dangerous",
  ]);
});

Deno.test("commands are renamed and taken away, one rename after the other", () => {
  const rename = (from: string, to: string) => ({ from, to, origin: { file: "a.conf", line: 1, text: "" } });
  const table = new CommandTable();
  table.register(["get", "set", "del"].map((name) => spec(name)), [
    rename("get", "fetch"),
    rename("set", "get"),
    rename("del", ""),
  ]);
  assert.deepEqual(["get", "fetch", "set", "del"].map((name) => find(table, name)), [
    "set",
    "get",
    undefined,
    undefined,
  ]);
  const register = (...renames: ReturnType<typeof rename>[]) => () =>
    new CommandTable().register([spec("get"), spec("set")], renames);
  assert.throws(register(rename("nosuch", "x")), { reason: "No such command in rename-command" });
  assert.throws(register(rename("get", ""), rename("get", "x")), {
    reason: "No such command in rename-command",
  });
  assert.throws(register(rename("get", "set")), { reason: "Target command name already exists" });
});
