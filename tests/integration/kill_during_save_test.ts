// kill -9 at any moment of a save: the previous dump stays as it was, and the next start leaves no temporary file behind.
import assert from "node:assert/strict";
import { eventually, parseInfo, pause, type RespClient, SporkServer } from "../harness/mod.ts";

const KEYS = 20_000;
const KILLS = 4;

for (const type of ["thread", "fork"]) {
  Deno.test(`kill -9 during BGSAVE ${type} leaves the previous dump and no temporary file`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "spork-kill-" });
    try {
      const first = await SporkServer.start({ dir });
      await using firstClient = await first.connect();
      await fill(firstClient, "old");
      await firstClient.call("SAVE");
      await first.terminate();
      const previous = await Deno.readFile(`${dir}/dump.rdb`);

      for (let kill = 0; kill < KILLS; kill++) {
        const server = await SporkServer.start({ dir });
        await using client = await server.connect();
        assert.deepEqual(dumpsIn(dir), ["dump.rdb"]);
        assert.deepEqual(await client.pipeline([["DBSIZE"], ["GET", "key:7"]]), [KEYS, "old 7"]);
        await fill(client, "new");
        // 200 us a key: the save takes four seconds, and is cut off at its start, in its middle, ...
        await client.call("CONFIG", "SET", "rdb-key-save-delay", 200);
        await client.call("BGSAVE", type);
        await eventually(() => dumpsIn(dir).length > 1, { what: "the temporary file is there" });
        await pause(kill * 250);
        await server.kill();
        assert.deepEqual(await Deno.readFile(`${dir}/dump.rdb`), previous);
      }

      await using last = await SporkServer.start({ dir });
      await using client = await last.connect();
      assert.deepEqual(dumpsIn(dir), ["dump.rdb"]);
      assert.equal(await client.call("GET", "key:0"), "old 0");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`kill -9 right after BGSAVE ${type} reported success leaves the new dump`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "spork-kill-" });
    try {
      const server = await SporkServer.start({ dir });
      await using client = await server.connect();
      await fill(client, "new");
      await client.call("BGSAVE", type);
      await eventually(async () => {
        const fields = parseInfo(await client.call("INFO", "persistence") as string);
        return fields.rdb_bgsave_in_progress === "0" && fields.rdb_last_bgsave_status === "ok";
      }, { what: "the save has ended" });
      await server.kill();
      await using again = await SporkServer.start({ dir });
      await using reader = await again.connect();
      assert.deepEqual(await reader.pipeline([["DBSIZE"], ["GET", "key:19"]]), [KEYS, "new 19"]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

async function fill(client: RespClient, word: string): Promise<void> {
  const commands = [];
  for (let index = 0; index < KEYS; index++) commands.push(["SET", `key:${index}`, `${word} ${index}`]);
  assert.ok((await client.pipeline(commands)).every((reply) => reply === "OK"));
}

/** Files of the data directory, the temporary ones of saves among them. */
function dumpsIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).filter((name) => name.endsWith(".rdb")).sort();
}
