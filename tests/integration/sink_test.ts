// Sink plugins in a running server: what they are given and when, what a slow or crashing one costs, what PLUGIN INFO tells.
import assert from "node:assert/strict";
import { eventually, projectDirectory, type RespClient, SporkServer } from "../harness/mod.ts";

interface Line {
  offset?: number;
  database?: number;
  command?: string;
  key?: string;
  transaction?: number;
  missed?: [number, number];
  began?: string;
}

function auditOf(server: SporkServer): Line[] {
  return Deno.readTextFileSync(`${server.dir}/audit.log`).trim().split("\n").map((line) => JSON.parse(line));
}

function changesIn(lines: Line[]): string[] {
  return lines.filter(({ command }) => command !== undefined).map(({ database, command, key, transaction }) =>
    `${database} ${command} ${key ?? ""}${transaction === undefined ? "" : " in a transaction"}`
  );
}

const AUDIT = [
  "--plugin",
  `${projectDirectory}plugins/examples/sink-audit`,
  "--plugin-grant",
  "sink-audit",
  "write",
  "${dir}",
];

async function details(client: RespClient, name: string): Promise<Record<string, string>> {
  return fieldsOf((await infoOf(client, name)).details) as Record<string, string>;
}

async function infoOf(client: RespClient, name: string): Promise<Record<string, unknown>> {
  return fieldsOf(await client.call("PLUGIN", "INFO", name));
}

function fieldsOf(reply: unknown): Record<string, unknown> {
  const items = reply as unknown[];
  return Object.fromEntries(items.flatMap((name, at) => at % 2 === 0 ? [[String(name), items[at + 1]]] : []));
}

Deno.test("an audit has each change of each database, those of transactions, expiry and the last ones before the end", async () => {
  await using server = await SporkServer.start({ args: AUDIT });
  const client = await server.connect();
  await client.pipeline([
    ["SET", "a", "1"],
    ["GET", "a"],
    ["SELECT", "2"],
    ["MULTI"],
    ["LPUSH", "list", "x"],
    ["INCR", "n"],
    ["EXEC"],
    ["DEL", "nothing"],
    ["SET", "brief", "1", "PX", "1"],
  ]);
  await eventually(async () => await client.call("EXISTS", "brief") === 0);
  await client.call("PUBLISH", "channel", "no change");
  await client.call("FLUSHALL");
  await eventually(() => changesIn(auditOf(server)).length >= 6, { what: "the audit has all" });
  assert.deepEqual(changesIn(auditOf(server)), [
    "0 SET a",
    "2 LPUSH list in a transaction",
    "2 INCR n in a transaction",
    "2 SET brief",
    "2 UNLINK brief",
    "2 FLUSHALL ",
  ]);
  const offsets = auditOf(server).slice(1).map(({ offset }) => offset!);
  assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
  const info = await infoOf(client, "sink-audit");
  assert.equal(info.used_for, "the stream of changes");
  assert.equal(info.queue_depth, 0);
  assert.deepEqual(await details(client, "sink-audit"), {
    offset: String(info.bytes),
    received: String(info.bytes),
    delivered: "when durable",
    missed_bytes: "0",
    gaps: "0",
  });
  await client.send("*3\r\n$3\r\nSET\r\n$4\r\nlast\r\n$1\r\n1\r\n*1\r\n$8\r\nSHUTDOWN\r\n");
  await client.untilClosed();
  await eventually(() => !server.isRunning);
  assert.equal(changesIn(auditOf(server)).at(-1), "2 SET last");
  assert.match(server.log, /plugin sink-audit: 7 changes in .*audit\.log/);
});

Deno.test("a sink that declares deliver-after-durable gets a change when it is durable", async () => {
  const log = ["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes"];
  await using server = await SporkServer.start({ args: [...AUDIT, ...log] });
  const client = await server.connect();
  const other = await server.connect();
  await client.call("SET", "before", "1");
  await eventually(() => changesIn(auditOf(server)).length === 1);
  await other.call("DEBUG", "reply-blocking-pause", "aof");
  const held = client.call("SET", "held", "1");
  // It has run, and its bytes are with the sink's queue at the end of the turn.
  await eventually(async () => Number((await infoOf(other, "sink-audit")).queue_depth) > 0);
  assert.deepEqual(changesIn(auditOf(server)), ["0 SET before"]);
  await other.call("DEBUG", "reply-blocking-resume", "aof");
  assert.equal(await held, "OK");
  await eventually(() => changesIn(auditOf(server)).length === 2);
  assert.equal(changesIn(auditOf(server))[1], "0 SET held");
});

const TELLER = `export default (sdk) => ({
  receive(bytes, offset) {
    const text = new TextDecoder().decode(bytes);
    if (text.includes("boom")) Deno.exit(1);
    sdk.log.notice("got " + offset + " " + JSON.stringify(text));
  },
  gap(from, to) { sdk.log.notice("missed " + from + " " + to); },
});`;

Deno.test("a sink that crashes is told what it has missed, and what follows selects its database; writers notice nothing", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "spork-sink-" });
  try {
    const manifest = "name: teller\nversion: 1.0.0\napi: ^1.0.0\nkind: sink\nentry: main.ts\n";
    Deno.writeTextFileSync(`${folder}/plugin.yaml`, manifest);
    Deno.writeTextFileSync(`${folder}/main.ts`, TELLER);
    await using server = await SporkServer.start({ args: ["--plugin", folder] });
    const client = await server.connect();
    await client.call("SELECT", "1");
    await client.call("SET", "a", "1");
    assert.equal(await client.call("SET", "boom", "1"), "OK");
    assert.equal(await client.call("SET", "lost", "1"), "OK");
    const info = await eventually(async () => {
      const fields = await infoOf(client, "teller");
      return fields.restarts === 1 && fields.state === "running" && fields;
    }, { what: "a restart" });
    assert.match(String(info.last_error), /called Deno\.exit\(1\)/);
    await client.call("SET", "b", "2");
    await eventually(() => server.log.includes("$1\\r\\nb\\r\\n"));
    const told = server.log.split("\n").flatMap((line) =>
      /plugin teller: (got|missed) (.*)$/.exec(line)?.slice(1, 3).join(" ") ?? []
    );
    const select = "*2\\r\\n$6\\r\\nSELECT\\r\\n$1\\r\\n1\\r\\n";
    const set = (key: string, value: string) =>
      `*3\\r\\n$3\\r\\nSET\\r\\n$${key.length}\\r\\n${key}\\r\\n$1\\r\\n${value}\\r\\n`;
    const first = 23 + 27;
    const missed = 30 + 30;
    assert.equal(told[0], `got 0 "${select}${set("a", "1")}"`);
    assert.match(told[1], new RegExp(`^missed ${first} `));
    const to = Number(told[1].split(" ")[2]);
    // While it did not run each turn's changes selected their database anew.
    assert.ok(to >= first + missed, told[1]);
    assert.equal(told[2], `got ${to} "${select}${set("b", "2")}"`);
    assert.equal((await details(client, "teller")).missed_bytes, `${to - first}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
