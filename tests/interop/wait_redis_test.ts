// WAIT without replicas against a real redis-server 7.0: replies, errors, blocking, CLIENT UNBLOCK. (It has no WAITAOF.)
import assert from "node:assert/strict";
import { hasRedisServer, type RespClient } from "../harness/mod.ts";
import { eventually, RedisServer, SporkServer } from "../harness/mod.ts";

type Peer = RedisServer | SporkServer;

/** What both have to reply to `words`, the same. */
const WORDS = [
  "WAIT 0 0",
  "WAIT 0 100",
  "WAIT -1 0",
  "WAIT 1 20",
  "WAIT 9223372036854775807 1",
  "WAIT 9223372036854775808 1",
  "WAIT x 1",
  "WAIT 1 -1",
  "WAIT 1 x",
  "WAIT 1 1.5",
  "WAIT",
  "WAIT 1",
  "WAIT 1 2 3",
];

async function scene(server: Peer): Promise<string[]> {
  const replies: string[] = [];
  await using client = await server.connect();
  await using other = await server.connect();
  const raw = async (from: RespClient, ...words: string[]) => replies.push(await from.raw(...words));
  for (const line of WORDS) await raw(client, ...line.split(" "));
  await raw(client, "SET", "k", "v");
  await raw(client, "WAIT", "1", "10");
  for (const line of ["MULTI", "SET k v", "WAIT 1 0", "WAIT x 0", "EXEC"]) {
    await raw(client, ...line.split(" "));
  }
  const id = String(await client.call("CLIENT", "ID"));
  for (const how of ["TIMEOUT", "ERROR"]) {
    const waiting = client.raw("WAIT", "3", "0");
    await eventually(async () => String(await other.call("INFO", "clients")).includes("blocked_clients:1"));
    const line = String(await other.call("CLIENT", "LIST", "ID", id));
    replies.push(/ flags=(\w+)/.exec(line)![1]);
    await raw(other, "CLIENT", "UNBLOCK", id, how);
    replies.push(await waiting);
  }
  // One that leaves while it waits is forgotten.
  const leaving = await server.connect();
  await leaving.send("WAIT 1 0\r\n");
  await eventually(async () => String(await other.call("INFO", "clients")).includes("blocked_clients:1"));
  leaving.close();
  await eventually(async () => String(await other.call("INFO", "clients")).includes("blocked_clients:0"));
  return replies;
}

Deno.test({ name: "WAIT replies what redis-server replies", ignore: !hasRedisServer }, async () => {
  await using theirs = await RedisServer.start();
  await using ours = await SporkServer.start();
  assert.deepEqual(await scene(ours), await scene(theirs));
});
