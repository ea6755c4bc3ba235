// SORT and SORT_RO against a real redis-server 7.0: random options over lists, sets and sorted sets whose elements name
// strings and hashes, every reply byte for byte, and what STORE stored.
import fc from "fast-check";
import { hashCommands } from "../../modules/hashes/commands.ts";
import { keysCommands } from "../../modules/keys/keys_commands.ts";
import { listCommands } from "../../modules/lists/commands.ts";
import { setCommands } from "../../modules/sets/commands.ts";
import { sortedSetCommands } from "../../modules/sorted_sets/commands.ts";
import { sortCommands } from "../../modules/sorting/sort_commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { type Command, compareReplies } from "./compare_replies.ts";

/** Weights and texts of the elements 1 to 9, all different, so that no order is left to chance; 0 has none. */
const setting: Command[] = [
  ...Array.from({ length: 9 }, (_, at) => ["SET", `w_${at + 1}`, `${(at * 7) % 9 - 3}`]),
  ...Array.from({ length: 9 }, (_, at) => ["SET", `t_${at + 1}`, `text${(at * 4) % 9}`]),
  ...Array.from(
    { length: 9 },
    (_, at) => ["HSET", `h_${at + 1}`, "f", `${(at * 2) % 9}.5`, "->", `arrow${at}`],
  ),
  ["SET", "bad_1", "x1"],
  ["SET", "bad_2", " 7"],
  ["SET", "string", "v"],
  ["SET", "*", "star"],
];

const element = fc.nat(9).map(String);
const fill: fc.Arbitrary<Command> = fc.oneof(
  fc.array(element, { minLength: 1, maxLength: 12 }).map((words) => ["RPUSH", "list", ...words]),
  fc.array(element, { minLength: 1, maxLength: 12 }).map((words) => ["SADD", "set", ...words]),
  fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }).map(String), element), { minLength: 1, maxLength: 12 })
    .map((pairs) => ["ZADD", "zset", ...pairs.flat()]),
  fc.constantFrom("1e3", "-inf", "inf", "0x10", "", " 3", "nan", "a", "1 ").map((
    word,
  ) => ["RPUSH", "odd", word]),
);
const key = fc.constantFrom("list", "set", "zset", "list", "set", "zset", "odd", "none", "string", "to");
const number = fc.oneof(
  fc.integer({ min: -3, max: 14 }).map(String),
  fc.constantFrom("x", "9223372036854775807", "-9223372036854775808"),
);
const pattern = fc.constantFrom(
  ...[
    "w_*",
    "h_*->f",
    "h_*->none",
    "w_*->f",
    "h_*",
    "h_*->",
    "none_*",
    "nosort",
    "#",
    "*",
    "h_*->->",
    "bad_*",
  ],
);
/** One kind of option comes once: by what is sorted is either numbers or different texts. */
const options = fc.record({
  by: fc.option(pattern),
  gets: fc.array(fc.oneof(pattern, fc.constant("t_*")), { maxLength: 3 }),
  limit: fc.option(fc.tuple(number, number)),
  order: fc.constantFrom([], [], ["ASC"], ["DESC"], ["desc"]),
  store: fc.option(fc.constantFrom("to", "list", "none"), { freq: 2 }),
  garbage: fc.constantFrom(...Array(20).fill([]), ["LIMIT", "1"], ["BY"], ["GET"], ["STORE"], ["OTHER"]),
});

function words(
  { by, gets, limit, order, store, garbage }: typeof options extends fc.Arbitrary<infer T> ? T : never,
) {
  return [
    ...by === null ? [] : ["BY", by],
    ...limit === null ? [] : ["LIMIT", ...limit],
    ...gets.flatMap((get) => ["GET", get]),
    ...order,
    ...store === null ? [] : ["STORE", store],
    ...garbage,
  ];
}

const alphaBy = fc.constantFrom([], ["BY", "t_*"], ["BY", "nosort"]);
const sorting: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constantFrom("SORT", "SORT", "SORT_RO"), key, options).map((
    [name, k, o],
  ) => [name, k, ...words(o)]),
  // Elements whose texts elsewhere are equal have no order of their own, and under LIMIT redis-server gives them any.
  fc.tuple(key, alphaBy, options).map((
    [k, by, o],
  ) => ["SORT", k, "ALPHA", ...words({ ...o, by: null, limit: by[1] === "t_*" ? null : o.limit }), ...by]),
);

for (const protocol of [2, 3] as const) {
  Deno.test(
    { name: `SORT replies as redis-server does, RESP${protocol}`, ignore: !hasRedisServer },
    async () => {
      const families = [
        sortCommands,
        listCommands,
        setCommands,
        sortedSetCommands,
        hashCommands,
        stringCommands,
      ];
      const rig = new CommandRig([...families.flat(), ...keysCommands]);
      rig.protocol = protocol;
      await using server = await RedisServer.start();
      await using client = await server.connect();
      await client.raw("HELLO", `${protocol}`);
      const closing = [["LRANGE", "to", "0", "-1"], ["EXISTS", "to", "list", "none"], ["TYPE", "list"]];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fill, { minLength: 3, maxLength: 8 }),
          fc.array(sorting, { minLength: 1, maxLength: 20, size: "max" }),
          async (fills, sortings) => {
            await compareReplies(rig, client, [...setting, ...fills, ...sortings, ...closing]);
          },
        ),
        { numRuns: 150 },
      );
    },
  );
}
