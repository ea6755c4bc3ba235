import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "./ascii.ts";
import { isMatchAll, matchGlob, matchGlobIgnoringCase } from "./glob.ts";

function matches(pattern: string, text: string): boolean {
  const p = latin1Bytes(`<${pattern}>`);
  const t = latin1Bytes(`*${text}*`);
  return matchGlob(p, 1, p.length - 1, t, 1, t.length - 1);
}

function matchesFolded(pattern: string, text: string): boolean {
  const p = latin1Bytes(pattern);
  const t = latin1Bytes(text);
  return matchGlobIgnoringCase(p, 0, p.length, t, 0, t.length);
}

Deno.test("the documented forms", () => {
  const cases: [string, string, boolean][] = [
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h*llo", "heeeello", true],
    ["h*llo", "hllo", true],
    ["h[ae]llo", "hello", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hallo", true],
    ["h[^e]llo", "hello", false],
    ["h[a-b]llo", "hbllo", true],
    ["h[b-a]llo", "hallo", true],
    ["h\\?llo", "h?llo", true],
    ["h\\?llo", "hello", false],
    ["a*b*c", "aXbYc", true],
    ["a*b*c", "aXbY", false],
    ["a**", "a", true],
    ["*", "anything", true],
    ["", "", true],
    ["", "a", false],
    ["*", "", false],
    ["a", "", false],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(matches(pattern, text), expected, `${pattern} ~ ${text}`);
  }
});

Deno.test("unfinished and odd brackets", () => {
  const cases: [string, string, boolean][] = [
    ["[", "a", false],
    ["[^", "a", true],
    ["[a", "a", true],
    ["[a-", "-", true],
    ["[a-", "a", true],
    ["[a-c", "b", true],
    ["[]", "]", false],
    ["[^]", "x", true],
    ["[]a]", "a]", false],
    ["[\\]]", "]", true],
    ["[\\", "\\", true],
    ["a\\", "a\\", true],
    ["[a-\\]]", "\\]", true],
    ["[\xf0-a]", "\xff", true],
    ["[a-\xff]", "z", false],
    ["[a-\xff]", "\xff", true],
    ["[a-\xff]", "A", true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(matches(pattern, text), expected, `${pattern} ~ ${text}`);
  }
});

Deno.test("ignoring case folds literals, sets and ranges, but not an escape in a set", () => {
  const cases: [string, string, boolean][] = [
    ["MAXmemory*", "maxMEMORY-policy", true],
    ["[A-C]x", "bX", true],
    ["[q]", "Q", true],
    ["[\\q]", "Q", false],
    ["\\q", "Q", true],
    ["[Z-a]", "m", false],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(matchesFolded(pattern, text), expected, `${pattern} ~ ${text}`);
  }
  assert.equal(matches("ABC", "abc"), false);
});

Deno.test("patterns of many stars finish at once", () => {
  assert.equal(matches("a*".repeat(60) + "b", "a".repeat(5000)), false);
  assert.equal(matches("*?".repeat(500) + "x", "a".repeat(20_000)), false);
});

Deno.test("nesting beyond the limit matches nothing", () => {
  assert.equal(matches("*a".repeat(900), "a".repeat(900)), true);
  assert.equal(matches("*a".repeat(1100), "a".repeat(1100)), false);
});

Deno.test("isMatchAll knows only the single star", () => {
  const bytes = latin1Bytes("**a");
  assert.equal(isMatchAll(bytes, 0, 1), true);
  assert.equal(isMatchAll(bytes, 0, 2), false);
  assert.equal(isMatchAll(bytes, 2, 3), false);
});

Deno.test("patterns of stars, marks and letters agree with a regular expression", () => {
  const pattern = fc.array(fc.constantFrom("*", "?", "a", "b", "[ab]", "[^a]", "\\*"), { maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "*"), minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (parts, subject) => {
      const source = parts.map((part) => part === "*" ? ".*" : part === "?" ? "." : part).join("");
      assert.equal(matches(parts.join(""), subject), new RegExp(`^${source}$`, "s").test(subject));
    }),
    { numRuns: 3000 },
  );
});
