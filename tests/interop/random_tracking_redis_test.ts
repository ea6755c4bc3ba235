// Clients that cache keys do what comes to their minds, on Spork and on a real redis-server alike: behind each command every
// client must have got the same replies and messages, byte for byte and in the same order.
import assert from "node:assert/strict";
import fc from "fast-check";
import { hasRedisServer, type RespClient } from "../harness/mod.ts";
import { ServerPair } from "./server_pair.ts";

const RUNS = 100;
const ACTS = 40;

/** Under RESP3, RESP3 and RESP2; the last listens under RESP2, and others may send it their messages. */
const NAMES = ["A", "B", "C", "R"] as const;

function words(...parts: (fc.Arbitrary<string | string[]> | string)[]): fc.Arbitrary<string[]> {
  return fc.tuple(...parts.map((part) => typeof part === "string" ? fc.constant(part) : part))
    .map((list) => (list as (string | string[])[]).flat());
}

const key = fc.constantFrom("a", "aa", "b", "ba", "c");
const keys = fc.array(key, { minLength: 1, maxLength: 3 });
const modes = fc.subarray(["NOLOOP", "REDIRECT @", "OPTIN", "OPTOUT", "BCAST", "PREFIX a", "PREFIX b"])
  .map((options) => options.flatMap((option) => option.split(" ")));

const act = fc.oneof(
  { weight: 5, arbitrary: words("GET", key) },
  { weight: 3, arbitrary: words("MGET", keys) },
  { weight: 1, arbitrary: words(fc.constantFrom("EXISTS", "PTTL", "TYPE", "LRANGE"), key) },
  { weight: 6, arbitrary: words("SET", key, "1") },
  { weight: 2, arbitrary: words("MSET", key, "1", key, "2") },
  { weight: 2, arbitrary: words(fc.constantFrom("DEL", "INCR", "PERSIST", "LPOP"), key) },
  { weight: 1, arbitrary: words("RPUSH", key, "x") },
  { weight: 1, arbitrary: words(fc.constantFrom("RENAME", "COPY"), key, key) },
  { weight: 1, arbitrary: words("PEXPIRE", key, "-1") },
  { weight: 1, arbitrary: fc.constantFrom(["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["SELECT", "1"]) },
  { weight: 4, arbitrary: words("CLIENT", "TRACKING", "ON", modes) },
  { weight: 1, arbitrary: words("CLIENT", "TRACKING", "OFF") },
  { weight: 2, arbitrary: words("CLIENT", "CACHING", fc.constantFrom("YES", "NO")) },
  { weight: 3, arbitrary: fc.constant(["MULTI"]) },
  { weight: 4, arbitrary: fc.constant(["EXEC"]) },
  { weight: 1, arbitrary: fc.constantFrom(["DISCARD"], ["NOSUCH"], ["GET"]) },
);

const scene = fc.array(fc.tuple(fc.nat(NAMES.length - 2), act), {
  minLength: 5,
  maxLength: ACTS,
  size: "max",
});

/** What each act brought to each client. */
async function play(
  connect: () => Promise<RespClient>,
  acts: (readonly [number, readonly string[]])[],
): Promise<string[]> {
  const control = await connect();
  const clients = await Promise.all(NAMES.map(connect));
  const told: string[] = [];
  try {
    await control.call("FLUSHALL");
    // Redis remembers keys while nobody tracks, Spork does not.
    await control.call("CLIENT", "TRACKING", "ON");
    for (const client of clients.slice(0, 2)) await client.call("HELLO", "3");
    const receiver = clients[NAMES.length - 1];
    const id = String(await receiver.call("CLIENT", "ID"));
    await receiver.raw("SUBSCRIBE", "__redis__:invalidate");
    let number = 0;
    for (const [who, command] of acts) {
      const sent = command.map((word) => word === "@" ? id : word);
      const reply = await clients[who].raw(...sent);
      told.push(`${NAMES[who]} ${command.join(" ")} => ${reply}`);
      for (const [index, client] of clients.entries()) {
        const end = `end${number++}`;
        // Messages come before the reply; in a transaction that is said to be queued.
        await client.send(`PING ${end}\r\n`);
        for (;;) {
          const got = await client.rawReply();
          if (got.includes(end) || got === "+QUEUED\r\n") break;
          told.push(`${NAMES[index]} got ${sameNull(got)}`);
        }
      }
    }
    const { tracking_total_keys, tracking_total_items, tracking_total_prefixes } = infoOf(
      String(await control.call("INFO", "stats")),
    );
    told.push(`${tracking_total_keys} ${tracking_total_items} ${tracking_total_prefixes}`);
    return told;
  } finally {
    for (const client of [control, ...clients]) client.close();
  }
}

/** Redis sends the null of the client that tracks, whatever its receiver understands. */
function sameNull(message: string): string {
  return message.replace(/(_|\$-1)\r\n$/, "null");
}

function infoOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split("\r\n").filter((line) => line.includes(":")).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}

Deno.test({ name: "random scenes of clients that cache keys", ignore: !hasRedisServer }, async () => {
  await using servers = await ServerPair.start();
  await fc.assert(
    fc.asyncProperty(scene, async (acts) => {
      const [spork, redis] = await Promise.all([
        play(() => servers.spork.connect(), acts),
        play(() => servers.redis.connect(), acts),
      ]);
      assert.deepEqual(spork, redis);
    }),
    { numRuns: RUNS },
  );
});
