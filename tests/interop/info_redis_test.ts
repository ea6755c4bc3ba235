// INFO, CLIENT LIST and CLIENT INFO against a real redis-server 7.0: its sections, its fields, its order.
import assert from "node:assert/strict";
import { hasRedisServer, parseInfo } from "../harness/mod.ts";
import { commandLines, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

Deno.test(
  { name: "INFO has redis-server's sections, and its fields in the same sections", ignore },
  async () => {
    await using servers = await ServerPair.start();
    await using clients = await servers.connect();
    await clients.same(commandLines("SET a 1 EX 100\nFOO"));
    const asked = [
      "",
      "default",
      "all",
      "everything",
      "SERVER",
      "memory stats",
      "keyspace nosuch",
      "default commandstats",
    ];
    for (const sections of asked) {
      const words = ["INFO", ...sections.split(" ").filter((word) => word !== "")];
      const [spork, redis] = (await Promise.all([clients.spork.call(...words), clients.redis.call(...words)]))
        .map((text) => (text as string).match(/^# .*$/gm)?.map((title) => title.trim()));
      assert.deepEqual(spork, redis, `INFO ${sections}`);
    }
    for (
      const section of [
        "server",
        "clients",
        "memory",
        "persistence",
        "stats",
        "replication",
        "cpu",
        "keyspace",
      ]
    ) {
      const fields = await Promise.all(
        [clients.spork, clients.redis].map(async (client) =>
          new Set(Object.keys(parseInfo(await client.call("INFO", section) as string)))
        ),
      );
      const missing = [...fields[1].difference(fields[0])].filter((name) => !NOT_TOLD.has(name));
      assert.deepEqual(missing, [], `fields missing in ${section}`);
    }
  },
);

Deno.test(
  { name: "docs/operations.md explains every INFO field that redis-server does not have", ignore },
  async () => {
    const page = await Deno.readTextFile(new URL("../../docs/operations.md", import.meta.url));
    await using servers = await ServerPair.start();
    await using clients = await servers.connect();
    const [ours, theirs] = await Promise.all(
      [clients.spork, clients.redis].map(async (client) =>
        parseInfo(await client.call("INFO", "everything", "debug") as string)
      ),
    );
    for (const name of Object.keys(ours)) {
      if (name in theirs || name.startsWith("cmdstat_") || name.startsWith("latency_percentiles")) continue;
      assert.ok(page.includes(`\`${name}\``), name);
    }
    for (const name of NOT_TOLD) assert.ok(page.includes(`\`${name}\``), name);
  },
);

/** Facts about a C program, and an internal of redis-server's reply buffers. docs/operations.md lists them. */
const NOT_TOLD = new Set([
  "redis_build_id",
  "atomicvar_api",
  "gcc_version",
  "reply_buffer_shrinks",
  "reply_buffer_expands",
]);

Deno.test({ name: "CLIENT LIST and CLIENT INFO: redis-server's fields in its order", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect(3);
  await clients.same([["CLIENT", "SETNAME", "me"], ["SELECT", "5"], ["CLIENT", "NO-EVICT", "on"]]);
  const [spork, redis] = await Promise.all(
    [clients.spork, clients.redis].map(async (client) => await client.call("CLIENT", "LIST") as string),
  );
  const [ours, theirs] = [spork, redis].map(fieldsOf);
  assert.equal(spork.split("\n").length, redis.split("\n").length);
  assert.deepEqual(Object.keys(ours).filter((name) => name in theirs), Object.keys(theirs));
  const told = (fields: Record<string, string>) => {
    const { name, db, sub, psub, ssub, multi, resp, user, redir, cmd, flags, events, qbuf } = fields;
    return { name, db, sub, psub, ssub, multi, resp, user, redir, cmd, flags, events, qbuf };
  };
  assert.deepEqual(told(ours), told(theirs));
  assert.match(ours.addr, /^127\.0\.0\.1:\d+$/);
  assert.equal(ours.laddr, `127.0.0.1:${servers.spork.port}`);
  const info = fieldsOf(await clients.spork.call("CLIENT", "INFO") as string);
  assert.equal(info.id, ours.id);
  assert.equal(info.cmd, "client|info");
});

function fieldsOf(line: string): Record<string, string> {
  return Object.fromEntries(
    line.trim().split(" ").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}
