// Snapshot plugins whose worker goes wrong in the middle of a save: it throws, ends itself, runs out of memory, or never
// comes back. The save fails, the dump that was there stays, and the next save works.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { expectQuiet, quietMemory, saveEnds } from "../integration/saves.ts";

const KEYS = 500;

/** A snapshot plugin that does `what` at the hundredth entry of its first save. */
function plugin(entries: "iterator" | "tables", what: string): { manifest: string; code: string } {
  const source = entries === "iterator" ? "job.iterator()" : "job.tables(view)";
  return {
    manifest: `name: breaks
version: 1.0.0
api: ^1.0.0
kind: snapshot
entry: main.ts
permissions:
  write:
    allow: ["\${dir}"]
    reason: writes the snapshot
declares: [point-in-time, cancellable]
provides:
  entries: ${entries}
`,
    code: `let hoard;
export default (sdk) => ({
  save(job) {
    const view = job.view();
    const source = ${source};
    let count = 0;
    return job.encode({
      view,
      entries: {
        next() {
          if (++count === 100 && job.id === 1) { sdk.log.notice("breaks now"); ${what} }
          return source.next();
        },
        get database() { return source.database; },
        get ref() { return source.ref; },
        release() { source.release(); },
      },
    });
  },
});
`,
  };
}

class BrokenPlugin implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "spork-breaks-" });

  constructor(entries: "iterator" | "tables", what: string) {
    const { manifest, code } = plugin(entries, what);
    Deno.writeTextFileSync(`${this.folder}/plugin.yaml`, manifest);
    Deno.writeTextFileSync(`${this.folder}/main.ts`, code);
  }

  start(dir: string, env?: Record<string, string>): Promise<SporkServer> {
    return SporkServer.start({
      dir,
      env,
      config: {
        file: "spork.yaml",
        text: `plugins:
  snapshot: breaks
  load:
    - path: ${this.folder}
      grants:
        write: ["\${dir}"]
`,
      },
      args: ["--enable-debug-command", "yes"],
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

const BREAKS = [
  { name: "throws", what: "throw new Error('oh no')", log: /Background saving error: .*oh no/ },
  { name: "ends its worker", what: "Deno.exit(3)", log: /Background saving error: .*called Deno\.exit\(3\)/ },
  {
    name: "asks for more memory than there is",
    what: "hoard = new Uint8Array(2 ** 52)",
    log: /Background saving error: .*(RangeError|allocation|length)/i,
  },
  {
    name: "forgets a rejected promise",
    what: "Promise.reject(new Error('forgotten')); throw new Error('oh no')",
    log: /Background saving error: /,
  },
];

for (const entries of ["iterator", "tables"] as const) {
  for (const { name, what, log } of BREAKS) {
    Deno.test(`a plugin with ${entries} ${name} in the middle of a save`, async () => {
      const dir = await Deno.makeTempDir({ prefix: "spork-worker-faults-" });
      try {
        using broken = new BrokenPlugin(entries, what);
        await using server = await broken.start(dir);
        await using client = await server.connect();
        await client.call("DEBUG", "POPULATE", KEYS);
        assert.equal(await client.call("SAVE"), "OK");
        const dump = await Deno.readFile(`${dir}/dump.rdb`);
        const memory = await quietMemory(client);

        await client.call("CONFIG", "SET", "rdb-key-save-delay", 500);
        await client.call("BGSAVE");
        // Changed while it is saved, so that something is held and shadowed.
        for (let key = 0; key < KEYS; key++) await client.call("SET", `key:${key}`, `value:${key}`);
        await expectQuiet(server, client);
        assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "err");
        await server.waitForLog(log);
        assert.deepEqual(await Deno.readFile(`${dir}/dump.rdb`), dump);
        assert.equal(await quietMemory(client), memory);

        await client.call("CONFIG", "SET", "rdb-key-save-delay", 0);
        await client.call("BGSAVE");
        assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok", server.log);
        assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
        assert.equal(await client.call("DBSIZE"), KEYS);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    });
  }
}

Deno.test("a plugin that never comes back keeps neither writers nor a shutdown waiting", async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-worker-faults-" });
  try {
    using broken = new BrokenPlugin("iterator", "while (true);");
    const server = await broken.start(dir);
    await using client = await server.connect();
    await client.call("CONFIG", "SET", "snapshot-held-bytes-max", 65536);
    await client.call("DEBUG", "POPULATE", KEYS, "key", 1000);
    assert.equal(await client.call("SAVE"), "OK");
    const dump = await Deno.readFile(`${dir}/dump.rdb`);
    await client.call("BGSAVE");
    await server.waitForLog(/breaks now/);
    await using writer = await server.connect();
    const writes = writer.pipeline(Array.from({ length: KEYS }, (_, key) => ["DEL", `key:${key}`]));
    await eventually(async () => (await server.info("persistence")).snapshot_blocked_clients === "1", {
      what: "the writer waits",
    });
    assert.ok(Number((await server.info("persistence")).snapshot_held_bytes) < 2 * 65536);
    assert.equal(await client.call("BGSAVE", "CANCEL"), "Background saving cancelled");
    assert.ok((await writes).every((reply) => reply === 1), "the writer goes on when the save is given up");
    await client.call("SHUTDOWN", "NOSAVE").catch(() => {});
    assert.equal((await server.exited).code, 0);
    assert.deepEqual(await Deno.readFile(`${dir}/dump.rdb`), dump);
    assert.deepEqual([...Deno.readDirSync(dir)].map((entry) => entry.name).sort(), [
      "dump.rdb",
      "spork.yaml",
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a worker that fills the JavaScript heap ends the server, but not the dump", async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-worker-faults-" });
  try {
    using broken = new BrokenPlugin(
      "iterator",
      "hoard = []; while (true) hoard.push({ hoard, at: Math.random() });",
    );
    const server = await broken.start(dir, { DENO_V8_FLAGS: "--max-old-space-size=64" });
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", KEYS);
    assert.equal(await client.call("SAVE"), "OK");
    const dump = await Deno.readFile(`${dir}/dump.rdb`);
    await client.call("BGSAVE");
    const status = await server.exited;
    assert.notEqual(status.code, 0);
    assert.deepEqual(await Deno.readFile(`${dir}/dump.rdb`), dump);
    await using again = await SporkServer.start({ dir });
    await using reader = await again.connect();
    assert.equal(await reader.call("DBSIZE"), KEYS);
    assert.deepEqual([...Deno.readDirSync(dir)].map((entry) => entry.name).sort(), [
      "dump.rdb",
      "spork.yaml",
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
