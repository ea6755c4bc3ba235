import assert from "node:assert/strict";
import { BadValue, isRefused } from "./option.ts";
import { findOption, namedOptions, nearestName, suggestedNames } from "./option_lookup.ts";
import { optionByName, optionNames, valueKey } from "./option_table.ts";
import { splitWords } from "../../bytes/quoted_words.ts";

Deno.test("every option's default is accepted, and reads back from what CONFIG GET prints", () => {
  for (const name of optionNames) {
    if (name === "dir") continue;
    const option = optionByName(name);
    const printed = option.format(option.default);
    const words = option.multiple ? printed.split(" ").filter((word) => word !== "") : [printed];
    const read = option.parse(words, "set", option.default);
    assert.ok(!(read instanceof BadValue), name);
    assert.deepEqual(read, option.default, name);
    assert.ok(!isRefused(option, option.default), `${name} refuses its own default`);
  }
});

Deno.test("what CONFIG REWRITE writes of a default reads back as the default", () => {
  for (const name of optionNames) {
    if (name === "dir") continue;
    const option = optionByName(name);
    let value = option.default;
    for (const [i, line] of option.rewrite(option.default).entries()) {
      value = option.parse(splitWords(line.text)!, i === 0 ? "first line" : "later line", value);
    }
    assert.deepEqual(value, option.default, name);
  }
});

Deno.test("an option that is not live says so honestly: refused values have a reason, docs are one sentence or two", () => {
  for (const name of optionNames) {
    const option = optionByName(name);
    assert.ok(option.doc.endsWith(".") || option.doc.endsWith(")."), name);
    assert.ok(!option.doc.includes("\n") && !option.doc.includes("|"), name);
    if (option.refuse !== undefined) {
      assert.ok(option.refuse.because.length > 15, name);
      assert.notEqual(option.effect, "live", `${name} is refused and live`);
    }
    if (option.needsHook) assert.equal(option.effect, "live", name);
  }
});

Deno.test("names are lower case, unique, and found in any case", () => {
  const seen = new Set<string>();
  for (const { given, name } of namedOptions) {
    assert.match(given, /^[a-z0-9_-]+$/);
    assert.ok(!seen.has(given), given);
    seen.add(given);
    assert.equal(findOption(given.toUpperCase())?.name, name);
  }
  assert.equal(findOption("nosuch"), undefined);
  assert.equal(findOption("constructor"), undefined);
});

Deno.test("values are found under the name in camel case", () => {
  assert.equal(valueKey("maxmemory-policy"), "maxmemoryPolicy");
  assert.equal(valueKey("hz"), "hz");
  assert.equal(valueKey("cluster-announce-client-ipv4"), "clusterAnnounceClientIpv4");
});

Deno.test("a misspelled name has a nearest one; a far one has none", () => {
  const names = suggestedNames();
  assert.equal(nearestName("maxmemoy", names), "maxmemory");
  assert.equal(nearestName("mxamemory", names), "maxmemory");
  assert.equal(nearestName("APPENDOLNY", names), "appendonly");
  assert.equal(nearestName("snapshot-stratgy", names), "snapshot-strategy");
  assert.equal(nearestName("prt", names), "port");
  assert.equal(nearestName("qqqqqqqqqq", names), undefined);
  assert.equal(nearestName("", names), undefined);
});
