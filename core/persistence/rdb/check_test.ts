import assert from "node:assert/strict";
import { checkRdbFile } from "./check.ts";
import { RdbBuilder } from "./rdb_builder.ts";

const fixtures = new URL("../../../tests/fixtures/rdb/", import.meta.url).pathname;

function check(path: string): { code: number; lines: string[] } {
  const lines: string[] = [];
  return { code: checkRdbFile(path, (line) => lines.push(line)), lines };
}

async function checkBytes(bytes: Uint8Array): Promise<{ code: number; lines: string[] }> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return check(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a sound file: its fields, databases, counts and checksum; code 0", async () => {
  const { code, lines } = await checkBytes(
    new RdbBuilder(11).raw(0xfa).string("redis-ver").string("7.2.4").raw(0xfe, 0).raw(0).string("a").string(
      "1",
    )
      .raw(0xfc).little(1000n, 8).raw(0).string("old").string("1").raw(0xfe, 9).raw(1).string("l").length(1)
      .string("x")
      .raw(0xfc).little(9_000_000_000_000n, 8).raw(4).string("h").length(1).string("f").string("v").end(),
  );
  assert.equal(code, 0);
  assert.match(lines[0], /^\[offset 0\] Checking RDB file /);
  assert.deepEqual(lines.slice(1), [
    "[offset 26] AUX FIELD redis-ver = '7.2.4'",
    "[offset 28] Selecting DB ID 0",
    "[offset 51] Selecting DB ID 9",
    "[offset 83] Checksum OK",
    "[offset 83] \\o/ RDB looks OK! \\o/",
    "[info] RDB version 11",
    "[info] 4 keys read",
    "[info] 2 expires",
    "[info] 1 already expired",
    "[info] 2 of type 0 (string)",
    "[info] 1 of type 1 (list)",
    "[info] 1 of type 4 (hash)",
  ]);
});

Deno.test("real dumps of every old version pass", () => {
  for (
    const [file, keys] of [["encodings.rdb", 13], ["hash-zipmap.rdb", 1], ["list-quicklist.rdb", 2]] as const
  ) {
    const { code, lines } = check(fixtures + file);
    assert.equal(code, 0, file);
    assert.ok(lines.includes(`[info] ${keys} keys read`), lines.join("\n"));
  }
});

Deno.test("a damaged file: offset, reason, key and what was read so far; code 1", async () => {
  const { code, lines } = check(`${fixtures}corrupt_ziplist.rdb`);
  assert.equal(code, 1);
  const at = lines.indexOf("--- RDB ERROR DETECTED ---");
  assert.deepEqual(lines.slice(at + 1, at + 5), [
    '[offset 488] Hash ziplist integrity check failed: a ziplist of 5 bytes is too short, in key "key:000000000091" (hash, ziplist) of database 0',
    "[additional info] RDB_BAD_VALUE",
    "[info] RDB version 7",
    "[info] 15 keys read",
  ]);
  const wrong = new RdbBuilder(11).raw(0xfe, 0, 0).string("k").string("v").end();
  wrong[13] ^= 1;
  const damaged = await checkBytes(wrong);
  assert.equal(damaged.code, 1);
  assert.match(damaged.lines[3], /^\[offset 17\] CRC error: the checksum stored is not the one computed/);
  const cut = await checkBytes(wrong.subarray(0, 12));
  assert.match(cut.lines.join("\n"), /\[offset 12\] the input ends while reading a key/);
  assert.match(
    (await checkBytes(new Uint8Array(0))).lines.join("\n"),
    /\[offset 0\] the input ends while reading the header/,
  );
});

Deno.test("versions of others are checked as far as they are understood", async () => {
  const foreign = await checkBytes(new RdbBuilder(12).raw(0xfe, 0, 0).string("k").string("v").end());
  assert.equal(foreign.code, 0);
  assert.ok(
    foreign.lines.includes("[info] loading this version requires config 'rdb-version-check relaxed'"),
  );
  assert.equal((await checkBytes(new RdbBuilder(12).raw(24).string("k").end())).code, 1);
});

Deno.test("a file that cannot be read is no crash", async () => {
  const missing = check("/nonexistent/dump.rdb");
  assert.equal(missing.code, 1);
  assert.match(missing.lines[0], /^Cannot open file \/nonexistent\/dump\.rdb: /);
  const directory = await Deno.makeTempDir();
  assert.deepEqual(check(directory), { code: 1, lines: [`Cannot check ${directory}: it is a directory`] });
  await Deno.remove(directory);
});
