import assert from "node:assert/strict";
import fc from "fast-check";
import { quote, splitWords } from "./quoted_words.ts";

const cases: [line: string, words: string[] | undefined][] = [
  ["", []],
  ["  a\tb \r", ["a", "b"]],
  [`save ""`, ["save", ""]],
  [`a "b c" 'd e'`, ["a", "b c", "d e"]],
  [String.raw`"\x41\n\r\t\b\a\q\""`, ['A\n\r\t\b\x07q"']],
  [String.raw`'\x41\n\'\"'`, [String.raw`\x41\n'\"`]],
  [String.raw`"\xZZ\x4"`, ["xZZx4"]],
  [String.raw`"\xc3\xa9" é`, ["é", "é"]],
  [`foo"bar"`, ["foobar"]],
  [`foo'bar'`, ["foobar"]],
  [`a#b #c`, ["a#b", "#c"]],
  ["a\0b", ["a"]],
  [`"a"b`, undefined],
  [`'a'b`, undefined],
  [`"a`, undefined],
  [`'a`, undefined],
  [`"a\\"`, undefined],
  [String.raw`"\xff"`, undefined],
];

for (const [line, words] of cases) {
  Deno.test(`words of ${JSON.stringify(line)}`, () => assert.deepEqual(splitWords(line), words));
}

Deno.test("quoting escapes everything but printable ASCII", () => {
  assert.equal(quote('a "b" \\ \n\r\t\b\x07\x00\x7fé'), String.raw`"a \"b\" \\ \n\r\t\b\a\x00\x7f\xc3\xa9"`);
});

Deno.test("quoted words split to themselves", () => {
  const word = fc.string({ unit: "grapheme", maxLength: 40 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      assert.deepEqual(splitWords(words.map(quote).join(" ")), words.map((each) => each.toWellFormed()));
    }),
    { numRuns: 500 },
  );
});

Deno.test("splitting any text ends, and gives words that quoting gives back", () => {
  const character = fc.constantFrom(..."ab \t\"'\\xn0f\n\0é");
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 30 }), (line) => {
      const words = splitWords(line);
      if (words !== undefined) assert.deepEqual(splitWords(words.map(quote).join(" ")), words);
    }),
    { numRuns: 1000 },
  );
});
