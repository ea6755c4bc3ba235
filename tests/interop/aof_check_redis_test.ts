// `spork check aof` beside redis-check-aof, over logs that a real redis-server wrote and damage to them: the same lines,
// exit codes and files afterwards. Shown as ignored where redis-server is not installed.
import assert from "node:assert/strict";
import { AofManifest } from "../../core/persistence/aof/manifest.ts";
import { hasRedisServer, pause, RedisServer, SporkServer } from "../harness/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
/** What `spork check rdb` says beyond redis-check-rdb. */
const ADDED = /^\[info\] (?:RDB version \d+|\d+ of type .*)\n/gm;

/** redis-check-aof goes on counting lines from one file of a log to the next; Spork counts those of the file it names. */
const LINE_OF_LATER_FILE = /(INCR files\.\n[^]*?ok_up_to_line=)\d+/;

/** Has a redis-server write a log into `appendonlydir` of the directory. */
async function writeLog(directory: string, args: string[]): Promise<void> {
  await using server = await RedisServer.start({
    args: ["--appendonly", "yes", "--dir", directory, "--aof-timestamp-enabled", "yes", ...args],
  });
  await using client = await server.connect();
  for (let k = 0; k < 50; k++) await client.call("SET", `key ${k}`, "value".repeat(k));
  await client.call("BGREWRITEAOF");
  while (!(await client.call("INFO", "persistence") as string).includes("aof_rewrite_in_progress:0")) {
    await pause(20);
  }
  // A log gets an annotation where the second is another one than at the last.
  await pause(1100);
  await client.call("RPUSH", "list", ...Array.from({ length: 30 }, (_, k) => `\0\r\n${k}`));
  await pause(1100);
  await client.call("MULTI");
  await client.call("INCR", "a");
  await client.call("DEL", "key 1", "key 2");
  await client.call("EXEC");
}

async function runRedisCheck(cwd: string, words: string[]): Promise<{ code: number; output: string }> {
  const child = new Deno.Command("redis-check-aof", { args: words, cwd, stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(encoder.encode("y\n")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout } = await child.output();
  return { code, output: decoder.decode(stdout) };
}

async function compare(directory: string, file: string, options: string[]): Promise<string> {
  const copies = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  try {
    for (const copy of copies) {
      for await (const { name } of Deno.readDir(directory)) {
        await Deno.copyFile(`${directory}/${name}`, `${copy}/${name}`);
      }
    }
    const redis = await runRedisCheck(copies[0], [...options, `${copies[0]}/${file}`]);
    const spork = await SporkServer.run(["check", "aof", ...options, `${copies[1]}/${file}`], {
      input: "y\n",
    });
    const output = spork.stdout.replaceAll(copies[1], copies[0]);
    const comparable = (text: string) => text.replace(ADDED, "").replace(LINE_OF_LATER_FILE, "$1");
    assert.equal(comparable(output), comparable(redis.output), `${options.join(" ")} ${file}`);
    assert.equal(spork.code, redis.code);
    for await (const { name } of Deno.readDir(copies[0])) {
      assert.deepEqual(
        await Deno.readFile(`${copies[1]}/${name}`),
        await Deno.readFile(`${copies[0]}/${name}`),
      );
    }
    return output;
  } finally {
    for (const copy of copies) await Deno.remove(copy, { recursive: true });
  }
}

Deno.test({
  name: "logs that redis-server wrote are checked and cut as redis-check-aof does",
  ignore: !hasRedisServer,
}, async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const preamble of ["yes", "no"]) {
      const log = `${dir}/${preamble}/appendonlydir`;
      await Deno.mkdir(`${dir}/${preamble}`);
      await writeLog(`${dir}/${preamble}`, ["--aof-use-rdb-preamble", preamble]);
      const manifestFile = "appendonly.aof.manifest";
      const bytes = await Deno.readFile(`${log}/${manifestFile}`);
      const manifest = AofManifest.parse(bytes);
      assert.equal(manifest.format(), decoder.decode(bytes));
      assert.equal(manifest.base?.name, `appendonly.aof.2.base.${preamble === "yes" ? "rdb" : "aof"}`);

      const incr = manifest.incrs.at(-1)!.name;
      const whole = await Deno.readFile(`${log}/${incr}`);
      assert.match(await compare(log, manifestFile, []), /All AOF files and manifest are valid\n$/);
      const first = Number(/#TS:(\d+)/.exec(decoder.decode(whole))![1]);
      await compare(log, manifestFile, ["--truncate-to-timestamp", `${first}`]);
      await compare(log, incr, ["--truncate-to-timestamp", `${first - 5}`]);
      await compare(log, manifest.base!.name, []);

      // A single file of old: the base with the commands behind it.
      const single = [...await Deno.readFile(`${log}/${manifest.base!.name}`), ...whole];
      await Deno.writeFile(`${log}/single.aof`, Uint8Array.from(single));
      assert.match(await compare(log, "single.aof", []), /AOF \S+single\.aof is valid\n$/);

      for (const cut of [7, 20, 80]) {
        await Deno.writeFile(`${log}/${incr}`, whole.subarray(0, whole.length - cut));
        await compare(log, manifestFile, []);
        assert.match(await compare(log, manifestFile, ["--fix"]), /Successfully truncated AOF/);
      }
      const garbage = whole.slice();
      garbage.set(encoder.encode("garbage"), 200);
      await Deno.writeFile(`${log}/${incr}`, garbage);
      assert.match(await compare(log, manifestFile, []), /is not valid/);
      await compare(log, incr, ["--fix"]);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
