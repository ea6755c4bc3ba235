// What a running server tells about itself: slow log, latency events and histograms, counters, INFO fields that have to follow
// what happens, the log. And what it says when it cannot save any more.
import assert from "node:assert/strict";
import { eventually, parseInfo, type Reply, type RespClient, SporkServer } from "../harness/mod.ts";

async function info(client: RespClient, ...sections: string[]): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", ...sections) as string);
}

interface SlowEntry {
  id: number;
  time: number;
  micros: number;
  words: string[];
  peer: string;
  name: string;
}

async function slowEntries(client: RespClient, count = -1): Promise<SlowEntry[]> {
  const reply = await client.call("SLOWLOG", "GET", count) as Reply[][];
  return reply.map(([id, time, micros, words, peer, name]) =>
    ({ id, time, micros, words, peer, name }) as SlowEntry
  );
}

Deno.test("slow log, latency, counters, INFO, log", async (test) => {
  const started = Date.now();
  await using server = await SporkServer.start({
    config: { file: "spork.conf", text: "loglevel notice\n" },
    args: ["--enable-debug-command", "yes"],
  });
  await using client = await server.connect();
  await client.call("CLIENT", "SETNAME", "watcher");

  await test.step("slowlog-log-slower-than 0 logs everything, arguments trimmed, secrets hidden", async () => {
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "0");
    await client.call("SLOWLOG", "RESET");
    await client.pipeline([
      ["SET", "a", "x".repeat(200)],
      ["MSET", ...Array.from({ length: 40 }, (_, index) => `${index}`)],
      ["GET"],
      ["NOSUCH"],
      ["AUTH", "secret"],
      ["HELLO", "2", "AUTH", "default", "secret"],
      ["CONFIG", "SET", "requirepass", "secret", "timeout", "0"],
      ["CONFIG", "SET", "requirepass", ""],
    ]);
    const entries = (await slowEntries(client)).toReversed();
    assert.deepEqual(entries.map(({ words }) => words), [
      ["SLOWLOG", "RESET"],
      ["SET", "a", `${"x".repeat(128)}... (72 more bytes)`],
      ["MSET", ...Array.from({ length: 30 }, (_, index) => `${index}`), "... (10 more arguments)"],
      ["AUTH", "(redacted)"],
      ["HELLO", "2", "AUTH", "(redacted)", "(redacted)"],
      ["CONFIG", "SET", "requirepass", "(redacted)", "timeout", "0"],
      ["CONFIG", "SET", "requirepass", "(redacted)"],
    ]);
    for (const [index, entry] of entries.entries()) {
      assert.equal(entry.id, entries[0].id + index);
      assert.ok(Math.abs(entry.time - Date.now() / 1000) < 60);
      assert.ok(entry.micros >= 0);
      assert.match(entry.peer, /^127\.0\.0\.1:\d+$/);
      assert.equal(entry.name, "watcher");
    }
  });

  await test.step("thresholds, lengths and their changes", async () => {
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    await client.call("SLOWLOG", "RESET");
    await client.call("DEBUG", "SLEEP", "0.02");
    assert.equal(await client.call("SLOWLOG", "LEN"), 0);
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "10000");
    await client.pipeline([["PING"], ["DEBUG", "SLEEP", "0.02"], ["PING"]]);
    const [entry, ...others] = (await slowEntries(client)).filter(({ words }) => words[0] === "DEBUG");
    assert.deepEqual(others, []);
    assert.deepEqual(entry.words, ["DEBUG", "SLEEP", "0.02"]);
    assert.ok(entry.micros >= 20_000 && entry.micros < 10_000_000);
    // In a pipeline of quick commands it is the slow one that is found, though commands of a kind are timed together.
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "2000");
    await client.call("SLOWLOG", "RESET");
    const fields = Array.from({ length: 30_000 }, (_, index) => [`field:${index}`, "x"]).flat();
    const quick = Array.from({ length: 6 }, () => ["HSET", "small", "f", "v"]);
    await client.pipeline([...quick, ["HSET", "large", ...fields], ...quick]);
    const slow = await slowEntries(client);
    const large = slow.find(({ words }) => words[1] === "large");
    assert.ok(large !== undefined && large.micros >= 2000);
    assert.ok(!slow.some(({ words, micros }) => words[1] === "small" && micros >= large.micros));
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "3");
    await client.pipeline(Array.from({ length: 10 }, (_, index) => ["ECHO", `${index}`]));
    assert.deepEqual((await slowEntries(client)).map(({ words }) => words[1]), ["9", "8", "7"]);
    assert.equal((await slowEntries(client, 1)).length, 1);
    await client.call("CONFIG", "SET", "slowlog-max-len", "0");
    assert.equal(await client.call("SLOWLOG", "LEN"), 0);
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "10000", "slowlog-max-len", "128");
  });

  await test.step("latency events: above the threshold only, newest, history, graph, reset", async () => {
    await client.call("DEBUG", "SLEEP", "0.02");
    assert.deepEqual(await client.call("LATENCY", "LATEST"), [], "off by default");
    await client.call("CONFIG", "SET", "latency-monitor-threshold", "15");
    await client.call("DEBUG", "SLEEP", "0.001");
    await client.call("DEBUG", "SLEEP", "0.02");
    const events = await eventually(async () => {
      const latest = await client.call("LATENCY", "LATEST") as Reply[][];
      const byName = new Map(latest.map((each) => [each[0], each]));
      return byName.has("eventloop") && byName;
    }, { what: "the event loop's own event comes, too" });
    const [, time, latest, worst] = events.get("command") as [string, number, number, number];
    assert.ok(Math.abs(time - Date.now() / 1000) < 60);
    assert.ok(latest >= 20 && worst >= latest);
    assert.deepEqual((await client.call("LATENCY", "HISTORY", "command") as Reply[]).at(-1), [time, latest]);
    assert.match(
      await client.call("LATENCY", "GRAPH", "command") as string,
      /^command - high \d+ ms, low \d+ ms/,
    );
    assert.match(await client.call("LATENCY", "DOCTOR") as string, /command: \d+ spikes/);
    assert.ok(Number((await info(client, "stats")).eventloop_stall_max_ms) >= 19);
    assert.equal(await client.call("LATENCY", "RESET", "command", "nosuch"), 1);
    assert.deepEqual(await client.call("LATENCY", "HISTORY", "command"), []);
    await client.call("CONFIG", "SET", "latency-monitor-threshold", "0");
    await client.call("LATENCY", "RESET");
  });

  await test.step("commandstats, errorstats, latencystats and their reset", async () => {
    await client.call("CONFIG", "RESETSTAT");
    await client.pipeline([["SET", "n", "x"], ["INCR", "n"], ["INCR"], ["INCR", "m"], [
      "DEBUG",
      "SLEEP",
      "0.02",
    ], ["NOSUCH"]]);
    const fields = await info(client, "commandstats", "errorstats", "latencystats", "stats");
    assert.match(
      fields.cmdstat_incr,
      /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=1$/,
    );
    const [, usec] = fields.cmdstat_debug.match(/usec=(\d+),/)!;
    assert.ok(Number(usec) >= 20_000 && Number(usec) < 10_000_000);
    assert.ok(Number(fields.eventloop_duration_cmd_sum) >= 20_000);
    assert.ok(Number(fields.eventloop_duration_sum) >= 20_000);
    assert.equal(fields.errorstat_ERR, "count=3");
    assert.equal(fields.total_error_replies, "3");
    assert.match(fields.latency_percentiles_usec_set, /^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/);
    const [, p50] = fields.latency_percentiles_usec_debug.match(/p50=([\d.]+)/)!;
    assert.ok(Number(p50) >= 18_000 && Number(p50) < 10_000_000, p50);
    const histogram = await client.call("LATENCY", "HISTOGRAM", "debug") as Reply[];
    assert.equal(histogram[0], "debug");
    await client.call("CONFIG", "SET", "latency-tracking-info-percentiles", "10 100");
    assert.match(
      (await info(client, "latencystats")).latency_percentiles_usec_set,
      /^p10=[\d.]+,p100=[\d.]+$/,
    );
    await client.call("CONFIG", "SET", "latency-tracking", "no");
    assert.deepEqual(await info(client, "latencystats"), {});
    await client.call("CONFIG", "SET", "latency-tracking", "yes");
    await client.call("CONFIG", "RESETSTAT");
    const after = await info(client, "commandstats", "errorstats");
    assert.deepEqual(Object.keys(after), ["cmdstat_config|resetstat"]);
  });

  await test.step("INFO follows what happens", async () => {
    const before = await info(client, "everything");
    assert.equal(before.process_id, `${server.pid}`);
    assert.equal(before.tcp_port, `${server.port}`);
    assert.equal(before.config_file, `${server.dir}/spork.conf`);
    assert.match(before.run_id, /^[0-9a-f]{40}$/);
    assert.equal(before.server_name, "spork");
    assert.ok(Number(before.uptime_in_seconds) <= (Date.now() - started) / 1000);
    assert.ok(Math.abs(Number(before.server_time_usec) / 1000 - Date.now()) < 60_000);
    assert.equal(before.connected_clients, "1");

    await using other = await server.connect();
    const request = "*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$1048576\r\n";
    await other.send(`${request}${"x".repeat(1048576)}\r\n`);
    assert.equal(await other.reply(), "OK");
    await client.pipeline([["GET", "big"], ["GET", "nokey"], ["SET", "vol", "1", "EX", "100"]]);
    const after = await info(client, "everything");
    const grown = (name: string) => Number(after[name]) - Number(before[name]);
    assert.equal(after.connected_clients, "2");
    assert.equal(grown("total_connections_received"), 1);
    assert.equal(grown("keyspace_hits"), 1);
    assert.equal(grown("keyspace_misses"), 1);
    assert.equal(grown("total_commands_processed"), 5);
    assert.equal(grown("rdb_changes_since_last_save"), 2);
    assert.ok(grown("total_net_input_bytes") > 1048576 && grown("total_net_input_bytes") < 1049600);
    assert.ok(grown("total_net_output_bytes") > 1048576);
    assert.ok(grown("total_reads_processed") >= 2 && grown("total_writes_processed") >= 2);
    assert.ok(grown("used_memory") >= 1048576 && grown("arena_used") >= 1048576);
    assert.ok(Number(after.used_memory_peak) >= Number(after.used_memory));
    assert.ok(Number(after.used_memory_dataset) >= 1048576);
    assert.ok(Number(after.used_memory_rss) > Number(after.used_memory));
    assert.match(after.db0, /^keys=\d+,expires=1,avg_ttl=\d+,keys_with_volatile_items=0$/);
    assert.ok(grown("eventloop_cycles") > 0);
    assert.ok(Number(after.used_cpu_user) > 0 && Number(after.used_cpu_user_main_thread) > 0);
    await client.call("FLUSHALL");
    const empty = await info(client, "memory", "keyspace");
    assert.ok(Number(empty.arena_used) < 100_000);
    assert.ok(Number(empty.used_memory_peak) >= 1048576, "the peak stays");
    assert.equal(empty.db0, undefined);
  });

  await test.step("rates follow the load", async () => {
    const stop = { now: false };
    const load = (async () => {
      await using loader = await server.connect();
      while (!stop.now) await loader.pipeline(Array.from({ length: 100 }, () => ["PING"]));
    })();
    const busy = await eventually(async () => {
      const fields = await info(client, "stats");
      return Number(fields.instantaneous_ops_per_sec) > 1000 && fields;
    }, { what: "a rate of more than 1,000 commands a second" });
    stop.now = true;
    await load;
    assert.ok(Number(busy.instantaneous_input_kbps) > 1 && Number(busy.instantaneous_output_kbps) > 1);
    assert.ok(Number(busy.instantaneous_eventloop_cycles_per_sec) > 10);
  });

  await test.step("CONFIG SET hz and loglevel take effect at once", async () => {
    await client.call("CONFIG", "SET", "hz", "50");
    const fields = await eventually(async () => {
      const fields = await info(client, "server");
      return fields.hz === "50" && fields;
    }, { what: "the new rate" });
    assert.equal(fields.configured_hz, "50");
    assert.doesNotMatch(server.log, /Accepted 127\.0\.0\.1/);
    await client.call("CONFIG", "SET", "loglevel", "verbose");
    await using other = await server.connect();
    await other.call("PING");
    await server.waitForLog(/Accepted 127\.0\.0\.1:\d+/);
    await client.call("CONFIG", "SET", "loglevel", "nothing");
    const lines = server.log.split("\n").length;
    await client.call("DEBUG", "LOG", "nobody hears this");
    await client.call("CONFIG", "SET", "loglevel", "notice");
    await client.call("DEBUG", "LOG", "but this");
    await server.waitForLog(/DEBUG LOG: but this/);
    assert.equal(server.log.split("\n").length, lines + 1);
  });
});

Deno.test("while saves fail, writes and PING are refused with MISCONF until one works again", async () => {
  await using server = await SporkServer.start({ args: ["--save", "3600", "1000000"] });
  await using client = await server.connect();
  const misconf =
    "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
    "modify the data set are disabled, because this instance is configured to report errors during writes if RDB " +
    "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Valkey logs for details about the RDB error.";
  await client.call("SET", "a", "1");
  await Deno.mkdir(`${server.dir}/dump.rdb`);
  await client.call("BGSAVE");
  await eventually(async () => (await info(client, "persistence")).rdb_last_bgsave_status === "err", {
    what: "the save has failed",
  });
  for (const line of ["SET a 2", "DEL a", "FLUSHALL", "EXPIRE a 100", "PING"]) {
    assert.equal(await client.error(...line.split(" ")), misconf, line);
  }
  assert.equal(await client.call("GET", "a"), "1");
  assert.equal(await client.call("ECHO", "x"), "x");
  assert.equal(await client.error("SAVE"), "ERR");
  await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
  assert.equal(await client.call("SET", "a", "2"), "OK");
  await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
  assert.equal(await client.error("SET", "a", "3"), misconf);
  await client.call("CONFIG", "SET", "save", "");
  assert.equal(await client.call("SET", "a", "3"), "OK", "without save points nobody relies on saves");
  await client.call("CONFIG", "SET", "save", "3600 1000000");
  assert.equal(await client.error("SET", "a", "4"), misconf);
  await Deno.remove(`${server.dir}/dump.rdb`);
  await client.call("BGSAVE");
  await eventually(async () => (await info(client, "persistence")).rdb_last_bgsave_status === "ok", {
    what: "a save works again",
  });
  assert.equal(await client.call("SET", "a", "5"), "OK");
  assert.equal(await client.call("PING"), "PONG");
});
