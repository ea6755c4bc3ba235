// Debian's redis-cli against a server process: how a person and a shell script use a server.
import assert from "node:assert/strict";
import { encodeCommands, hasRedisTools, runToEnd, type ServerProcess } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

const ignore = !hasRedisTools;

Deno.test({ name: "redis-cli: one command a call, exit codes, formats", ignore }, async () => {
  await using server = await startServer();
  assert.equal(await cli(server, ["PING"]), "PONG\n");
  assert.equal(await cli(server, ["SET", "k", "a b"]), "OK\n");
  assert.equal(await cli(server, ["GET", "k"]), "a b\n");
  assert.equal(await cli(server, ["--no-raw", "GET", "k"]), '"a b"\n');
  assert.equal(await cli(server, ["--no-raw", "GET", "none"]), "(nil)\n");
  assert.equal(await cli(server, ["--csv", "MGET", "k", "none"]), '"a b",NULL\n');
  await cli(server, ["HSET", "h", "f", "1"]);
  assert.equal(await cli(server, ["-3", "--no-raw", "HGETALL", "h"]), '1# "f" => "1"\n');
  assert.equal(await cli(server, ["-3", "--json", "HGETALL", "h"]), '{"f":"1"}\n');
  assert.equal(await cli(server, ["-n", "4", "DBSIZE"]), "0\n");
  const failed = await runCli(server, ["-e", "INCR", "k"]);
  assert.equal(failed.code, 1);
  assert.match(failed.stdout + failed.stderr, /value is not an integer or out of range/);
});

Deno.test(
  { name: "redis-cli: a script on standard input, a value from standard input", ignore },
  async () => {
    await using server = await startServer();
    const script = 'SET "quoted key" "line\\nbreak"\nSTRLEN "quoted key"\nSELECT 2\nDBSIZE\n';
    assert.equal(await cli(server, [], script), "OK\n10\nOK\n0\n");
    assert.equal(await cli(server, ["-x", "SET", "from-stdin"], "some text"), "OK\n");
    assert.equal(await cli(server, ["GET", "from-stdin"]), "some text\n");
  },
);

Deno.test({ name: "redis-cli: mass insertion with --pipe", ignore }, async () => {
  await using server = await startServer();
  const commands = Array.from({ length: 20_000 }, (_, index) => ["SET", `key:${index}`, `value ${index}`]);
  const output = await cli(server, ["--pipe"], new TextDecoder().decode(encodeCommands(commands)));
  assert.match(output, /errors: 0, replies: 20000/);
  assert.equal(await cli(server, ["DBSIZE"]), "20000\n");
  assert.equal(await cli(server, ["GET", "key:19999"]), "value 19999\n");
});

Deno.test(
  { name: "redis-cli: --scan, --bigkeys and --memkeys read a whole server", ignore },
  async () => {
    await using server = await startServer();
    for (let index = 0; index < 20; index++) await cli(server, ["SET", `s:${index}`, "v".repeat(index + 1)]);
    await cli(server, ["HSET", "h", "a", "1", "b", "2"]);
    const scanned = (await cli(server, ["--scan", "--pattern", "s:1?"])).trim().split("\n").sort();
    assert.deepEqual(scanned, Array.from({ length: 10 }, (_, index) => `s:${index + 10}`));
    const big = await cli(server, ["--bigkeys"]);
    assert.match(big, /Biggest string found '?"s:19"'? has 20 bytes/);
    assert.match(big, /Biggest +hash found '?"h"'? has 2 fields/);
    assert.match(await cli(server, ["--memkeys"]), /Sampled 21 keys in the keyspace/);
  },
);

Deno.test({ name: "redis-cli: INFO, CONFIG and COMMAND DOCS for its hints", ignore }, async () => {
  await using server = await startServer();
  assert.match(await cli(server, ["INFO", "keyspace"]), /^# Keyspace/);
  assert.equal(await cli(server, ["CONFIG", "GET", "maxmemory"]), "maxmemory\n0\n");
  assert.match(await cli(server, ["COMMAND", "DOCS", "get"]), /^get\nsummary\n/);
});

async function cli(server: ServerProcess, args: string[], input?: string): Promise<string> {
  const result = await runCli(server, args, input);
  assert.equal(result.code, 0, `redis-cli ${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

function runCli(server: ServerProcess, args: string[], input?: string) {
  return runToEnd({ program: "redis-cli", args: ["-p", `${server.port}`, ...args] }, { input });
}
