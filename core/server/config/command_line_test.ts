import assert from "node:assert/strict";
import { readCommandLine } from "./command_line.ts";

/** What a command line sets, as words. */
function settings(...words: string[]): string[][] {
  return readCommandLine(words).lines.map((line) => [line.name, ...line.words]);
}

const cases: [words: string[], settings: string[][]][] = [
  [[], []],
  [["--port", "7000"], [["port", "7000"]]],
  [["--port", "7000", "--hz", "20"], [["port", "7000"], ["hz", "20"]]],
  [["--port 7000", "--hz", "20"], [["port", "7000"], ["hz", "20"]]],
  [["--save", "60", "1", "300", "2"], [["save", "60", "1", "300", "2"]]],
  [["--save", "60 1"], [["save", "60 1"]]],
  [["--save", ""], [["save", ""]]],
  [["--save", "--hz", "20"], [["save", ""], ["hz", "20"]]],
  [["--hz", "20", "--save"], [["hz", "20"], ["save", ""]]],
  [["--requirepass", "--secret"], [["requirepass", "--secret"]]],
  [["--requirepass", "--secret", "--hz", "5"], [["requirepass", "--secret"], ["hz", "5"]]],
  [["--bind", "127.0.0.1", "-::1"], [["bind", "127.0.0.1", "-::1"]]],
  [["--port=7000"], [["port=7000"]]],
  [["--logfile", 'with "quotes" and \\n'], [["logfile", 'with "quotes" and \\n']]],
  [['--logfile "a b"'], [["logfile", "a b"]]],
  [["--foo"], [["foo"]]],
  [["a.conf", "loglevel", "verbose", "--hz 5"], [["loglevel", "verbose"], ["hz", "5"]]],
];

for (const [words, expected] of cases) {
  Deno.test(`command line ${words.join(" ")}`, () => assert.deepEqual(settings(...words), expected));
}

Deno.test("the first word is the file unless it begins with a dash; a last dash is the standard input", () => {
  assert.equal(readCommandLine(["a.conf", "--port", "1"]).file, "a.conf");
  assert.equal(readCommandLine(["--port", "1"]).file, undefined);
  assert.equal(readCommandLine(["a.conf", "-"]).fromStandardInput, true);
  assert.equal(readCommandLine(["--port", "1", "-"]).fromStandardInput, true);
  assert.equal(readCommandLine(["-"]).fromStandardInput, true);
  assert.equal(readCommandLine(["--logfile", "-", "--port", "1"]).fromStandardInput, false);
});

Deno.test("a word that belongs to nothing is an error that says how to write it", () => {
  assert.throws(() => readCommandLine(["a.conf", "b.conf"]), {
    code: "CONFIG_SYNTAX",
    reason: "Bad directive or wrong number of arguments",
    advice: '"b.conf" is no option; write options as --name value, and the file\'s name first',
  });
  assert.throws(() => readCommandLine(['--port "1']), { code: "CONFIG_SYNTAX" });
});

Deno.test("a secret is not repeated in what errors show of the line", () => {
  assert.equal(readCommandLine(["--requirepass", "secret"]).lines[0].origin.text, "--requirepass (hidden)");
});
