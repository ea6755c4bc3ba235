// Saves where the real system says no: a full disk, a limit on file sizes, a directory that is read-only, gone, or in
// the place of the file. Small file systems are mounted where the tests may do that (root); else those are ignored.
import assert from "node:assert/strict";
import { eventually, projectDirectory, type RespClient, SporkServer } from "../harness/mod.ts";
import { expectQuiet, persistence, saveEnds, TYPES } from "../integration/saves.ts";
import { STRATEGIES, untilWritable, Writes } from "./logs.ts";

const VALUE = "x".repeat(1000);

function run(program: string, ...args: string[]): boolean {
  return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
}

/** A file system of its own, in memory. */
class SmallDisk implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "spork-small-disk-" });

  constructor(size: string) {
    if (!run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", this.path)) {
      Deno.removeSync(this.path);
      throw new Error("cannot mount");
    }
  }

  remount(options: string): boolean {
    return run("mount", "-o", `remount,${options}`, this.path);
  }

  [Symbol.dispose](): void {
    run("umount", "-l", this.path);
    Deno.removeSync(this.path);
  }
}

const mayMount = (() => {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    using _disk = new SmallDisk("64k");
    return true;
  } catch {
    return false;
  }
})();

const ARGS = [
  "--enable-debug-command",
  "yes",
  "--enable-protected-configs",
  "yes",
  "--rdbcompression",
  "no",
  "--save",
  "1000000 1000000",
];

async function fill(client: RespClient, keys: number): Promise<void> {
  const commands = Array.from({ length: keys }, (_, key) => ["SET", `key:${key}`, VALUE]);
  await client.pipeline(commands);
}

/** Every kind of save fails, nothing is lost; `repair` makes it possible again. */
async function everySaveFails(
  server: SporkServer,
  client: RespClient,
  reason: RegExp,
  repair: () => void | Promise<void>,
): Promise<void> {
  const keys = await client.call("DBSIZE");
  for (const type of TYPES) {
    const at = server.log.length;
    await client.call("BGSAVE", type).catch((error) => assert.equal(error.message, "ERR"));
    await expectQuiet(server, client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "err");
    await eventually(() => reason.test(server.log.slice(at)), { what: `${reason} in the log` });
    assert.match(await client.error("SET", "x", 1), /^MISCONF /);
  }
  assert.equal(await client.error("SAVE"), "ERR");
  assert.equal(await client.error("SHUTDOWN"), "ERR Errors trying to SHUTDOWN. Check logs.");
  await expectQuiet(server, client);
  assert.equal(await client.call("GET", "key:0"), VALUE);
  assert.ok((await client.call("INFO", "everything") as string).length > 1000);
  await client.call("CONFIG", "GET", "*");
  await repair();
  for (const type of TYPES) {
    await client.call("BGSAVE", type);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok", server.log);
  }
  assert.equal(await client.call("SET", "key:0", VALUE), "OK");
  assert.equal(await client.call("SAVE"), "OK");
  assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
  assert.equal(await client.call("DBSIZE"), keys);
}

Deno.test({ name: "a disk that is full", ignore: !mayMount }, async () => {
  using disk = new SmallDisk("1m");
  await using server = await SporkServer.start({ dir: disk.path, args: ARGS });
  await using client = await server.connect();
  await fill(client, 300);
  assert.equal(await client.call("SAVE"), "OK");
  const dump = await Deno.readFile(`${disk.path}/dump.rdb`);
  // The old dump and the new one do not fit together.
  await fill(client, 900);
  await everySaveFails(server, client, /No space left on device/, async () => {
    assert.deepEqual(await Deno.readFile(`${disk.path}/dump.rdb`), dump);
    assert.ok(disk.remount("size=8m"));
  });
});

for (const strategy of STRATEGIES) {
  const log = ["--appendonly", "yes", "--aof-strategy", strategy, "--appendfsync"];

  Deno.test(
    { name: `a disk that the log fills ends the server: ${strategy}`, ignore: !mayMount },
    async () => {
      using disk = new SmallDisk("1m");
      const writes = new Writes();
      const server = await SporkServer.start({ dir: disk.path, args: [...log, "always"] });
      try {
        await using client = await server.connect();
        await writes.untilTrouble(client);
        assert.equal((await server.exited).code, 1, server.log);
        assert.match(server.log, /No space left on device/);
        assert.match(server.log, /Can't recover from AOF write error when the AOF fsync policy is 'always'/);
        assert.ok(writes.acked.size > 500);
        assert.ok(disk.remount("size=8m"));
        await using again = await SporkServer.start({ dir: disk.path, args: [...log, "always"] });
        await using reader = await again.connect();
        await writes.check(reader);
        assert.ok(await writes.pipeline(reader, 10));
      } finally {
        await server.kill();
      }
    },
  );

  Deno.test(
    { name: `a disk that the log fills under everysec: ${strategy}`, ignore: !mayMount },
    async () => {
      using disk = new SmallDisk("1m");
      const writes = new Writes();
      const server = await SporkServer.start({ dir: disk.path, args: [...log, "everysec"] });
      try {
        await using client = await server.connect();
        await writes.untilTrouble(client);
        assert.match(writes.refusal!, /^MISCONF Errors writing to the AOF file: No space left on device/);
        assert.equal((await persistence(client)).aof_last_write_status, "err");
        assert.equal(await client.call("EXISTS", "key:0"), 1);
        assert.ok(disk.remount("size=8m"));
        await untilWritable(server, client);
        assert.ok(await writes.pipeline(client, 10));
        assert.equal(await client.call("WAITAOF", 1, 0, 10_000).then(String), "1,0");
        await server.kill();
        await using again = await SporkServer.start({ dir: disk.path, args: [...log, "everysec"] });
        await using reader = await again.connect();
        await writes.check(reader);
      } finally {
        await server.kill();
      }
    },
  );
}

Deno.test({ name: "a disk that is read-only", ignore: !mayMount }, async () => {
  using disk = new SmallDisk("8m");
  await using server = await SporkServer.start({ dir: disk.path, args: ARGS });
  await using client = await server.connect();
  await fill(client, 300);
  assert.equal(await client.call("SAVE"), "OK");
  assert.ok(disk.remount("ro"));
  await everySaveFails(server, client, /Read-only file system/, () => {
    assert.ok(disk.remount("rw"));
  });
});

Deno.test({ name: "a directory that may not be written to", ignore: Deno.uid() === 0 }, async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-read-only-" });
  try {
    await using server = await SporkServer.start({ dir, args: ARGS });
    await using client = await server.connect();
    await fill(client, 300);
    await Deno.chmod(dir, 0o500);
    await everySaveFails(server, client, /Permission denied/, () => Deno.chmod(dir, 0o700));
  } finally {
    await Deno.chmod(dir, 0o700);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a directory that is removed, and one that comes in its place", async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-removed-" });
  try {
    await using server = await SporkServer.start({ dir, args: ARGS });
    await using client = await server.connect();
    await fill(client, 300);
    await Deno.mkdir(`${dir}/data`);
    await client.call("CONFIG", "SET", "dir", `${dir}/data`);
    assert.equal(await client.call("SAVE"), "OK");
    await Deno.remove(`${dir}/data`, { recursive: true });
    await everySaveFails(server, client, /No such file or directory/, async () => {
      await Deno.mkdir(`${dir}/data`);
      assert.equal(await client.call("CONFIG", "SET", "dir", `${dir}/data`), "OK");
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a directory in the place of the dump", async () => {
  await using server = await SporkServer.start({ args: ARGS });
  await using client = await server.connect();
  await fill(client, 300);
  await Deno.mkdir(`${server.dir}/dump.rdb/in-the-way`, { recursive: true });
  await everySaveFails(
    server,
    client,
    /Is a directory|File exists|Directory not empty/,
    () => Deno.remove(`${server.dir}/dump.rdb`, { recursive: true }),
  );
});

Deno.test({ name: "a limit on the size of files", ignore: Deno.build.os === "windows" }, async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-file-limit-" });
  const executable = `${dir}/limited`;
  // Without the signal, a write beyond the limit is an error. 512 or 1024 bytes a block: both are enough for the log.
  const words = JSON.parse(await Deno.readTextFile(`${projectDirectory}deno.json`)).tasks.start.command.split(
    " ",
  );
  const program = Deno.env.get("SPORK_EXECUTABLE") ?? [Deno.execPath(), ...words.slice(1)].join(" ");
  await Deno.writeTextFile(
    executable,
    `#!/bin/sh\ntrap '' XFSZ\nulimit -f 512\ncd '${projectDirectory}'\nexec ${program} "$@"\n`,
  );
  await Deno.chmod(executable, 0o755);
  try {
    await using server = await SporkServer.start({ dir, executable, args: ARGS });
    await using client = await server.connect();
    await fill(client, 900);
    await everySaveFails(server, client, /File too large/, async () => {
      await client.call("CONFIG", "SET", "rdbcompression", "yes");
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
