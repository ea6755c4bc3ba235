// DUMP and RESTORE between Spork and a real redis-server 7.0: values that travel, payloads that are damaged, wrong words.
import assert from "node:assert/strict";
import fc from "fast-check";
import { hasRedisServer } from "../harness/mod.ts";
import { type ClientPair, commandLines, payloadOf, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

/** SET or HSET of `key`, in all encodings. */
const value = fc.oneof(
  fc.integer().map((number) => ["SET", "key", `${number}`]),
  fc.tuple(fc.string({ maxLength: 9 }), fc.nat(2000)).map((
    [text, times],
  ) => ["SET", "key", text.repeat(times)]),
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(80)).map(([fields, length]) => [
    "HSET",
    "key",
    ...Array.from(
      { length: fields },
      (_, at) => [`field:${at}`, at % 3 === 0 ? `${at * 7}` : "v".repeat(length)],
    ).flat(),
  ]),
);

Deno.test({ name: "DUMP and RESTORE across servers, right and wrong payloads", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect();
  const { spork, redis } = clients;
  await fc.assert(
    fc.asyncProperty(value, fc.nat(), fc.nat(7), async (words, byte, bit) => {
      await clients.onBoth("FLUSHALL");
      await clients.same([words]);
      for (const [from, to] of [[spork, redis], [redis, spork]]) {
        const payload = payloadOf(await from.raw("DUMP", "key"));
        assert.equal(await to.call("RESTORE", "copy", "0", payload, "REPLACE"), "OK");
        const [key, copy] = await to.call("DEBUG", "DIGEST-VALUE", "key", "copy") as string[];
        assert.equal(copy, key);
        const broken = payload.slice();
        broken[byte % broken.length] ^= 1 << bit;
        await clients.same([["SET", "old", "1"], ["RESTORE", "old", "0", broken, "REPLACE"], ["GET", "old"]]);
      }
    }),
    { numRuns: 60 },
  );
  await refusesWhatRedisRefuses(clients);
});

async function refusesWhatRedisRefuses(clients: ClientPair): Promise<void> {
  await clients.onBoth("FLUSHALL");
  await clients.same([["SET", "there", "1"]]);
  const payload = payloadOf(await clients.redis.raw("DUMP", "there"));
  const lines = `
    RESTORE
    RESTORE a 0 ""
    RESTORE a x PAYLOAD
    RESTORE a -1 PAYLOAD
    RESTORE there 0 PAYLOAD
    RESTORE there x PAYLOAD
    RESTORE there 0 PAYLOAD FOO
    RESTORE new 0 PAYLOAD IDLETIME
    RESTORE new 0 PAYLOAD IDLETIME x
    RESTORE new 0 PAYLOAD IDLETIME -1
    RESTORE new 0 PAYLOAD FREQ x
    RESTORE new 0 PAYLOAD FREQ 256
    RESTORE new 0 PAYLOAD FREQ 1 IDLETIME 1
    RESTORE new 0 PAYLOAD IDLETIME 1 FREQ 1
    RESTORE there 1 bogus REPLACE
    GET there
    RESTORE new 1 PAYLOAD ABSTTL
    EXISTS new
    RESTORE there 1 PAYLOAD ABSTTL REPLACE
    EXISTS there
    RESTORE far 9223372036854775807 PAYLOAD ABSTTL
    EXISTS far
    RESTORE ttl 100000 PAYLOAD
    TTL ttl
    RESTORE idle 0 PAYLOAD IDLETIME 1000
    OBJECT IDLETIME idle
    RESTORE absolute 33177117420000 PAYLOAD absttl
    PEXPIRETIME absolute
  `;
  await clients.same(
    commandLines(lines).map((words) => words.map((word) => word === "PAYLOAD" ? payload : word)),
  );
}
