// How the server starts and ends: loading a dump while clients already knock, dumps that cannot be loaded, SHUTDOWN and
// signals, the pid file, what a crash left behind. Exit codes and log lines are those of docs/operations.md.
import assert from "node:assert/strict";
import {
  eventually,
  freePort,
  parseInfo,
  type RespClient,
  type ServerOptions,
  SporkServer,
} from "../harness/mod.ts";

const LOADING = "LOADING Valkey is loading the dataset in memory";
const SAVE_POINT = ["--save", "3600", "100000"];

async function withDirectory(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "spork-start-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Writes a dump of `keys` keys of about 100 bytes with a server of its own. */
async function makeDump(dir: string, keys: number): Promise<Uint8Array> {
  const server = await SporkServer.start({
    dir,
    args: ["--enable-debug-command", "yes", "--rdbcompression", "no"],
  });
  await using client = await server.connect();
  await client.call("DEBUG", "POPULATE", keys, "key", "100");
  await client.call("SAVE");
  await server.terminate();
  return await Deno.readFile(`${dir}/dump.rdb`);
}

/** Starts a server that must end by itself. */
async function failedStart(options: ServerOptions): Promise<{ code: number; log: string }> {
  const server = await SporkServer.spawn(options);
  await eventually(() => !server.isRunning, { what: "the start fails", withinMilliseconds: 20_000 }).catch(
    async (error) => {
      await server.kill();
      throw error;
    },
  );
  const { code } = await server.exited;
  await server.removeDirectory();
  return { code, log: server.log };
}

async function loadingFields(client: RespClient): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", "persistence") as string);
}

Deno.test("while a dump loads, clients are told so, INFO says how far it is, and SHUTDOWN leaves the file alone", async () => {
  await withDirectory(async (dir) => {
    const dump = await makeDump(dir, 20_000);
    const server = await SporkServer.spawn({
      dir,
      args: [...SAVE_POINT, "--enable-debug-command", "yes", "--key-load-delay", "1000"],
    });
    const client = await eventually(() => server.connect(), {
      what: "the door is open",
      everyMilliseconds: 1,
    });
    const [answers, fields] = await eventually(async () => {
      const fields = await loadingFields(client);
      if (fields.loading !== "1" || fields.loading_loaded_bytes === "0") return false;
      const commands = [
        "PING",
        "GET key:1",
        "SET a 1",
        "DBSIZE",
        "SAVE",
        "BGSAVE",
        "FLUSHALL",
        "DEBUG RELOAD",
      ];
      const replies = await client.pipeline(commands.map((line) => line.split(" ")));
      return [replies.map((reply) => reply instanceof Error ? reply.message : reply), fields] as const;
    }, { what: "loading is under way", everyMilliseconds: 1 });
    assert.deepEqual(answers, new Array(8).fill(LOADING));
    assert.equal(fields.loading_total_bytes, `${dump.length}`);
    assert.ok(
      Number(fields.loading_rdb_used_mem) > dump.length,
      `${fields.loading_rdb_used_mem} > ${dump.length}`,
    );
    assert.ok(Math.abs(Number(fields.loading_start_time) - Date.now() / 1000) < 60);
    const share = Number(fields.loading_loaded_bytes) / dump.length;
    assert.ok(share > 0 && share <= 1);
    assert.ok(Math.abs(Number(fields.loading_loaded_perc) - share * 100) < 0.01);
    assert.ok(Number(fields.loading_eta_seconds) >= 0);
    assert.match(await client.call("CLIENT", "LIST") as string, /^id=/);
    assert.deepEqual(await client.call("CONFIG", "GET", "port"), ["port", `${server.port}`]);
    const later = await loadingFields(client);
    assert.ok(
      later.loading === "0" || Number(later.loading_loaded_bytes) >= Number(fields.loading_loaded_bytes),
    );
    // Half of a dataset is not saved over the whole.
    assert.equal(later.loading, "1");
    await client.send("SHUTDOWN SAVE\r\n");
    assert.equal(await client.untilClosed(), "");
    client.close();
    assert.equal((await server.exited).code, 0);
    assert.deepEqual(await Deno.readFile(`${dir}/dump.rdb`), dump);

    await using again = await SporkServer.spawn({ dir, args: ["--key-load-delay", "1000"] });
    const hasty = await eventually(() => again.connect(), { what: "the door is open" });
    await hasty.call("CONFIG", "SET", "key-load-delay", "0");
    hasty.close();
    await again.untilReady();
    const after = await again.info("persistence");
    assert.equal(after.loading, "0");
    assert.equal(after.rdb_last_load_keys_loaded, "20000");
    assert.equal(after.rdb_changes_since_last_save, "0");
    assert.ok(!("loading_total_bytes" in after));
    await again.waitForLog(/Done loading RDB, keys loaded: 20000, keys expired: 0/);
    await again.waitForLog(/DB loaded from disk: \d+\.\d+ seconds/);
  });
});

Deno.test("a dump that cannot be loaded ends the start with status 1, says where and why, and stays as it is", async () => {
  await withDirectory(async (dir) => {
    const dump = await makeDump(dir, 20_000);
    const path = `${dir}/dump.rdb`;
    const flipped = dump.slice();
    flipped[50_000] ^= 0x55;
    const cases: [name: string, bytes: Uint8Array, pattern: RegExp, args?: string[]][] = [
      ["cut off", dump.subarray(0, 40_000), /the input ends .*\(at byte 40000\) \(RDB_TRUNCATED\)/],
      ["empty", new Uint8Array(0), /\(at byte 0\) \(RDB_TRUNCATED\)/],
      [
        "something else",
        new TextEncoder().encode("no dump at all"),
        /no RDB file \(at byte 0\) \(RDB_BAD_MAGIC\)/,
      ],
      [
        "one bit flipped",
        flipped,
        new RegExp(`the file is damaged \\(at byte ${dump.length - 8}\\) \\(RDB_BAD_CHECKSUM\\)`),
      ],
      ["from the future", new TextEncoder().encode("REDIS0099\xff"), /RDB version 99 .*\(RDB_BAD_VERSION\)/],
      ["too large for the arena", dump, /larger than the arena .*\(START_DATASET_TOO_LARGE\)/, [
        "--arena-size",
        "1mb",
      ]],
    ];
    for (const [name, bytes, pattern, args] of cases) {
      await Deno.writeFile(path, bytes);
      const pidfile = `${dir}/spork.pid`;
      const { code, log } = await failedStart({
        dir,
        args: [...SAVE_POINT, "--pidfile", pidfile, ...args ?? []],
      });
      assert.equal(code, 1, name);
      assert.match(log, /Fatal error loading the DB, check server logs\. Exiting\./, name);
      assert.match(log, new RegExp(`${path}: .*${pattern.source}`), name);
      assert.doesNotMatch(log, /\n {4}at /, "no stack for the operator");
      assert.deepEqual(await Deno.readFile(path), bytes, `${name}: the file is untouched`);
      await assert.rejects(Deno.stat(pidfile), Deno.errors.NotFound, "the pid file goes again");
    }
    await Deno.remove(path);
    await Deno.mkdir(path);
    const { code, log } = await failedStart({ dir });
    assert.equal(code, 1);
    assert.match(log, /dump\.rdb: .*\(START_DUMP_UNREADABLE\)/);
  });
});

Deno.test("a port that is taken ends the start with status 1 and leaves the other server's files alone", async () => {
  await withDirectory(async (dir) => {
    const pidfile = `${dir}/spork.pid`;
    await using first = await SporkServer.start({ args: ["--pidfile", pidfile] });
    assert.equal(await Deno.readTextFile(pidfile), `${first.pid}\n`);
    const { code, log } = await failedStart({ port: first.port, args: ["--pidfile", pidfile] });
    assert.equal(code, 1);
    assert.match(
      log,
      /Could not create server TCP listening socket 127\.0\.0\.1:\d+: bind: Address already in use/,
    );
    assert.match(log, /Failed listening on port \d+ \(tcp\), aborting\./);
    assert.equal(await Deno.readTextFile(pidfile), `${first.pid}\n`);
    await first.terminate();
    await assert.rejects(Deno.stat(pidfile), Deno.errors.NotFound);
  });
});

Deno.test("what a crash left behind: temporary files, a socket file, a pid file", async () => {
  await withDirectory(async (dir) => {
    const socket = `${dir}/spork.sock`;
    const args = ["--unixsocket", socket, "--pidfile", `${dir}/spork.pid`];
    const first = await SporkServer.start({ dir, args });
    await using client = await first.connect();
    await client.call("SET", "a", "1");
    await client.call("SAVE");
    await first.kill();
    for (const name of ["temp-123.rdb", "temp-forkless-123-4.rdb", "keep.rdb"]) {
      await Deno.writeTextFile(`${dir}/${name}`, name);
    }
    await using second = await SporkServer.start({ dir, args });
    await second.waitForLog(/Removed temp-123\.rdb, left behind by a crash/);
    const names = [...Deno.readDirSync(dir)].map((entry) => entry.name).toSorted();
    assert.deepEqual(names, ["dump.rdb", "keep.rdb", "spork.pid", "spork.sock"]);
    await using unix = await second.connect({ path: socket });
    assert.equal(await unix.call("GET", "a"), "1");
    assert.equal(await Deno.readTextFile(`${dir}/spork.pid`), `${second.pid}\n`);
  });
});

/** Starts on `dir`, sets key `a` to `value`, ends by `end`; returns the exit status and what a new server finds. */
async function endings(
  dir: string,
  args: string[],
  value: string,
  end: (server: SporkServer, client: RespClient) => Promise<void> | void,
): Promise<{ code: number; found: unknown; log: string }> {
  const server = await SporkServer.start({ dir, args });
  await using client = await server.connect();
  await client.call("SET", "a", value);
  await end(server, client);
  const { code } = await server.exited;
  const again = await SporkServer.start({ dir });
  await using reader = await again.connect();
  const found = await reader.call("GET", "a");
  await again.terminate();
  return { code, found, log: server.log };
}

Deno.test("SHUTDOWN and signals: what is saved, what is said, with which status", async (test) => {
  await withDirectory(async (dir) => {
    const send = (line: string) => async (_server: SporkServer, client: RespClient) => {
      await client.send(`${line}\r\n`);
      assert.equal(await client.untilClosed(), "", line);
    };

    await test.step("without save points nothing is saved unless asked", async () => {
      assert.deepEqual((await endings(dir, [], "1", send("SHUTDOWN"))).found, null);
      assert.deepEqual((await endings(dir, [], "2", send("SHUTDOWN SAVE NOW"))).found, "2");
    });

    await test.step("with save points everything is, unless asked not to; a signal does as SHUTDOWN does", async () => {
      const first = await endings(dir, SAVE_POINT, "3", send("shutdown"));
      assert.deepEqual([first.code, first.found], [0, "3"]);
      for (
        const line of [
          /User requested shutdown\.\.\./,
          /Saving the final RDB snapshot before exiting\./,
          /DB saved on disk/,
          /ready to exit, bye bye\.\.\./,
        ]
      ) assert.match(first.log, line);
      assert.equal((await endings(dir, SAVE_POINT, "4", send("SHUTDOWN NOSAVE"))).found, "3");
      const term = await endings(dir, SAVE_POINT, "5", (server) => server.signal("SIGTERM"));
      assert.deepEqual([term.code, term.found], [0, "5"]);
      assert.match(term.log, /Received SIGTERM scheduling shutdown\.\.\./);
      const quit = await endings(dir, [], "5", async (server, client) => {
        server.signal("SIGHUP");
        assert.equal(await client.call("PING"), "PONG", "SIGHUP does nothing");
        server.signal("SIGTERM");
      });
      assert.equal(quit.code, 0);
      const interrupted = await endings(dir, SAVE_POINT, "6", (server) => server.signal("SIGINT"));
      assert.deepEqual([interrupted.code, interrupted.found], [0, "6"]);
      const quiet = [...SAVE_POINT, "--shutdown-on-sigterm", "nosave"];
      assert.equal((await endings(dir, quiet, "7", (server) => server.signal("SIGTERM"))).found, "6");
    });

    await test.step("a save that runs is given up, without a trace", async () => {
      const running = async (server: SporkServer, client: RespClient) => {
        await client.call("CONFIG", "SET", "rdb-key-save-delay", "200000");
        await client.call("BGSAVE");
        await client.send("SHUTDOWN NOSAVE\r\n");
        await client.untilClosed();
        await server.waitForLog(/There is a thread saving an \.rdb\. Cancelling it!/);
      };
      const ended = await endings(dir, [], "8", running);
      assert.deepEqual([ended.code, ended.found], [0, "6"]);
      assert.doesNotMatch(ended.log, /left behind/);
      assert.deepEqual([...Deno.readDirSync(dir)].map((entry) => entry.name), ["dump.rdb"]);
    });

    await test.step("where saving fails the server goes on, unless FORCE is given", async () => {
      const server = await SporkServer.start({ dir, args: SAVE_POINT });
      await using client = await server.connect();
      await client.call("SET", "a", "9");
      // A directory in the place of the dump makes the last step of a save fail.
      await Deno.remove(`${dir}/dump.rdb`);
      await Deno.mkdir(`${dir}/dump.rdb`);
      assert.equal(await client.error("SHUTDOWN"), "ERR Errors trying to SHUTDOWN. Check logs.");
      assert.equal(await client.error("SHUTDOWN", "ABORT"), "ERR No shutdown in progress.");
      server.signal("SIGTERM");
      await server.waitForLog(
        /Errors trying to shut down the server\. Check the logs for more information\./,
      );
      await server.waitForLog(/Error trying to save the DB, can't exit\./);
      assert.equal(await client.call("SET", "a", "10"), "OK");
      await client.send("SHUTDOWN FORCE\r\n");
      assert.equal(await client.untilClosed(), "");
      assert.equal((await server.exited).code, 0);
    });
  });
});

Deno.test("a signal that comes while cron is paused can be taken back, or takes effect when cron goes on", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  assert.match(await client.error("SHUTDOWN", "ABORT"), /No shutdown in progress/);
  await client.call("DEBUG", "PAUSE-CRON", "1");
  server.signal("SIGTERM");
  await server.waitForLog(/Received SIGTERM scheduling shutdown/);
  assert.equal(await client.call("SHUTDOWN", "ABORT"), "OK");
  await server.waitForLog(/Shutdown manually aborted/);
  await client.call("DEBUG", "PAUSE-CRON", "0");
  assert.equal(await client.call("PING"), "PONG");
  await client.call("DEBUG", "PAUSE-CRON", "1");
  server.signal("SIGTERM");
  await eventually(() => server.log.split("Received SIGTERM").length === 3, { what: "the second signal" });
  assert.equal(await client.call("PING"), "PONG");
  await client.send("DEBUG PAUSE-CRON 0\r\n");
  assert.equal((await server.exited).code, 0);
});

Deno.test("writes that were acknowledged before a shutdown are in the dump, whoever sends them meanwhile", async () => {
  await withDirectory(async (dir) => {
    const server = await SporkServer.start({ dir, args: SAVE_POINT });
    const writers = await Promise.all([1, 2, 3].map(() => server.connect()));
    const acknowledged = writers.map(() => 0);
    const writing = writers.map(async (client, writer) => {
      try {
        for (let index = 1;; index++) {
          await client.call("SET", `writer:${writer}`, index);
          acknowledged[writer] = index;
        }
      } catch {
        client.close();
      }
    });
    await eventually(() => acknowledged.every((count) => count > 50), { what: "all write" });
    server.signal("SIGTERM");
    await Promise.all(writing);
    await server.exited;
    await using again = await SporkServer.start({ dir });
    await using reader = await again.connect();
    for (const [writer, count] of acknowledged.entries()) {
      assert.ok(Number(await reader.call("GET", `writer:${writer}`)) >= count, `writer ${writer}`);
    }
  });
});

Deno.test("a free port is used again at once", async () => {
  const port = freePort();
  for (let round = 0; round < 2; round++) {
    await using server = await SporkServer.start({ port });
    await using client = await server.connect();
    assert.equal(await client.call("PING"), "PONG");
  }
});

Deno.test("DEBUG RELOAD: the dataset comes back, and a dump that cannot be read is an error, not the end", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  await client.pipeline([["SET", "a", "1"], ["SET", "b", "2", "EX", "1000"], ["HSET", "h", "f", "v"]]);
  const digest = await client.call("DEBUG", "DIGEST");
  assert.equal(await client.call("DEBUG", "RELOAD"), "OK");
  assert.equal(await client.call("DEBUG", "DIGEST"), digest);
  await client.call("SET", "a", "changed");
  assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), "OK");
  assert.equal(await client.call("DEBUG", "DIGEST"), digest);
  const refusal = "ERR Error trying to load the RDB dump, check server logs";
  assert.equal(
    await client.error("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"),
    refusal,
    "the keys are there already",
  );
  await Deno.writeTextFile(`${server.dir}/dump.rdb`, "this is no dump at all");
  assert.equal(await client.error("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), refusal);
  await server.waitForLog(/Error loading the dump: .*\(RDB_BAD_MAGIC\)/);
  await Deno.remove(`${server.dir}/dump.rdb`);
  await Deno.mkdir(`${server.dir}/dump.rdb`);
  assert.equal(await client.error("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), refusal);
  await server.waitForLog(/Error loading the dump: .*\(START_DUMP_UNREADABLE\)/);
  assert.equal(await client.error("DEBUG", "RELOAD"), "ERR Error trying to save the DB, check server logs");
  assert.equal(await client.call("DEBUG", "DIGEST"), digest, "what was there is there");
  assert.equal((await server.info("persistence")).loading, "0");
});
