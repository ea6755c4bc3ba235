// The log's directory: from one set of files to the next, with every file call failing once.
import assert from "node:assert/strict";
import { AofManifest } from "../../persistence/aof/manifest.ts";
import { eventually } from "../../../tests/harness/eventually.ts";
import { LogDirectory, type LogDirectoryFiles, systemDirectoryFiles } from "./log_directory.ts";

class Rig {
  readonly parent = Deno.makeTempDirSync();
  readonly lines: string[] = [];
  /** The call that fails, and what it is called for. */
  failing = "";

  make(): LogDirectory {
    const log = (line: string) => void this.lines.push(line);
    const directory = new LogDirectory({
      parent: this.parent,
      name: "logs",
      logName: "a.aof",
      log: { notice: log, warning: log },
      files: this.files(),
    });
    directory.read();
    return directory;
  }

  private files(): LogDirectoryFiles {
    const failing = (name: string, path: string) => {
      const wanted = this.failing.split(" ");
      if (wanted[0] === name && path.endsWith(wanted[1] ?? "")) throw new Error(`${name} failed`);
    };
    const files = { ...systemDirectoryFiles };
    return {
      ...files,
      create: (path) => (failing("create", path), files.create(path)),
      rename: (from, to) => (failing("rename", to), files.rename(from, to)),
      syncDirectory: (path) => (failing("syncDirectory", path), files.syncDirectory(path)),
      createEmpty: (path) => (failing("createEmpty", path), files.createEmpty(path)),
    };
  }

  get names(): string[] {
    return [...Deno.readDirSync(`${this.parent}/logs`)].map((entry) => entry.name).sort();
  }

  get manifest(): string {
    return Deno.readTextFileSync(`${this.parent}/logs/a.aof.manifest`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.parent, { recursive: true });
  }
}

function started(rig: Rig): LogDirectory {
  const directory = rig.make();
  directory.ensure();
  const manifest = directory.manifest.copy();
  const base = manifest.nextBase("a.aof", "rdb");
  directory.files.createEmpty(directory.pathOf(base.name));
  directory.addIncr(manifest);
  return directory;
}

Deno.test("a single file of former times becomes the base, at whichever step the upgrade was cut short", () => {
  for (const failing of ["", "rename a.aof", "rename a.aof.manifest"]) {
    using rig = new Rig();
    Deno.writeTextFileSync(`${rig.parent}/a.aof`, "old");
    const directory = rig.make();
    rig.failing = failing;
    if (failing === "") directory.adoptSingleFile();
    else {
      assert.throws(() => directory.adoptSingleFile(), /rename failed/);
      rig.failing = "";
      rig.make().adoptSingleFile();
    }
    assert.deepEqual(rig.names, ["a.aof", "a.aof.manifest"], failing);
    assert.equal(rig.manifest, "file a.aof seq 1 type b\n");
    assert.equal(Deno.readTextFileSync(`${rig.parent}/logs/a.aof`), "old");
    assert.throws(() => Deno.statSync(`${rig.parent}/a.aof`), Deno.errors.NotFound);
    assert.match(
      rig.lines.at(-1)!,
      /^Successfully migrated an old-style AOF file \(a\.aof\) into the AOF directory \(logs\)\.$/,
    );
  }
});

Deno.test("a single file beside a log that has its own files is left alone", () => {
  using rig = new Rig();
  started(rig);
  Deno.writeTextFileSync(`${rig.parent}/a.aof`, "old");
  rig.make().adoptSingleFile();
  assert.ok(Deno.statSync(`${rig.parent}/a.aof`).isFile);
  assert.equal(rig.manifest, "file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n");
});

Deno.test("increments pile up, a base takes over from all but the last, and history goes", async () => {
  using rig = new Rig();
  const directory = started(rig);
  directory.addIncr();
  directory.addIncr();
  const name = directory.nextBaseName("rdb");
  directory.files.createEmpty(directory.pathOf(name));
  directory.replaceBase("rdb", "last");
  assert.equal(
    rig.manifest,
    "file a.aof.2.base.rdb seq 2 type b\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.2.incr.aof seq 2 type h\n" +
      "file a.aof.1.base.rdb seq 1 type h\nfile a.aof.3.incr.aof seq 3 type i\n",
  );
  directory.removeHistory();
  assert.equal(rig.manifest, "file a.aof.2.base.rdb seq 2 type b\nfile a.aof.3.incr.aof seq 3 type i\n");
  await eventually(() => rig.names.length === 3);
  assert.deepEqual(rig.names, ["a.aof.2.base.rdb", "a.aof.3.incr.aof", "a.aof.manifest"]);
});

Deno.test("a reserved increment is in the manifest only with its base; a log that is off has a base alone", () => {
  using rig = new Rig();
  const directory = started(rig);
  const before = rig.manifest;
  const reserved = directory.reserveIncr();
  assert.deepEqual(reserved, { name: "a.aof.2.incr.aof", seq: 2 });
  assert.equal(rig.manifest, before);
  directory.replaceBase("aof", reserved);
  assert.equal(directory.manifest.base?.name, "a.aof.2.base.aof");
  assert.deepEqual(directory.manifest.incrs, [reserved]);
  assert.equal(directory.manifest.incrSeq, 2);
  directory.replaceBase("rdb", "none");
  assert.deepEqual(directory.manifest.files().map((entry) => entry.name), ["a.aof.3.base.rdb"]);
});

Deno.test("where a step fails the manifest in force is the one on disk, and all its files are there", () => {
  const steps: [name: string, step: (directory: LogDirectory) => void][] = [
    ["addIncr", (directory) => directory.addIncr()],
    ["replaceBase", (directory) => {
      directory.files.createEmpty(directory.pathOf(directory.nextBaseName("rdb")));
      directory.replaceBase("rdb", "last");
    }],
    ["reserved", (directory) => {
      const reserved = directory.reserveIncr();
      directory.files.createEmpty(directory.pathOf(directory.nextBaseName("rdb")));
      directory.replaceBase("rdb", reserved);
    }],
  ];
  const calls = ["createEmpty .incr.aof", "create .manifest", "rename .manifest", "syncDirectory logs"];
  for (const [name, step] of steps) {
    for (const failing of calls) {
      using rig = new Rig();
      const directory = started(rig);
      rig.failing = failing;
      if (name === "replaceBase" && failing.startsWith("createEmpty")) continue;
      assert.throws(() => step(directory), /failed/, `${name}, ${failing}`);
      rig.failing = "";
      assert.equal(directory.manifest.format(), rig.manifest, `${name}, ${failing}`);
      for (const entry of AofManifest.parse(new TextEncoder().encode(rig.manifest)).files()) {
        assert.ok(directory.files.exists(directory.pathOf(entry.name)), `${entry.name}: ${name}, ${failing}`);
      }
      directory.addIncr();
    }
  }
});

Deno.test("what a crashed rewrite left is swept up, other files stay", () => {
  using rig = new Rig();
  const directory = started(rig);
  directory.files.createEmpty(directory.pathOf("temp-rewriteaof-bg-7-1.aof"));
  directory.files.createEmpty(directory.pathOf("temp-other.aof"));
  directory.sweep();
  assert.ok(!rig.names.includes("temp-rewriteaof-bg-7-1.aof"));
  assert.ok(rig.names.includes("temp-other.aof"));
});

Deno.test("the directory itself is made durable, once", () => {
  using rig = new Rig();
  rig.failing = `syncDirectory ${rig.parent}`;
  const directory = rig.make();
  for (let time = 0; time < 2; time++) assert.throws(() => directory.ensure(), /syncDirectory failed/);
  rig.failing = "";
  directory.ensure();
  rig.failing = `syncDirectory ${rig.parent}`;
  directory.ensure();
});
