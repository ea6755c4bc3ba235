import assert from "node:assert/strict";
import type { EntrySource } from "../../sdk/types.ts";
import { parseDatabases, SomeDatabases } from "./main.ts";

Deno.test("database numbers are read, anything else is refused", () => {
  assert.equal(parseDatabases("all"), undefined);
  assert.deepEqual(parseDatabases("0, 3"), new Set([0, 3]));
  for (const text of ["", "x", "1,,2", "-1", "1.5"]) {
    assert.throws(() => parseDatabases(text), /accepted: all/);
  }
});

Deno.test("entries of other databases are released, not passed on", () => {
  const databases = [0, 1, 2, 1, 0];
  const released: number[] = [];
  let at = -1;
  const source: EntrySource = {
    next: () => ++at < databases.length,
    get database() {
      return databases[at];
    },
    get ref() {
      return at + 100;
    },
    release: () => void released.push(at),
  };
  const some = new SomeDatabases(source, new Set([1]));
  const refs: number[] = [];
  while (some.next()) {
    refs.push(some.ref);
    some.release();
  }
  assert.deepEqual(refs, [101, 103]);
  assert.deepEqual(released, [0, 1, 2, 3, 4]);
});
