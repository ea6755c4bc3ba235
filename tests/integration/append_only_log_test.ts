// The append-only log of a running server: switched on and off, changed and rewritten while clients write, and what is
// there after a restart. Files and replies are those of Valkey.
import assert from "node:assert/strict";
import { eventually, type ServerProcess, SporkServer } from "../harness/mod.ts";
import { logFiles, persistence, rewriteEnds, saveEnds } from "./saves.ts";

const STRATEGIES = ["aof-offload", "aof-inline"] as const;
const POLICIES = ["always", "everysec", "no"] as const;
const QUIET = ["--auto-aof-rewrite-percentage", "0", "--enable-debug-command", "yes"];
const SLOW = ["CONFIG", "SET", "rdb-key-save-delay", "3000000"];
const FAST = ["CONFIG", "SET", "rdb-key-save-delay", "0"];

function on(...args: string[]): { args: string[] } {
  return { args: ["--appendonly", "yes", ...QUIET, ...args] };
}

/** The manifest: one entry a word, as `1.base.rdb/b`. */
function manifest({ dir }: { dir: string }): string {
  const text = Deno.readTextFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`);
  return text.replace(/file appendonly\.aof\.(\S+) seq \d+ type (\w)\n/g, "$1/$2 ").trim();
}

function contentOf({ dir }: { dir: string }, name: string): string {
  return Deno.readTextFileSync(`${dir}/appendonlydir/appendonly.aof.${name}`).replaceAll("\r\n", " ");
}

function incrOf(server: { dir: string }): string {
  return contentOf(server, /\S+\.incr\.aof/.exec(manifest(server).split(" ").at(-1)!)![0]);
}

async function restarted(server: SporkServer, args: string[]): Promise<SporkServer> {
  await server.terminate();
  return await SporkServer.start({ args, dir: server.dir });
}

/** Several clients that write until they are told to stop. */
function writers(server: ServerProcess, count: number): { stop(): Promise<number> } {
  let isOver = false;
  let writes = 0;
  const all = Array.from({ length: count }, async (_, id) => {
    await using client = await server.connect();
    for (let turn = 0; !isOver; turn++) {
      await client.pipeline([
        ["SET", `s:${id}:${turn % 500}`, `${turn}`.repeat(20)],
        ["RPUSH", `l:${id}`, turn],
        ["HSET", `h:${id}`, `f${turn % 300}`, turn],
        ["INCR", "counter"],
        ["EXPIRE", `s:${id}:${turn % 500}`, 10_000],
      ]);
      writes += 5;
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(all);
      return writes;
    },
  };
}

for (const strategy of STRATEGIES) {
  for (const policy of POLICIES) {
    Deno.test(`${strategy}, ${policy}: what was written is there after a restart`, async () => {
      const options = on("--appendfsync", policy, "--aof-strategy", strategy);
      await using first = await SporkServer.start(options);
      {
        await using client = await first.connect();
        await client.pipeline([["SET", "a", "1"], ["SELECT", 3], ["RPUSH", "l", "x", "y"], ["SELECT", 0]]);
        await client.pipeline([["MULTI"], ["INCR", "a"], ["SET", "b", "2", "PX", 100_000], ["EXEC"]]);
        await client.call("GET", "a");
        assert.equal(manifest(first), "1.base.rdb/b 1.incr.aof/i");
      }
      await using second = await restarted(first, options.args);
      await using client = await second.connect();
      assert.deepEqual(await client.pipeline([["GET", "a"], ["GET", "b"], ["DBSIZE"]]), ["2", "2", 2]);
      await client.call("SELECT", 3);
      assert.deepEqual(await client.call("LRANGE", "l", 0, -1), ["x", "y"]);
      await client.call("SET", "c", "3");
      assert.equal(manifest(second), "1.base.rdb/b 1.incr.aof/i", "it goes on in the same file");
      assert.match(second.log, /Opening AOF incr file appendonly\.aof\.1\.incr\.aof on server start/);
      assert.match(first.log, /Calling fsync\(\) on the AOF file\./);
    });
  }
}

for (const strategy of STRATEGIES) {
  Deno.test(`${strategy}: rewrites under load leave a log that makes the same dataset`, async () => {
    const options = on("--aof-strategy", strategy, "--appendfsync", "everysec");
    await using first = await SporkServer.start(options);
    await using client = await first.connect();
    const load = writers(first, 4);
    for (let round = 1; round <= 3; round++) {
      await eventually(async () => Number(await client.call("GET", "counter")) > round * 400);
      assert.equal(await client.call("BGREWRITEAOF"), "Background append only file rewriting started");
      const fields = await rewriteEnds(client);
      assert.equal(fields.aof_last_bgrewrite_status, "ok");
      assert.equal(fields.aof_rewrites, `${round}`);
    }
    await load.stop();
    assert.equal(manifest(first), "4.base.rdb/b 4.incr.aof/i");
    await eventually(() => logFiles(first).length === 3, { what: "history is removed" });
    const digest = await client.call("DEBUG", "DIGEST");
    await using second = await restarted(first, options.args);
    await using again = await second.connect();
    assert.equal(await again.call("DEBUG", "DIGEST"), digest);
  });

  Deno.test(`${strategy}: switched on, changed and switched off under load, nothing is lost`, async () => {
    const args = [
      "--appendfsync",
      "always",
      "--aof-strategy",
      strategy,
      ...QUIET,
    ];
    await using first = await SporkServer.start({ args });
    await using client = await first.connect();
    const set = (...words: string[]) => client.call("CONFIG", "SET", ...words);
    const load = writers(first, 3);
    await eventually(async () => Number(await client.call("GET", "counter")) > 50);
    await set("appendonly", "yes");
    await rewriteEnds(client);
    assert.equal(manifest(first), "1.base.rdb/b 1.incr.aof/i");
    for (
      const [name, value] of [
        ["aof-strategy", "aof-inline"],
        ["appendfsync", "no"],
        ["aof-strategy", "aof-offload"],
        ["appendfsync", "always"],
        ["bio-aof-offload-enabled", "no"],
        ["appendfsync", "everysec"],
        ["bio-aof-offload-enabled", "yes"],
      ]
    ) {
      assert.equal(await set(name, value), "OK");
      const before = Number(await client.call("GET", "counter"));
      await eventually(async () => Number(await client.call("GET", "counter")) > before + 10);
    }
    await load.stop();
    const digest = await client.call("DEBUG", "DIGEST");
    assert.equal(await set("appendonly", "no"), "OK");
    assert.equal((await persistence(client)).aof_enabled, "0");
    await client.call("SET", "lost", "1");
    await using second = await restarted(first, [...args, "--appendonly", "yes"]);
    await using again = await second.connect();
    assert.equal(await again.call("DEBUG", "DIGEST"), digest);
    assert.equal(await again.call("EXISTS", "lost"), 0);
  });
}

Deno.test("the log in AOF format: base of commands, the times of the commands in between", async () => {
  const options = on(
    "--aof-use-rdb-preamble",
    "no",
    "--aof-timestamp-enabled",
    "yes",
    "--appendfsync",
    "always",
  );
  await using server = await SporkServer.start(options);
  await using client = await server.connect();
  assert.equal(manifest(server), "1.base.aof/b 1.incr.aof/i");
  const begun = Math.floor(Date.now() / 1000);
  await client.call("SET", "a", "1");
  const found = /^#TS:(\d+) \*2 \$6 SELECT \$1 0 \*3 \$3 SET \$1 a \$1 1 $/.exec(
    contentOf(server, "1.incr.aof"),
  );
  assert.ok(found !== null && Math.abs(Number(found[1]) - begun) <= 1, contentOf(server, "1.incr.aof"));
  await client.call("BGREWRITEAOF");
  await rewriteEnds(client);
  assert.equal(manifest(server), "2.base.aof/b 2.incr.aof/i");
  assert.match(contentOf(server, "2.base.aof"), /SET \$1 a \$1 1 $/);
  const digest = await client.call("DEBUG", "DIGEST");
  await using second = await restarted(server, options.args);
  await using again = await second.connect();
  assert.equal(await again.call("DEBUG", "DIGEST"), digest);
});

Deno.test("the log grows by so many percent: it is rewritten by itself", async () => {
  await using server = await SporkServer.start(on());
  await using client = await server.connect();
  await client.call(
    "CONFIG",
    "SET",
    "auto-aof-rewrite-min-size",
    "10kb",
    "auto-aof-rewrite-percentage",
    "100",
  );
  for (let i = 0; i < 20; i++) await client.call("SET", "key", "x".repeat(1000));
  await server.waitForLog(/Starting automatic rewriting of AOF on \d+% growth/);
  const fields = await eventually(async () => {
    const fields = await persistence(client);
    return fields.aof_rewrites === "1" && fields.aof_rewrite_in_progress === "0" && fields;
  });
  assert.ok(Number(fields.aof_current_size) < 3000, fields.aof_current_size);
  assert.equal(fields.aof_base_size, fields.aof_current_size);
});

Deno.test("saves and rewrites wait for each other; what was asked for twice, or in a transaction, is told", async () => {
  await using server = await SporkServer.start(on());
  await using client = await server.connect();
  await client.pipeline([["SET", "a", "1"], SLOW]);
  assert.match(`${await client.call("BGSAVE")}`, /started/);
  assert.equal(await client.call("BGREWRITEAOF"), "Background append only file rewriting scheduled");
  assert.equal((await persistence(client)).aof_rewrite_scheduled, "1");
  await client.call("BGSAVE", "CANCEL");
  await eventually(async () => (await persistence(client)).aof_rewrite_in_progress === "1");
  assert.equal(
    await client.error("BGREWRITEAOF"),
    "ERR Background append only file rewriting already in progress",
  );
  assert.match(await client.error("BGSAVE"), /^ERR Another child process is active \(AOF\?\)/);
  assert.equal(await client.call("BGSAVE", "SCHEDULE"), "Background saving scheduled");
  await client.call(...FAST);
  await rewriteEnds(client);
  await eventually(async () => Number((await persistence(client)).rdb_saves) > 0);
  await saveEnds(client);
  await client.pipeline([["MULTI"], ["BGREWRITEAOF"]]);
  assert.deepEqual(await client.call("EXEC"), ["Background append only file rewriting scheduled"]);
  await eventually(async () => (await persistence(client)).aof_rewrites === "2");
});

Deno.test("switched on during a save: nothing is logged until the rewrite, and there is no file before it", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await client.pipeline([["SET", "a", "1"], SLOW, ["BGSAVE"], ["CONFIG", "SET", "appendonly", "yes"]]);
  const fields = await persistence(client);
  assert.deepEqual([fields.aof_enabled, fields.aof_rewrite_scheduled], ["1", "1"]);
  assert.throws(() => logFiles(server), Deno.errors.NotFound);
  await client.pipeline([["SET", "b", "2"], FAST]);
  await eventually(async () => (await persistence(client)).aof_rewrites === "1");
  await rewriteEnds(client);
  assert.equal(manifest(server), "1.base.rdb/b 1.incr.aof/i");
  assert.equal(contentOf(server, "1.incr.aof"), "");
});

Deno.test("switched on under always: nothing is acknowledged before the first rewrite has ended", async () => {
  await using server = await SporkServer.start({ args: ["--appendfsync", "always"] });
  await using client = await server.connect();
  await using other = await server.connect();
  await client.pipeline([["SET", "a", "1"], SLOW]);
  assert.equal(await client.call("CONFIG", "SET", "appendonly", "yes"), "OK");
  let isAnswered = false;
  const write = other.call("SET", "b", "2").then((reply) => (isAnswered = true, reply));
  await eventually(async () => (await persistence(client)).held_reply_clients === "1");
  assert.equal(isAnswered, false);
  await client.call(...FAST);
  assert.equal(await write, "OK");
  assert.equal(manifest(server), "1.base.rdb/b 1.incr.aof/i");
  assert.match(contentOf(server, "1.incr.aof"), /SET \$1 b \$1 2 $/);
});

Deno.test("switching off gives a running rewrite up and keeps the files; a rewrite while off makes a base only", async () => {
  await using server = await SporkServer.start(on("--appendfsync", "always"));
  await using client = await server.connect();
  await client.pipeline([["SET", "a", "1"], SLOW, ["BGREWRITEAOF"], ["SET", "b", "2"]]);
  assert.equal(await client.call("CONFIG", "SET", "appendonly", "no"), "OK");
  await server.waitForLog(/Killing running AOF rewrite child/);
  await client.call(...FAST);
  await rewriteEnds(client);
  assert.equal(manifest(server), "1.base.rdb/b 1.incr.aof/i 2.incr.aof/i");
  assert.match(contentOf(server, "2.incr.aof"), /SET \$1 b \$1 2 $/);
  assert.equal((await persistence(client)).aof_last_bgrewrite_status, "ok", "it was withdrawn");
  assert.equal((await persistence(client)).aof_current_size, undefined);
  await client.call("BGREWRITEAOF");
  await rewriteEnds(client);
  assert.equal(manifest(server), "2.base.rdb/b");
  await client.call("CONFIG", "SET", "appendonly", "yes");
  await rewriteEnds(client);
  assert.equal(manifest(server), "3.base.rdb/b 3.incr.aof/i");
});

for (const strategy of ["threadsave", "fork-emulated"]) {
  Deno.test(`FLUSHALL and DEBUG RELOAD while ${strategy} rewrites: the rewrite begins again`, async () => {
    const options = on("--snapshot-strategy", strategy);
    await using server = await SporkServer.start(options);
    await using client = await server.connect();
    await client.pipeline([["SET", "a", "1"], SLOW, ["BGREWRITEAOF"], ["FLUSHALL"], ["SET", "b", "2"], FAST]);
    await eventually(async () => (await persistence(client)).aof_rewrites === "2");
    await rewriteEnds(client);
    // DEBUG RELOAD saves with the same delay.
    await client.pipeline([["CONFIG", "SET", "rdb-key-save-delay", 300_000], ["BGREWRITEAOF"], [
      "DEBUG",
      "RELOAD",
    ]]);
    await client.pipeline([FAST, ["SET", "c", "3"]]);
    await rewriteEnds(client);
    const digest = await client.call("DEBUG", "DIGEST");
    await using second = await restarted(server, options.args);
    await using again = await second.connect();
    assert.equal(await again.call("DEBUG", "DIGEST"), digest);
    assert.equal(await again.call("DBSIZE"), 2);
  });
}

Deno.test("aof-disable-auto-gc keeps history in the manifest and on disk until it is switched off", async () => {
  await using server = await SporkServer.start(on("--aof-disable-auto-gc", "yes"));
  await using client = await server.connect();
  for (let round = 0; round < 2; round++) {
    await client.call("BGREWRITEAOF");
    await rewriteEnds(client);
  }
  assert.equal(
    manifest(server),
    "3.base.rdb/b 2.incr.aof/h 2.base.rdb/h 1.incr.aof/h 1.base.rdb/h 3.incr.aof/i",
  );
  assert.equal(logFiles(server).length, 7);
  await client.call("CONFIG", "SET", "aof-disable-auto-gc", "no");
  assert.equal(manifest(server), "3.base.rdb/b 3.incr.aof/i");
  await eventually(() => logFiles(server).length === 3);
});

Deno.test("the first rewrite of a log that was switched on fails: the log stays on and tries again", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await client.call("SET", "a", "1");
  // Where the directory should be there is a file.
  Deno.writeTextFileSync(`${server.dir}/appendonlydir`, "");
  assert.equal(
    await client.error("CONFIG", "SET", "appendonly", "yes"),
    "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.",
  );
  assert.deepEqual(await client.call("CONFIG", "GET", "appendonly"), ["appendonly", "no"]);
  assert.equal((await persistence(client)).aof_enabled, "0");
  Deno.removeSync(`${server.dir}/appendonlydir`);
  await client.call("CONFIG", "SET", "appendonly", "yes");
  await rewriteEnds(client);
  assert.equal(manifest(server), "1.base.rdb/b 1.incr.aof/i");
  await client.call("SET", "b", "2");
  await eventually(() => /SET \$1 b \$1 2 $/.test(incrOf(server)));
});

Deno.test("SHUTDOWN is refused while the first rewrite of the log runs", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await client.pipeline([["SET", "a", "1"], SLOW, ["CONFIG", "SET", "appendonly", "yes"]]);
  assert.equal(await client.error("SHUTDOWN"), "ERR Errors trying to SHUTDOWN. Check logs.");
  assert.match(server.log, /Writing initial AOF, can't exit\./);
  await client.call(...FAST);
  await rewriteEnds(client);
});

Deno.test("options of the log: names are fixed, the strategy must be there, LATENCY knows its events", async () => {
  await using server = await SporkServer.start(on("--appendfsync", "always"));
  await using client = await server.connect();
  assert.match(await client.error("CONFIG", "SET", "appendfilename", "x"), /can't set immutable config/);
  assert.match(await client.error("CONFIG", "SET", "appenddirname", "x"), /can't set immutable config/);
  assert.match(await client.error("CONFIG", "SET", "aof-strategy", "nosuch"), /there is no plugin "nosuch"/);
  assert.deepEqual(await client.call("CONFIG", "GET", "bio-aof-offload-enabled"), [
    "bio-aof-offload-enabled",
    "yes",
  ]);
  const fields = await persistence(client);
  for (const name of ["current_size", "base_size", "pending_rewrite", "buffer_length", "pending_bio_fsync"]) {
    assert.match(fields[`aof_${name}`], /^\d+$/, name);
  }
  assert.equal(fields.aof_delayed_fsync, "0");
});
