// What tests of saves look at: INFO persistence, the end of a background save or rewrite, files that may be left, memory that must
// come back.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, type ServerProcess } from "../harness/mod.ts";

export const TYPES = ["fork", "thread"] as const;
export type SaveType = (typeof TYPES)[number];

export async function persistence(client: RespClient): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", "persistence") as string);
}

/** Waits until no background save runs; the fields then. */
export async function saveEnds(client: RespClient): Promise<Record<string, string>> {
  return await eventually(async () => {
    const fields = await persistence(client);
    return fields.rdb_bgsave_in_progress === "0" && fields;
  }, { what: "the end of the background save", withinMilliseconds: 60_000 });
}

/** Waits until no rewrite of the log runs or is due; the fields then. */
export async function rewriteEnds(client: RespClient): Promise<Record<string, string>> {
  return await eventually(async () => {
    const fields = await persistence(client);
    return fields.aof_rewrite_in_progress === "0" && fields.aof_rewrite_scheduled === "0" && fields;
  }, { what: "the end of the rewrite", withinMilliseconds: 30_000 });
}

/** BGREWRITEAOF, to its end, which must be a success. */
export async function rewriteLog(client: RespClient): Promise<void> {
  await client.call("BGREWRITEAOF");
  assert.equal((await rewriteEnds(client)).aof_last_bgrewrite_status, "ok");
}

/** Names of the log's files, sorted. */
export function logFiles({ dir }: { dir: string }): string[] {
  return [...Deno.readDirSync(`${dir}/appendonlydir`)].map(({ name }) => name).sort();
}

/** Begins a save that waits `delayMicros` after each key. */
export async function slowSave(client: RespClient, type: SaveType, delayMicros: number): Promise<void> {
  await client.call("CONFIG", "SET", "rdb-key-save-delay", delayMicros);
  assert.equal(await client.call("BGSAVE", type), `Background saving (${type}) started`);
}

export async function fullSpeed(client: RespClient): Promise<void> {
  await client.call("CONFIG", "SET", "rdb-key-save-delay", 0);
}

/** The dataset as the file has it, in the place of the present one. */
export async function reloadFile(client: RespClient): Promise<void> {
  assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
}

export function temporaryFiles(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).filter((name) => name.startsWith("temp-"));
}

/** Used arena memory once nothing of it waits for a snapshot any more. */
export async function quietMemory(client: RespClient): Promise<number> {
  return await eventually(async () => {
    const fields = parseInfo(await client.call("INFO", "memory") as string);
    return fields.arena_retired === "0" && Number(fields.arena_used);
  }, { what: "memory that snapshots held is given back" });
}

/** After a save, however it ended: nothing runs, nothing is left or held, and writers go on. */
export async function expectQuiet(server: ServerProcess, client: RespClient): Promise<void> {
  const fields = await saveEnds(client);
  assert.equal(fields.rdb_current_bgsave_type, "none");
  assert.equal(fields.current_cow_size, "0");
  assert.equal(fields.threadsave_current_queue_length, "0");
  assert.equal(fields.snapshot_blocked_clients, "0");
  await quietMemory(client);
  try {
    assert.deepEqual(temporaryFiles(server.dir), []);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
