import assert from "node:assert/strict";
import { FaultyFiles } from "./faulty_files.ts";
import { type SaveFileSystem, systemFiles } from "./file_system.ts";
import { SaveFile, SaveFileError, sweepTempFiles, tempFileName } from "./save_file.ts";

function save(files: SaveFileSystem, directory = "/data"): void {
  const file = new SaveFile({ directory, tempName: "temp-7.rdb", incrementalSync: false, files });
  try {
    file.push(Uint8Array.of(4, 5));
    file.push(Uint8Array.of(6, 7, 8));
    file.commit("dump.rdb");
  } catch (error) {
    file.discard();
    throw error;
  }
}

Deno.test("a save replaces the old dump only when the new one is durable", () => {
  const files = new FaultyFiles("nothing", 2);
  save(files);
  assert.deepEqual([...files.files], [["/data/dump.rdb", [4, 5, 6, 7, 8]]]);
  assert.ok(files.directorySynced);
  assert.equal(files.openFiles, 0);
  assert.deepEqual(files.calls.slice(-4), ["sync", "close", "rename", "syncDirectory"]);
});

Deno.test("whatever fails, the old dump stays, the temporary file goes and the error says what was being done", () => {
  const cases: [string, string][] = [
    ["write", "write"],
    ["write nothing", "write"],
    ["sync", "fsync"],
    ["close", "close"],
    ["rename", "rename"],
  ];
  for (const [failing, action] of cases) {
    const files = new FaultyFiles(failing);
    assert.throws(() => save(files), (error) => {
      assert.ok(error instanceof SaveFileError);
      assert.equal(error.action, action);
      assert.match(error.message, /\/data\/temp-7\.rdb: (No space left|the system took no bytes)/);
      return true;
    });
    assert.deepEqual([...files.files], [["/data/dump.rdb", [1, 2, 3]]], `after a failing ${failing}`);
    assert.equal(files.openFiles, 0, `after a failing ${failing}`);
  }
});

Deno.test("a directory that cannot be synced is reported, with the new dump in place", () => {
  const files = new FaultyFiles("syncDirectory");
  assert.throws(() => save(files), { action: "sync directory", path: "/data" });
  assert.deepEqual([...files.files], [["/data/dump.rdb", [4, 5, 6, 7, 8]]]);
});

Deno.test("a temporary file that cannot be made leaves nothing behind", () => {
  const files = new FaultyFiles("create");
  assert.throws(() => save(files), { action: "open" });
  assert.deepEqual([...files.files.keys()], ["/data/dump.rdb"]);
});

Deno.test("discarding is harmless after the end and twice", () => {
  const files = new FaultyFiles("nothing");
  const file = new SaveFile({ directory: "/data", tempName: "temp-7.rdb", incrementalSync: false, files });
  file.push(Uint8Array.of(1));
  file.discard();
  file.discard();
  assert.deepEqual([...files.files.keys()], ["/data/dump.rdb"]);
  assert.throws(() => file.push(Uint8Array.of(2)), /has ended/);
});

Deno.test("incremental sync bounds what a last sync has to do", () => {
  const files = new FaultyFiles("nothing");
  const file = new SaveFile({ directory: "/data", tempName: "temp-7.rdb", incrementalSync: true, files });
  const chunk = new Uint8Array(1024 * 1024);
  for (let k = 0; k < 9; k++) file.push(chunk);
  assert.equal(files.calls.filter((call) => call === "sync").length, 2);
  file.discard();
});

Deno.test("on a real disk: save over an old dump, errors with the system's reason", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${directory}/dump.rdb`, Uint8Array.of(1, 2, 3));
    save(systemFiles, directory);
    assert.deepEqual(await Deno.readFile(`${directory}/dump.rdb`), Uint8Array.of(4, 5, 6, 7, 8));
    assert.deepEqual(systemFiles.list(directory), ["dump.rdb"]);
    await Deno.mkdir(`${directory}/folder`);
    const file = new SaveFile({ directory, tempName: "temp-7.rdb", incrementalSync: false });
    file.push(Uint8Array.of(1));
    assert.throws(() => file.commit("folder"), { action: "rename" });
    assert.deepEqual(systemFiles.list(directory), ["dump.rdb"]);
    assert.throws(
      () =>
        new SaveFile({ directory: `${directory}/nowhere`, tempName: "temp-7.rdb", incrementalSync: false }),
      { action: "open" },
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("sweeping removes abandoned temporary files of ours and nothing else", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const abandoned = [tempFileName(123), tempFileName(123, 4)];
    const others = [
      "dump.rdb",
      "temp-.rdb",
      "temp-x.rdb",
      "my-temp-1.rdb",
      "temp-1.rdb.bak",
      "temp-forkless-1.rdb",
    ];
    for (const name of [...abandoned, ...others]) await Deno.writeTextFile(`${directory}/${name}`, name);
    await Deno.mkdir(`${directory}/temp-9.rdb`);
    const live = new SaveFile({ directory, tempName: tempFileName(55, 1), incrementalSync: false });
    const report = sweepTempFiles(directory);
    assert.deepEqual(report.removed.sort(), abandoned.sort());
    assert.deepEqual(report.problems, []);
    assert.throws(
      () => new SaveFile({ directory, tempName: tempFileName(55, 1), incrementalSync: false }),
      /another process/,
    );
    live.push(Uint8Array.of(1));
    live.commit("live.rdb");
    assert.deepEqual(sweepTempFiles(directory).removed, []);
    assert.deepEqual(systemFiles.list(directory).sort(), [...others, "live.rdb"].sort());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("sweeping goes on where one file or the directory resists, and tells so", () => {
  const files: SaveFileSystem = {
    ...systemFiles,
    list: (path) => {
      if (path === "/sealed") throw new Error("Permission denied");
      return ["temp-1.rdb", "temp-2.rdb", "dump.rdb"];
    },
    removeUnlocked: (path) => {
      if (path === "/data/temp-1.rdb") throw new Error("Operation not permitted");
      return true;
    },
  };
  assert.deepEqual(sweepTempFiles("/data", files), {
    removed: ["temp-2.rdb"],
    problems: ["/data/temp-1.rdb: Operation not permitted"],
  });
  assert.deepEqual(sweepTempFiles("/sealed", files), {
    removed: [],
    problems: ["/sealed: Permission denied"],
  });
});
