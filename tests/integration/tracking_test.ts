// Client side caching through a real server, where redis-server 7.0 cannot be the judge: numbers of clients, replies that
// are off, messages to those who are just being served, the table's limit.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";

/** As RESP3 sends it. */
function invalidation(...keys: string[]): string {
  const array = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("");
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${array}`;
}

const EVERYTHING = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

Deno.test("CLIENT LIST and TRACKINGINFO tell how a client tracks, and that its messages go nowhere", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  const receiver = await server.connect();
  const told = async () => {
    const line = String(await client.call("CLIENT", "INFO"));
    return `${/flags=\w+/.exec(line)} ${/redir=-?\d+/.exec(line)} ${await client.call("CLIENT", "GETREDIR")}`;
  };
  assert.equal(await told(), "flags=N redir=-1 -1");
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  assert.equal(await told(), "flags=t redir=0 0");
  await client.call("CLIENT", "TRACKING", "OFF");
  await client.call("CLIENT", "TRACKING", "ON", "BCAST");
  assert.equal(await told(), "flags=tB redir=0 0");
  await client.call("CLIENT", "TRACKING", "OFF");
  const id = Number(await receiver.call("CLIENT", "ID"));
  await client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  assert.equal(await told(), `flags=t redir=${id} ${id}`);
  receiver.close();
  await eventually(async () => !String(await other.call("CLIENT", "LIST")).includes(`id=${id} `));
  await client.call("GET", "a");
  await other.call("SET", "a", "1");
  assert.equal(await client.rawReply(), `>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`);
  assert.equal(await told(), `flags=tR redir=${id} ${id}`);
  assert.match(await client.raw("CLIENT", "TRACKINGINFO"), /on\r\n\$15\r\nbroken_redirect\r\n/);
  await client.call("CLIENT", "TRACKING", "ON");
  assert.equal(await told(), "flags=t redir=0 0");
});

Deno.test("what is invalid comes although replies are off", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  await client.send("CLIENT REPLY OFF\r\nGET a\r\nSET a 1\r\nGET b\r\n");
  assert.equal(await client.rawReply(), invalidation("a"));
  await eventually(async () => (await server.info()).tracking_total_keys === "1");
  await other.call("SET", "b", "1");
  assert.equal(await client.rawReply(), invalidation("b"));
});

Deno.test("messages never come in the middle of a reply, also where they are another client's", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using receiver = await server.connect();
  await receiver.call("HELLO", 3);
  const id = String(await receiver.call("CLIENT", "ID"));
  await client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  await client.call("MGET", "a", "b");
  await receiver.send("MULTI\r\nSET a 1\r\nSET b 1\r\nGET a\r\nEXEC\r\nPING\r\n");
  const expected = [
    "+OK\r\n",
    "+QUEUED\r\n",
    "+QUEUED\r\n",
    "+QUEUED\r\n",
    "*3\r\n+OK\r\n+OK\r\n$1\r\n1\r\n",
    invalidation("a"),
    invalidation("b"),
    "+PONG\r\n",
  ];
  for (const each of expected) assert.equal(await receiver.rawReply(), each);
});

Deno.test("keys that leave a table over its limit are told of; none is left when nobody tracks", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  const keys = Array.from({ length: 1000 }, (_, i) => `key${i}`);
  await client.call("MGET", ...keys);
  const books = async () => {
    const { tracking_clients, tracking_total_keys, tracking_total_items } = await server.info();
    return [tracking_clients, tracking_total_keys, tracking_total_items].map(Number);
  };
  assert.deepEqual(await books(), [1, 1000, 1000]);
  await other.call("CONFIG", "SET", "tracking-table-max-keys", 10);
  const gone = new Set<string>();
  while (gone.size < 990) gone.add((await client.rawReply()).split("\r\n").at(-2)!);
  assert.deepEqual(await books(), [1, 10, 10]);
  // Those that are left are still known.
  const left = keys.find((key) => !gone.has(key))!;
  await other.call("SET", left, "1");
  assert.equal(await client.rawReply(), invalidation(left));
  assert.deepEqual(await books(), [1, 9, 9]);
  client.close();
  await eventually(async () => (await books()).every((each) => each === 0));
});

Deno.test("a command that reads far more keys than the table may have is told of those at once", async () => {
  await using server = await SporkServer.start({ args: ["--tracking-table-max-keys", "5"] });
  await using client = await server.connect();
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  await client.raw("EXISTS", ...Array.from({ length: 12_000 }, (_, i) => `key${i}`));
  const gone = new Set<string>();
  while (gone.size < 11_995) gone.add(await client.rawReply());
  assert.equal((await server.info()).tracking_total_keys, "5");
});

Deno.test("evicted keys are told of before the reply of the command that they made room for", async () => {
  await using server = await SporkServer.start({ args: ["--maxmemory-policy", "volatile-random"] });
  await using client = await server.connect();
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  await client.call("SETEX", "volatile", 1000, "x");
  await client.call("GET", "volatile");
  await client.call("CONFIG", "SET", "maxmemory", 1);
  assert.equal(await client.raw("GET", "none"), invalidation("volatile"));
  assert.equal(await client.rawReply(), "_\r\n");
});

Deno.test("names are bytes, and a flush reaches those who listen under RESP2 as null", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using receiver = await server.connect();
  await using other = await server.connect();
  const id = String(await receiver.call("CLIENT", "ID"));
  await receiver.raw("SUBSCRIBE", "__redis__:invalidate");
  await client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  const key = Uint8Array.of(0, 255, 128, 13, 10, 42);
  await client.call("GET", key);
  await other.call("SET", key, "1");
  const head = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
  assert.equal(await receiver.rawReply(), `${head}*1\r\n$6\r\n\0\xff\x80\r\n*\r\n`);
  await other.call("FLUSHDB");
  assert.equal(await receiver.rawReply(), `${head}$-1\r\n`);
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  await client.raw("FLUSHALL");
  assert.equal(await client.rawReply(), EVERYTHING);
});

Deno.test("a blocked client's command reads keys too, and CLIENT CACHING ends with it", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON", "OPTIN");
  await client.call("CLIENT", "CACHING", "YES");
  const reply = client.raw("XREAD", "BLOCK", 0, "STREAMS", "s", "$");
  await eventually(async () => (await server.info()).blocked_clients === "1");
  await other.call("XADD", "s", "1-1", "f", "v");
  assert.equal(await reply, invalidation("s"));
  assert.match(await client.rawReply(), /^%1\r\n\$1\r\ns\r\n/);
  await client.call("GET", "a");
  assert.equal((await server.info()).tracking_total_keys, "1");
  await other.call("XADD", "s", "2-1", "f", "v");
  assert.equal(await client.rawReply(), invalidation("s"));
});

Deno.test("telling clients of evicted keys does not evict more keys", async () => {
  await using server = await SporkServer.start({ args: ["--maxmemory-eviction-tenacity", "100"] });
  await using client = await server.connect();
  const readers = await Promise.all(Array.from({ length: 10 }, () => server.connect()));
  const keys = Array.from({ length: 300 }, (_, i) => `${i}${"x".repeat(1000)}`);
  for (const key of keys) await client.call("SET", key, "x");
  for (const reader of readers) {
    await reader.call("HELLO", 3);
    await reader.call("CLIENT", "TRACKING", "ON");
    for (const key of keys) await reader.call("EXISTS", key);
  }
  const { used_memory, mem_not_counted_for_evict } = await server.info();
  const counted = Number(used_memory) - Number(mem_not_counted_for_evict);
  await client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", counted - 40_000);
  await eventually(async () => Number((await server.info()).evicted_keys) >= 10);
  for (const reader of readers) {
    assert.match(await reader.rawReply(), /^>2\r\n\$10\r\ninvalidate\r\n/);
    reader.close();
  }
  const left = Number(await client.call("DBSIZE"));
  assert.ok(left >= 200 && left <= 290, `${left} keys are left`);
});
