// Debian's redis-benchmark against a server process: its default tests, alone and pipelined.
import assert from "node:assert/strict";
import { hasRedisTools, runToEnd } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

const TESTS = ["ping", "set", "get", "incr", "mset"];

Deno.test({ name: "redis-benchmark -t ping,set,get,incr,mset", ignore: !hasRedisTools }, async () => {
  await using server = await startServer();
  for (const pipeline of [1, 16]) {
    const args = [
      "-p",
      `${server.port}`,
      "-t",
      TESTS.join(","),
      "-n",
      "20000",
      "-r",
      "1000",
      "-P",
      `${pipeline}`,
    ];
    const { code, stdout, stderr } = await runToEnd(
      { program: "redis-benchmark", args: [...args, "--csv"] },
      {
        withinMilliseconds: 60_000,
      },
    );
    assert.equal(code, 0, stderr);
    const names = stdout.trim().split("\n").slice(1).map((line) => line.split('"')[1]);
    assert.deepEqual(names, ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"]);
  }
  // 2 x 20,000 writes over 1,000 random keys leave none of them out.
  await using client = await server.connect();
  assert.equal(
    await client.call("EXISTS", "key:000000000000", "key:000000000999", "counter:000000000500"),
    3,
  );
  assert.equal(await client.call("DBSIZE"), 2000);
});

Deno.test({
  name: "redis-benchmark with RESP3, values of 16 KiB and a custom command",
  ignore: !hasRedisTools,
}, async () => {
  await using server = await startServer();
  const base = ["-p", `${server.port}`, "-n", "2000", "-q"];
  for (const args of [["-3", "-t", "set,get", "-d", "16384"], ["HSET", "h", "field:__rand_int__", "v"]]) {
    const { code, stdout, stderr } = await runToEnd({
      program: "redis-benchmark",
      args: [...base, "-r", "100", ...args],
    });
    assert.equal(code, 0, stdout + stderr);
  }
  await using client = await server.connect();
  assert.equal(await client.call("STRLEN", "key:000000000007"), 16384);
  assert.equal(await client.call("HLEN", "h"), 100);
});
