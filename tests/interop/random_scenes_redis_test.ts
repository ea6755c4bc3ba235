// Four clients do what comes to their minds: transactions, watched keys, blocking and other commands on a few keys, on Spork
// and on a real redis-server alike. Behind each act the same clients have to be blocked, and every client must have got the
// same replies.
import assert from "node:assert/strict";
import fc from "fast-check";
import { eventually, hasRedisServer, type RespClient } from "../harness/mod.ts";
import { ServerPair } from "./server_pair.ts";

const CLIENTS = 4;
const RUNS = 60;
const ACTS = 40;

const key = fc.constantFrom("k", "l", "m");
const side = fc.constantFrom("LEFT", "RIGHT");

function words(...parts: (fc.Arbitrary<string | string[]> | string)[]): fc.Arbitrary<string[]> {
  return fc.tuple(...parts.map((part) => typeof part === "string" ? fc.constant(part) : part))
    .map((list) => (list as (string | string[])[]).flat());
}

// With one key a command, because Redis 7.0 serves the key that was ready first and Valkey the first argument.
const act = fc.oneof(
  { weight: 5, arbitrary: words(fc.constantFrom("BLPOP", "BRPOP"), key, "0") },
  { weight: 3, arbitrary: words("BLMOVE", key, key, side, side, "0") },
  { weight: 2, arbitrary: words("BLMPOP", "0", "1", key, side, "COUNT", "2") },
  { weight: 3, arbitrary: words("BZPOPMIN", key, "0") },
  { weight: 6, arbitrary: words("RPUSH", key, fc.constantFrom(["1"], ["1", "2"], ["1", "2", "3"])) },
  { weight: 3, arbitrary: words("ZADD", key, "1", fc.constantFrom("a", "b")) },
  { weight: 2, arbitrary: words("LMOVE", key, key, side, side) },
  { weight: 2, arbitrary: words(fc.constantFrom("DEL", "LPOP", "TYPE", "LLEN"), key) },
  { weight: 1, arbitrary: words("SET", key, "v") },
  { weight: 1, arbitrary: words(fc.constantFrom("RENAME", "COPY"), key, key) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(["SWAPDB", "0", "1"], ["FLUSHDB"], ["SELECT", "1"], ["SELECT", "0"]),
  },
  { weight: 4, arbitrary: fc.constant(["MULTI"]) },
  { weight: 5, arbitrary: fc.constant(["EXEC"]) },
  { weight: 1, arbitrary: fc.constantFrom(["DISCARD"], ["UNWATCH"], ["NOSUCH"], ["GET"]) },
  { weight: 2, arbitrary: words("WATCH", key) },
  {
    weight: 3,
    arbitrary: words("XADD", key, fc.integer({ min: 1, max: 60 }).map((id) => `${id}-1`), "f", "v"),
  },
  {
    weight: 2,
    arbitrary: words(
      "XREAD",
      "COUNT",
      "2",
      "BLOCK",
      "0",
      "STREAMS",
      key,
      fc.constantFrom("$", "0-0", "30-0"),
    ),
  },
  { weight: 1, arbitrary: words("XGROUP", "CREATE", key, "g", "$", "MKSTREAM") },
  {
    weight: 3,
    arbitrary: words(
      "XREADGROUP",
      "GROUP",
      "g",
      "c",
      "BLOCK",
      "0",
      "STREAMS",
      key,
      fc.constantFrom(">", "0-0"),
    ),
  },
);

const scene = fc.array(fc.tuple(fc.nat(CLIENTS - 1), act), { minLength: 5, maxLength: ACTS, size: "max" });

interface Play {
  replies: string[][];
  /** Behind each act, who was blocked. */
  blocked: string[];
}

async function play(
  connect: () => Promise<RespClient>,
  acts: (readonly [number, readonly string[]])[],
): Promise<Play> {
  const control = await connect();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
  const replies: string[][] = clients.map(() => []);
  const blocked: string[] = [];
  try {
    await control.call("FLUSHALL");
    const ids = await Promise.all(clients.map((client) => client.call("CLIENT", "ID")));
    const whoIsBlocked = async () => {
      const lines = String(await control.call("CLIENT", "LIST")).split("\n");
      return ids.map((id) => lines.some((line) => line.startsWith(`id=${id} `) && / flags=\w*b/.test(line)));
    };
    let waiting = clients.map(() => false);
    for (const [who, command] of acts) {
      if (waiting[who]) continue;
      let isAnswered = false;
      void clients[who].raw(...command).then((reply) => {
        replies[who].push(`${command.join(" ")} => ${sameEnd(command, reply)}`);
        isAnswered = true;
      }, () => {});
      await eventually(async () => isAnswered || (await whoIsBlocked())[who], { everyMilliseconds: 1 });
      waiting = await whoIsBlocked();
      blocked.push(`${command.join(" ")}: ${waiting.map((is, index) => is ? index : "").join("")}`);
    }
    // What is on its way comes before the reply to one more command.
    await Promise.all(clients.map((client, index) => waiting[index] ? undefined : client.raw("PING")));
    blocked.push(`end: ${await control.raw("DEBUG", "DIGEST")}`);
    return { replies, blocked };
  } finally {
    for (const client of [control, ...clients]) client.close();
  }
}

/** How a wait for a group ends whose stream has gone: Valkey has the words of the command that runs again. */
function sameEnd(command: readonly string[], reply: string): string {
  return command[0] === "XREADGROUP" && reply.startsWith("-") ? "an error" : reply;
}

Deno.test(
  { name: "random scenes of four clients go as with redis-server", ignore: !hasRedisServer },
  async () => {
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
  },
);
