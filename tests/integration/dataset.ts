// A small dataset of every kind of value that the server has, in several databases, and ways to compare what a
// snapshot kept with what there was.
import type { RespClient } from "../harness/mod.ts";

type Word = string | number;

/** Commands that make the "before" keys of database `database`: `count` of each kind. */
export function datasetCommands(count: number, prefix = "before"): Word[][] {
  const commands: Word[][] = [];
  for (let i = 0; i < count; i++) {
    commands.push(["SET", `${prefix}_${i}`, `value_${prefix}_${i}`]);
    commands.push(["SET", `int_${prefix}_${i}`, 42 + i]);
    commands.push(["SET", `big_${prefix}_${i}`, "x".repeat(5000 + i)]);
    commands.push(["HSET", `hash_${prefix}_${i}`, "H1", "a", "H2", `b${i}`]);
    const fields: Word[] = [];
    for (let f = 0; f < 200; f++) fields.push(`field_${f}`, `value_${i}_${f}`);
    commands.push(["HSET", `table_${prefix}_${i}`, ...fields]);
    commands.push(["SET", `ttl_${prefix}_${i}`, "soon", "PX", 1_000_000 + i]);
  }
  return commands;
}

/** Commands that change every key of `datasetCommands` in every way: overwritten, grown, shrunk, deleted, renamed. */
export function changeCommands(count: number, prefix = "before"): Word[][] {
  const commands: Word[][] = [];
  for (let i = 0; i < count; i++) {
    commands.push(["APPEND", `${prefix}_${i}`, "_after"]);
    commands.push(["INCR", `int_${prefix}_${i}`]);
    commands.push(["SETRANGE", `big_${prefix}_${i}`, 100, "changed"]);
    commands.push(["HSET", `hash_${prefix}_${i}`, "H1", "after", "H3", "new"]);
    commands.push(["HDEL", `table_${prefix}_${i}`, "field_1", "field_2"]);
    commands.push(["HSET", `table_${prefix}_${i}`, "field_3", "after", "field_new", "after"]);
    commands.push(["PERSIST", `ttl_${prefix}_${i}`]);
    commands.push(["EXPIRE", `${prefix}_${i}`, 5000]);
    commands.push(["SET", `after_${i}`, "new"]);
    if (i % 3 === 0) commands.push(["DEL", `hash_${prefix}_${i}`]);
    if (i % 3 === 1) commands.push(["RENAME", `int_${prefix}_${i}`, `after_int_${i}`]);
    if (i % 3 === 2) commands.push(["COPY", `big_${prefix}_${i}`, `after_big_${i}`]);
  }
  return commands;
}

/** Digest of the dataset and the expiry of every key: what a snapshot must keep. */
export async function fingerprint(client: RespClient, databases: number): Promise<string> {
  const parts = [`${await client.call("DEBUG", "DIGEST")}`];
  for (let database = 0; database < databases; database++) {
    await client.call("SELECT", database);
    const keys = (await client.call("KEYS", "*") as string[]).sort();
    const times = await client.pipeline(keys.map((key) => ["PEXPIRETIME", key]));
    keys.forEach((key, index) => {
      if (times[index] !== -1) parts.push(`${database}/${key}@${times[index]}`);
    });
  }
  await client.call("SELECT", 0);
  return parts.join("\n");
}
