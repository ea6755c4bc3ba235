import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

Deno.test("a full run stores its results, a partial one only when told", () => {
  assert.equal(parseOptions([]).save, true);
  assert.equal(parseOptions([]).repeats, 5);
  const partial = parseOptions(["--", "--only", "set, get", "--repeats", "2"]);
  assert.deepEqual([partial.only, partial.repeats, partial.save], [["set", "get"], 2, false]);
  assert.equal(parseOptions(["--only", "set", "--save"]).save, true);
  assert.equal(parseOptions(["--scale", "10"]).save, false);
});

Deno.test("bad options are refused", () => {
  assert.throws(() => parseOptions(["--repeats", "0"]), /--repeats takes a number above 0, not 0/);
  assert.throws(() => parseOptions(["--candidate", "other"]), /spork or redis-server/);
  assert.throws(() => parseOptions(["--save", "--scale", "10"]), /--save stores full sizes/);
  assert.throws(() => parseOptions(["--onyl", "set"]), /Unknown option/);
});
