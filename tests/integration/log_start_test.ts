// Servers that start on an append-only log: what clients are told meanwhile, which logs end the start and how.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { persistence } from "./saves.ts";
import { INCR, logged, MANIFEST } from "./log_world.ts";

const LOG_ON = ["--appendonly", "yes", "--arena-size", "64mb"];

/** A data directory, with a log of one increment where there is a text for it. */
async function inDirectory(
  text: string | null,
  run: (dir: string, path: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "spork-log-start-" });
  const folder = `${dir}/appendonlydir`;
  try {
    if (text !== null) {
      await Deno.mkdir(folder);
      await Deno.writeTextFile(`${folder}/${INCR}`, text);
      await Deno.writeTextFile(`${folder}/${MANIFEST}`, `file ${INCR} seq 1 type i\n`);
    }
    await run(dir, `${folder}/${INCR}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const sets = (count: number) =>
  Array.from({ length: count }, (_, k) => logged("SET", `k${k}`, `v${k}`)).join("");

Deno.test("while a log is loaded, clients are told so, and INFO tells how far it is", () =>
  inDirectory(sets(5000), async (dir, path) => {
    await using server = await SporkServer.spawn({ dir, args: [...LOG_ON, "--key-load-delay", "1000"] });
    await using client = await eventually(() => server.connect().catch(() => undefined), {
      what: "the server to accept connections",
      withinMilliseconds: 20_000,
    });
    const fields = await eventually(async () => {
      const now = await persistence(client);
      return now.loading === "1" && Number(now.loading_loaded_bytes) > 0 && now;
    }, { what: "the load to begin" });
    assert.equal(Number(fields.loading_total_bytes), Deno.statSync(path).size);
    assert.ok(Number(fields.loading_loaded_perc) < 100);
    assert.equal((await client.raw("GET", "k1")).slice(0, 9), "-LOADING ");
    assert.equal(await client.call("CONFIG", "SET", "key-load-delay", "0"), "OK");
    await server.waitForLog(/Ready to accept connections/);
    assert.equal(await client.call("DBSIZE"), 5000);
    assert.equal((await persistence(client)).loading, "0");
    assert.match(server.log, /DB loaded from incr file .*\n.*DB loaded from append only file: /);
  }));

for (
  const [name, tail, line] of [
    ["is damaged", "!!!", /Bad file format reading the append only file/],
    [
      "ends too early",
      logged("SET", "a", "b").slice(0, -1),
      /Unexpected end of file reading the append only file/,
    ],
    ["has an unknown command", logged("bla"), /Unknown command 'bla' reading the append only file/],
  ] as const
) {
  Deno.test(`a log that ${name} ends the start with status 1, and its last line says why`, () =>
    inDirectory(sets(1) + tail, async (dir) => {
      await using server = await SporkServer.spawn({ dir, args: [...LOG_ON, "--aof-load-truncated", "no"] });
      assert.equal((await server.exited).code, 1);
      assert.match(server.log.trimEnd().split("\n").at(-1)!, line);
    }));
}

Deno.test("the log wins over a dump, even where there is none yet", () =>
  inDirectory(null, async (dir) => {
    {
      await using server = await SporkServer.start({ dir });
      await using client = await server.connect();
      await client.call("SET", "of the dump", "1");
      await client.call("SAVE");
    }
    await using server = await SporkServer.start({ dir, args: LOG_ON });
    await using client = await server.connect();
    assert.equal(await client.call("DBSIZE"), 0);
  }));
