// Spork as a whole (parser, dispatch, handlers, reply buffers) against a real redis-server 7.0: the same random commands in
// pipelines over TCP, both protocols, wrong arity and unknown commands included, every reply byte for byte.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Argument, hasRedisServer, RedisServer, SporkServer } from "../harness/mod.ts";
import type { Command } from "./compare_replies.ts";
import { ENTRIES_MAX, hashCommand, showsOrder, sortedLines, VALUE_MAX } from "./random_hash_commands.ts";
import { stringCommand } from "./random_string_commands.ts";

const oddCommand: fc.Arbitrary<Command> = fc.constantFrom(
  ["GET"],
  ["get", "a", "b"],
  ["SET", "a"],
  ["hset", "a", "f"],
  ["HGETALL"],
  ["nosuchcommand", "with", "arguments"],
  ["OBJECT", "NOSUCH", "a"],
  ["OBJECT"],
  ["DEL", "a"],
  ["TYPE", "a"],
  ["EXISTS", "a", "b", "a"],
);

for (const protocol of [2, 3] as const) {
  const name = `pipelines of random commands are answered as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const limits = [
      "--hash-max-listpack-entries",
      `${ENTRIES_MAX}`,
      "--hash-max-listpack-value",
      `${VALUE_MAX}`,
    ];
    await using spork = await SporkServer.start({ args: limits });
    await using redis = await RedisServer.start({ args: limits });
    await using ours = await spork.connect();
    await using theirs = await redis.connect();
    for (const client of [ours, theirs]) await client.raw("HELLO", `${protocol}`);
    const command = fc.oneof(stringCommand, hashCommand, oddCommand);
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60, size: "max" }), async (commands) => {
        const all = [["FLUSHALL"], ...commands] as Argument[][];
        const [found, expected] = await Promise.all([ours.rawPipeline(all), theirs.rawPipeline(all)]);
        for (const [index, words] of commands.entries()) {
          const order = showsOrder(words) ? sortedLines : (reply: string) => reply;
          assert.equal(order(found[index + 1]), order(expected[index + 1]), `#${index} ${words.join(" ")}`);
        }
      }),
      { numRuns: 150 },
    );
  });
}
