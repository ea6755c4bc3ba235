// A small dataset of every kind of value that the server has, small and large, in several databases, and ways to compare
// what a snapshot kept with what there was. After the dataset that Valkey's tests of background saves use.
import type { Reply, RespClient } from "../harness/mod.ts";

type Word = string | number;

const DAY_MS = 86_400_000;
/** Sizes above which a collection is protected by a page image instead of being copied: about 64 KiB, or a table. */
const LARGE_ELEMENTS = 300;
const LARGE_ELEMENT = "a member of some length, ".repeat(10);
const TABLE_ELEMENTS = 200;

function range(count: number, word: (index: number) => Word[]): Word[] {
  return Array.from({ length: count }, (_, index) => word(index)).flat();
}

/** Commands that make the "before" keys of database `database`: `count` of each kind. */
export function datasetCommands(count: number, prefix = "before"): Word[][] {
  const commands: Word[][] = [];
  for (let i = 0; i < count; i++) {
    const name = `${prefix}_${i}`;
    commands.push(
      ["SET", name, `value_${name}`],
      ["SET", `int_${name}`, 42 + i],
      ["SET", `big_${name}`, "x".repeat(5000 + i)],
      ["SET", `ttl_${name}`, "soon", "PX", 1_000_000 + i],
      ["SETBIT", `bits_${name}`, 1000 + i, 1],
      ["PFADD", `hll_${name}`, "one"],
      ["RPUSH", `list_${name}`, "L1", "L2", "R1", "R2"],
      ["SADD", `set_${name}`, "B1", "B2"],
      ["SADD", `iset_${name}`, 1, 2, 30_000, i],
      ["SADD", `set_table_${name}`, ...range(TABLE_ELEMENTS, (k) => [`member_${k}_of_${i}`])],
      ["ZADD", `zset_${name}`, 1, "Z1", 2, "Z2"],
      ["ZADD", `zset_table_${name}`, ...range(TABLE_ELEMENTS, (k) => [k / 3, `member_${k}_of_${i}`])],
      ["GEOADD", `geo_${name}`, 13.361389, 38.115556, "Palermo"],
      ["HSET", `hash_${name}`, "H1", "a", "H2", `b${i}`],
      ["HSET", `table_${name}`, ...range(TABLE_ELEMENTS, (k) => [`field_${k}`, `value_${i}_${k}`])],
      ["HSET", `hashttl_${name}`, "F1", "a", "F2", "b"],
      ["HPEXPIRE", `hashttl_${name}`, 10 * DAY_MS + i, "FIELDS", 1, "F1"],
      ["XADD", `stream_${name}`, "1-1", "f", "v"],
      ["XADD", `stream_${name}`, "2-1", "f", "w", "g", "x"],
      ["XGROUP", "CREATE", `stream_${name}`, "group", 0],
      ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", 1, "STREAMS", `stream_${name}`, ">"],
    );
    if (i % 5 !== 0) continue;
    commands.push(["RPUSH", `list_large_${name}`, ...range(LARGE_ELEMENTS, (k) => [`${LARGE_ELEMENT}${k}`])]);
    for (let entry = 1; entry <= LARGE_ELEMENTS; entry++) {
      commands.push(["XADD", `stream_large_${name}`, `${entry}-1`, "f", `${LARGE_ELEMENT}${entry}`]);
    }
  }
  return commands;
}

/** Commands that change every key of `datasetCommands` in every way: overwritten, grown, shrunk, deleted, renamed. */
export function changeCommands(count: number, prefix = "before"): Word[][] {
  const commands: Word[][] = [];
  for (let i = 0; i < count; i++) {
    const name = `${prefix}_${i}`;
    commands.push(
      ["APPEND", name, "_after"],
      ["INCR", `int_${name}`],
      ["SETRANGE", `big_${name}`, 100, "changed"],
      ["SETBIT", `bits_${name}`, 9, 1],
      ["PFADD", `hll_${name}`, "two", "three"],
      ["LPUSH", `list_${name}`, "after"],
      ["LSET", `list_${name}`, 2, "after"],
      ["RPOP", `list_${name}`, 2],
      ["SADD", `set_${name}`, "after"],
      ["SREM", `set_${name}`, "B1"],
      ["SADD", `iset_${name}`, "no_integer"],
      ["SPOP", `set_table_${name}`, 20],
      ["SADD", `set_table_${name}`, "after"],
      ["ZADD", `zset_${name}`, 3, "Z1", 4, "after"],
      ["ZINCRBY", `zset_table_${name}`, 10, `member_5_of_${i}`],
      ["ZREMRANGEBYRANK", `zset_table_${name}`, 0, 9],
      ["GEOADD", `geo_${name}`, 15.087269, 37.502669, "Catania"],
      ["HSET", `hash_${name}`, "H1", "after", "H3", "new"],
      ["HDEL", `table_${name}`, "field_1", "field_2"],
      ["HSET", `table_${name}`, "field_3", "after", "field_new", "after"],
      ["HPERSIST", `hashttl_${name}`, "FIELDS", 1, "F1"],
      ["HPEXPIRE", `hashttl_${name}`, 5 * DAY_MS, "FIELDS", 1, "F2"],
      ["XADD", `stream_${name}`, "9-1", "after", "1"],
      ["XDEL", `stream_${name}`, "1-1"],
      ["XREADGROUP", "GROUP", "group", "other", "STREAMS", `stream_${name}`, ">"],
      ["XACK", `stream_${name}`, "group", "1-1"],
      ["PERSIST", `ttl_${name}`],
      ["EXPIRE", name, 5000],
      ["SET", `after_${i}`, "new"],
      ["RPUSH", `after_list_${i}`, "new"],
      ["ZADD", `after_zset_${i}`, 1, "new"],
    );
    if (i % 5 === 0) {
      commands.push(
        ["LSET", `list_large_${name}`, 150, "after"],
        ["LPOP", `list_large_${name}`, 30],
        ["LINSERT", `list_large_${name}`, "AFTER", `${LARGE_ELEMENT}200`, "after"],
        ["XTRIM", `stream_large_${name}`, "MAXLEN", 100],
        ["XADD", `stream_large_${name}`, "MAXLEN", "~", 50, "900-1", "after", "1"],
      );
    }
    if (i % 3 === 0) commands.push(["DEL", `hash_${name}`, `list_${name}`, `zset_table_${name}`]);
    if (i % 3 === 1) {
      commands.push(
        ["RENAME", `int_${name}`, `after_int_${i}`],
        ["RENAME", `set_table_${name}`, `set_${name}`],
        ["SMOVE", `iset_${name}`, `set_${name}`, "2"],
      );
    }
    if (i % 3 === 2) {
      commands.push(
        ["COPY", `big_${name}`, `after_big_${i}`],
        ["COPY", `stream_${name}`, `table_${name}`, "REPLACE"],
        ["ZUNIONSTORE", `zset_${name}`, 2, `zset_${name}`, `zset_table_${name}`],
        ["SINTERSTORE", `set_${name}`, `iset_${name}`, `set_table_${name}`],
        ["LMOVE", `list_${name}`, `list_${prefix}_${(i + 1) % count}`, "LEFT", "RIGHT"],
      );
    }
  }
  return commands;
}

/** Puts `count` of each kind into each of the first `databases` databases. */
export async function fillDatabases(client: RespClient, databases: number, count: number): Promise<void> {
  for (let database = 0; database < databases; database++) {
    await client.call("SELECT", database);
    await client.pipeline(datasetCommands(count));
  }
  await client.call("SELECT", 0);
}

/**
 * What a snapshot must keep: the digest of the dataset, and what it leaves out: expiries of keys and of hash fields,
 * groups and pending entries of streams.
 */
export async function fingerprint(client: RespClient, databases: number): Promise<string> {
  const parts = [`${await client.call("DEBUG", "DIGEST")}`];
  for (let database = 0; database < databases; database++) {
    await client.call("SELECT", database);
    const keys = (await client.call("KEYS", "*") as string[]).sort();
    const times = await client.pipeline(keys.map((key) => ["PEXPIRETIME", key]));
    const types = await client.pipeline(keys.map((key) => ["TYPE", key]));
    const streams = keys.filter((_, index) => types[index] === "stream");
    const details = await client.pipeline(streams.map((key) => ["XINFO", "STREAM", key, "FULL", "COUNT", 0]));
    const timed = keys.filter((key) => key.startsWith("hashttl_"));
    const fieldTimes = await client.pipeline(
      timed.map((key) => ["HPEXPIRETIME", key, "FIELDS", 2, "F1", "F2"]),
    );
    keys.forEach((key, index) => {
      if (times[index] !== -1) parts.push(`${database}/${key}@${times[index]}`);
    });
    streams.forEach((key, index) => parts.push(`${database}/${key} ${streamText(details[index])}`));
    timed.forEach((key, index) => parts.push(`${database}/${key} ${fieldTimes[index]}`));
  }
  await client.call("SELECT", 0);
  return parts.join("\n");
}

/** XINFO STREAM FULL without what tells of the structure that holds the stream. */
function streamText(details: Reply): string {
  const words = details as Reply[];
  return JSON.stringify(words, null, 0).replace(/"radix-tree-(keys|nodes)",\d+,/g, "");
}
