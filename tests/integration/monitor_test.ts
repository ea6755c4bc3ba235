// MONITOR over the wire: who sees what of whose commands, and what nobody sees.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";

/** The command of a monitor's next line: `1700000000.123456 [0 127.0.0.1:1] "set" "a"` without time and peer. */
async function shown(monitor: RespClient): Promise<string> {
  const line = await monitor.reply() as string;
  const match = /^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] (.*)$/.exec(line);
  assert.ok(match, line);
  return `${match[1]} ${match[2]}`;
}

Deno.test("a monitor sees commands of others in their order, transactions as they run, secrets never", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  await using monitor = await server.connect();
  assert.equal(await monitor.call("MONITOR"), "OK");
  await client.call("SET", "k", 'a "b"\n');
  await client.call("SELECT", "2");
  await client.call("MULTI");
  await client.call("GET", "k");
  await client.call("EXEC");
  await client.error("AUTH", "secret");
  await client.error("NOSUCH", "x");
  // Administrative commands are nobody's business.
  await client.call("CONFIG", "GET", "port");
  await client.call("DEBUG", "SLEEP", "0");
  await client.call("PING");
  const expected = [
    '0 "SET" "k" "a \\"b\\"\\n"',
    '2 "SELECT" "2"',
    '2 "MULTI"',
    '2 "GET" "k"',
    '2 "EXEC"',
    '2 "AUTH" "(redacted)"',
    '2 "PING"',
  ];
  for (const line of expected) assert.equal(await shown(monitor), line);
});

Deno.test("RESET and the end of the connection end a monitor; others go on", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using first = await server.connect();
  const second = await server.connect();
  await first.call("MONITOR");
  assert.equal(await second.call("MONITOR"), "OK");
  assert.match(await client.call("CLIENT", "LIST") as string, / flags=O .* flags=O /s);
  second.close();
  await eventually(
    async () => (await client.call("CLIENT", "LIST") as string).split(" flags=O ").length === 2,
    {
      what: "one monitor is left",
    },
  );
  assert.equal(await first.call("RESET"), "RESET");
  assert.doesNotMatch(await client.call("CLIENT", "LIST") as string, / flags=O /);
  await client.call("PING");
  assert.equal(await first.call("ECHO", "nothing before this"), "nothing before this");
});
