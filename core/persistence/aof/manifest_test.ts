import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { FaultyFiles } from "../rdb/faulty_files.ts";
import { SaveFileError } from "../rdb/save_file.ts";
import { AofManifest, ManifestError, manifestName, writeManifest } from "./manifest.ts";

const encoder = new TextEncoder();
const parse = (text: string): AofManifest => AofManifest.parse(encoder.encode(text));

function errorOf(text: string): ManifestError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ManifestError, `${error}`);
    return error;
  }
  throw new Error(`was accepted: ${text}`);
}

Deno.test("what Valkey writes is read, and written the same", () => {
  const text = "file appendonly.aof.2.base.rdb seq 2 type b\n" +
    "file appendonly.aof.1.incr.aof seq 1 type h\n" +
    "file appendonly.aof.2.incr.aof seq 2 type i\n" +
    "file appendonly.aof.5.incr.aof seq 5 type i\n";
  const manifest = parse(text);
  assert.deepEqual(manifest.files().map(({ name }) => name), [
    "appendonly.aof.2.base.rdb",
    "appendonly.aof.2.incr.aof",
    "appendonly.aof.5.incr.aof",
  ]);
  assert.deepEqual(manifest.history, [{ name: "appendonly.aof.1.incr.aof", seq: 1 }]);
  assert.deepEqual([manifest.baseSeq, manifest.incrSeq], [2, 5]);
  assert.equal(manifest.format(), text);
});

Deno.test("comments, other orders, capitals, white space, quotes and unknown words are read", () => {
  const manifest = parse(
    `# ${
      "a comment may be long ".repeat(100)
    }\n \tTYPE b seq 3 FILE "a \\"b\\" \\xc3\\xa9" startoffset 17\r\n`,
  );
  assert.deepEqual(manifest.base, { name: 'a "b" é', seq: 3 });
});

Deno.test("what is wrong is told in Valkey's words, with the line", () => {
  const base = "file a seq 1 type b\n";
  const cases: [text: string, reason: string, line: number][] = [
    ["", "Found an empty AOF manifest", 0],
    ["file a seq 1 type b", "The AOF manifest file contains too long line", 0],
    [`file ${"a".repeat(1010)} seq 1 type b\n`, "The AOF manifest file contains too long line", 0],
    [`${base}\n`, "Invalid AOF manifest file format", 2],
    ["file a seq 1\n", "Invalid AOF manifest file format", 1],
    ["file a seq 1 type b more\n", "Invalid AOF manifest file format", 1],
    ['file "a seq 1 type b\n', "Invalid AOF manifest file format", 1],
    ["file a seq 0 type b\n", "Invalid AOF manifest file format", 1],
    ["file a seq x type b\n", "Invalid AOF manifest file format", 1],
    ["file a seq -1 type b\n", "Invalid AOF manifest file format", 1],
    ['file "" seq 1 type b\n', "Invalid AOF manifest file format", 1],
    ['file a seq 1 type ""\n', "Invalid AOF manifest file format", 1],
    ["name a seq 1 type b\n", "Invalid AOF manifest file format", 1],
    ["file ../a seq 1 type b\n", "File can't be a path, just a filename", 1],
    ["file a\\b seq 1 type b\n", "File can't be a path, just a filename", 1],
    [`${base}# comment\n${base}`, "Found duplicate base file information", 3],
    ["file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number", 2],
    ["file a seq 1 type z\n", "Unknown AOF file type", 1],
  ];
  for (const [text, reason, line] of cases) {
    const error = errorOf(text);
    assert.deepEqual([error.reason, error.line], [reason, line], text);
  }
  assert.deepEqual(errorOf("file a seq 1 type z\n").report(), [
    "*** FATAL AOF MANIFEST FILE ERROR ***",
    "Reading the manifest file, at line 1",
    ">>> 'file a seq 1 type z'",
    "Unknown AOF file type",
  ]);
  assert.throws(() => AofManifest.parse(latin1Bytes("file \xff seq 1 type b\n")), ManifestError);
});

const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .filter((name) => !/[/\\\0]/.test(name) && name.isWellFormed());
const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 48 }), { maxLength: 6 });

Deno.test("property: whatever is written is read back", () => {
  fc.assert(fc.property(names, seqs, seqs, fc.boolean(), (name, incrs, history, hasBase) => {
    const manifest = new AofManifest();
    if (hasBase) manifest.base = { name, seq: manifest.baseSeq = 7 };
    manifest.history = history.map((seq) => ({ name: `${name}.h`, seq }));
    manifest.incrs = incrs.sort((a, b) => a - b).map((seq) => ({ name: `${seq} ${name}`, seq }));
    manifest.incrSeq = incrs.at(-1) ?? 0;
    const text = manifest.format();
    if (text === "") return;
    assert.deepEqual({ ...parse(text) }, { ...manifest });
  }));
});

Deno.test("property: no bytes make anything but a manifest or a ManifestError", () => {
  const piece = fc.constantFrom(
    "file",
    " a ",
    "seq",
    " 1 ",
    "type",
    " b\n",
    " i\n",
    '"',
    "\\x",
    "#",
    "\n",
    "\xff",
    "\0",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
    try {
      const text = AofManifest.parse(latin1Bytes(pieces.join(""))).format();
      if (text !== "") assert.equal(parse(text).format(), text);
    } catch (error) {
      assert.ok(error instanceof ManifestError, `${error}`);
    }
  }));
});

Deno.test("the files of rewrites follow each other", () => {
  let manifest = new AofManifest();
  manifest.adoptSingleFile("appendonly.aof");
  manifest.nextIncr("appendonly.aof");
  const before = manifest.format();
  assert.equal(before, "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
  // A rewrite: a new increment when it begins, the base and the end of the old ones when it is done.
  const inForce = manifest;
  manifest = manifest.copy();
  manifest.nextIncr("appendonly.aof");
  manifest.nextBase("appendonly.aof", "rdb");
  manifest.retireIncrs(1);
  assert.equal(inForce.format(), before);
  assert.equal(
    manifest.format(),
    "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n" +
      "file appendonly.aof seq 1 type h\nfile appendonly.aof.2.incr.aof seq 2 type i\n",
  );
  manifest.retireIncrs(0);
  assert.equal(manifest.nextBase("x y", "aof").name, "x y.3.base.aof");
  assert.deepEqual(manifest.incrs, []);
  assert.match(manifest.format(), /^file "x y\.3\.base\.aof" seq 3 type b\n/);
});

Deno.test("a new manifest replaces the old one in one durable step", () => {
  const files = new FaultyFiles("nothing");
  const manifest = new AofManifest();
  manifest.nextIncr("log");
  writeManifest("/data", "log", manifest, files);
  const written = Uint8Array.from(files.files.get(`/data/${manifestName("log")}`)!);
  assert.equal(AofManifest.parse(written).format(), manifest.format());
  assert.deepEqual(files.calls, ["create", "write", "sync", "close", "rename", "syncDirectory"]);
  assert.equal(files.openFiles, 0);
});

Deno.test("whichever call fails, the old manifest or the new one is whole, and no temporary file stays", () => {
  const old = [...encoder.encode("file old seq 1 type i\n")];
  const manifest = new AofManifest();
  manifest.nextIncr("log");
  const renewed = [...encoder.encode(manifest.format())];
  for (const failing of ["create", "write", "write nothing", "sync", "close", "rename", "syncDirectory"]) {
    const files = new FaultyFiles(failing, 5);
    files.files.set("/data/log.manifest", old);
    assert.throws(() => writeManifest("/data", "log", manifest, files), SaveFileError, failing);
    const expected = failing === "syncDirectory" ? renewed : old;
    assert.deepEqual(files.files.get("/data/log.manifest"), expected, failing);
    assert.equal(files.files.has("/data/temp-log.manifest"), false, failing);
    assert.equal(files.openFiles, 0, failing);
  }
});
