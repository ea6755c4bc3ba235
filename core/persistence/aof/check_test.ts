import assert from "node:assert/strict";
import { concatBytes } from "../../bytes/concat.ts";
import { latin1Bytes, latin1Text } from "../../bytes/ascii.ts";
import { RdbBuilder } from "../rdb/rdb_builder.ts";
import { checkAof } from "./check.ts";

const ping = "*1\r\n$4\r\nPING\r\n"; // 14 bytes, 3 lines

/** A directory of files for a check, and what it said. Names in lines come without the directory. */
class Rig implements Disposable {
  readonly directory = Deno.makeTempDirSync();
  answer = "y\n";

  file(name: string, content: string | Uint8Array): string {
    Deno.writeFileSync(
      `${this.directory}/${name}`,
      typeof content === "string" ? latin1Bytes(content) : content,
    );
    return `${this.directory}/${name}`;
  }

  content(name: string): string {
    const bytes = Deno.readFileSync(`${this.directory}/${name}`);
    return latin1Text(bytes, 0, bytes.length);
  }

  check(...words: string[]): { code: number; lines: string[] } {
    const lines: string[] = [];
    const strip = (line: string) => line.replaceAll(`${this.directory}/`, "");
    const code = checkAof(words, {
      print: (line) => lines.push(strip(line)),
      ask: (question) => {
        lines.push(question);
        return this.answer;
      },
    });
    return { code, lines };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("a sound file, an empty one, and one with an RDB part", () => {
  using rig = new Rig();
  assert.deepEqual(rig.check(rig.file("a.aof", ping)), {
    code: 0,
    lines: [
      "Start checking Old-Style AOF",
      "AOF analyzed: filename=a.aof, size=14, ok_up_to=14, ok_up_to_line=4, diff=0",
      "AOF a.aof is valid",
    ],
  });
  assert.deepEqual(rig.check(rig.file("e.aof", "")), {
    code: 0,
    lines: ["Start checking Old-Style AOF", "AOF e.aof is empty"],
  });
  const rdb = new RdbBuilder(11).raw(0xfe, 0, 0).string("k").string("v").end();
  const { code, lines } = rig.check(rig.file("p.aof", concatBytes([rdb, latin1Bytes(ping)])));
  assert.equal(code, 0);
  assert.ok(lines.includes("RDB preamble is OK, proceeding with AOF tail..."), lines.join("\n"));
  const size = rdb.length + 14;
  assert.ok(
    lines.includes(`AOF analyzed: filename=p.aof, size=${size}, ok_up_to=${size}, ok_up_to_line=4, diff=0`),
  );
  const broken = rig.check(rig.file("b.aof", rdb.subarray(0, 14)));
  assert.equal(broken.code, 1);
  assert.equal(broken.lines.at(-1), "RDB preamble of AOF file is not sane, aborting.");
});

Deno.test("--fix cuts behind the last whole command, when the user says yes", () => {
  using rig = new Rig();
  const path = rig.file("t.aof", `${ping}*1\r\n$5\r\nMULTI\r\n${ping}*1\r\n$4\r\nEX`);
  const plain = rig.check(path);
  assert.deepEqual(plain, {
    code: 1,
    lines: [
      "Start checking Old-Style AOF",
      "0x              33: Expected to read 6 bytes, got 2 bytes",
      "AOF analyzed: filename=t.aof, size=53, ok_up_to=14, ok_up_to_line=12, diff=39",
      "AOF t.aof is not valid. Use the --fix option to try fixing it.",
    ],
  });
  rig.answer = "no\n";
  assert.deepEqual([rig.check("--fix", path).code, rig.content("t.aof").length], [1, 53]);
  rig.answer = "";
  assert.deepEqual([rig.check("--fix", path).code, rig.content("t.aof").length], [1, 53]);
  rig.answer = "Y\n";
  const fixed = rig.check("--fix", path);
  assert.deepEqual(fixed.lines.slice(3), [
    "This will shrink the AOF t.aof from 53 bytes, with 39 bytes, to 14 bytes",
    "Continue? [y/N]: ",
    "Successfully truncated AOF t.aof",
  ]);
  assert.equal(fixed.code, 0);
  assert.equal(rig.content("t.aof"), ping);
  assert.equal(rig.check("--fix", path).lines.at(-1), "AOF t.aof is valid");
});

Deno.test("--truncate-to-timestamp cuts before the first later annotation, never within a transaction", () => {
  using rig = new Rig();
  const content =
    `#TS:10\r\n${ping}#TS:20\r\n${ping}*1\r\n$5\r\nMULTI\r\n#TS:30\r\n${ping}*1\r\n$4\r\nEXEC\r\n`;
  const to = (seconds: string) => {
    const { code, lines } = rig.check("--truncate-to-timestamp", seconds, rig.file("t.aof", content));
    return [code, lines.at(-1), rig.content("t.aof").length];
  };
  assert.deepEqual(to("9"), [1, "AOF t.aof has nothing before timestamp 9, aborting...", content.length]);
  assert.deepEqual(to("10"), [0, "Successfully truncated AOF t.aof to timestamp 10", 22]);
  assert.deepEqual(to("20"), [0, "Successfully truncated AOF t.aof to timestamp 20", 44]);
  assert.deepEqual(to("30"), [0, "AOF t.aof is valid", content.length]);
  assert.deepEqual(to("1x"), [1, "Invalid timestamp, aborting...", content.length]);
  const bad = rig.check("--truncate-to-timestamp", "5", rig.file("b.aof", `${ping}#TS:x\r\n`));
  assert.deepEqual([bad.code, bad.lines.at(-1)], [1, "Invalid timestamp annotation"]);
});

Deno.test("a log with a manifest: all of its files, and only the last may be cut", () => {
  using rig = new Rig();
  rig.file("log.1.base.aof", ping);
  rig.file("log.1.incr.aof", `#TS:5\r\n${ping}#TS:9\r\n${ping}`);
  rig.file("log.2.incr.aof", "");
  const manifest = rig.file(
    "log.manifest",
    "# a comment\nfile log.1.base.aof seq 1 type b\nfile gone.aof seq 1 type h\n" +
      "file log.1.incr.aof seq 1 type i\nfile log.2.incr.aof seq 2 type i\n",
  );
  assert.deepEqual(rig.check(manifest), {
    code: 0,
    lines: [
      "Start checking Multi Part AOF",
      "Start to check BASE AOF (RESP format).",
      "AOF analyzed: filename=log.1.base.aof, size=14, ok_up_to=14, ok_up_to_line=4, diff=0",
      "BASE AOF log.1.base.aof is valid",
      "Start to check INCR files.",
      "AOF analyzed: filename=log.1.incr.aof, size=42, ok_up_to=42, ok_up_to_line=7, diff=0",
      "INCR AOF log.1.incr.aof is valid",
      "INCR AOF log.2.incr.aof is empty",
      "All AOF files and manifest are valid",
    ],
  });
  const stamped = rig.check("--truncate-to-timestamp", "5", manifest);
  assert.equal(stamped.code, 1);
  assert.match(stamped.lines.at(-2)!, /to timestamp 5 to offset 21 because it is not the last file\.$/);
  rig.file("log.1.incr.aof", `${ping}*1`);
  const fixed = rig.check("--fix", manifest);
  assert.deepEqual([fixed.code, fixed.lines.at(-1)], [
    1,
    "Failed to truncate AOF log.1.incr.aof because it is not the last file",
  ]);
  assert.equal(rig.content("log.1.incr.aof").length, 16);
});

Deno.test("what cannot be checked is told: files that are missing, directories, manifests, words", () => {
  using rig = new Rig();
  const last = (...words: string[]) => {
    const { code, lines } = rig.check(...words);
    assert.equal(code, 1);
    return lines.at(-1);
  };
  assert.equal(last(`${rig.directory}/none`), "Cannot open file none: No such file or directory");
  assert.equal(last(rig.directory), `Cannot read file: ${rig.directory}`);
  assert.equal(
    last(rig.file("m", "file none seq 1 type i\n")),
    "Cannot open file none: No such file or directory, aborting...",
  );
  assert.equal(last(rig.file("m", "file x seq 1 type z\n")), "Unknown AOF file type");
  for (const words of [[], ["--bad", "a"], ["a", "b", "c", "d"]]) assert.match(last(...words)!, /^Usage: /);
});
