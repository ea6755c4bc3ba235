// What the append-only log's loader makes of logs: whole ones, torn ones at every byte, damaged ones, and those whose
// files are missing or empty; and that `spork check aof` says the same of them.
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes/concat.ts";
import { latin1Bytes, latin1Text } from "../../core/bytes/ascii.ts";
import { RdbBuilder } from "../../core/persistence/rdb/rdb_builder.ts";
import { INCR, logged, LogWorld, MANIFEST } from "./log_world.ts";

const BASE = "appendonly.aof.1.base.rdb";
const FUTURE = 4_102_444_800_000;

/** Each is one command, one transaction or one annotation: what is loaded as a whole or not at all. */
const UNITS = [
  logged("SELECT", 0),
  logged("SET", "a", "1"),
  "#TS:1700000000\r\n",
  logged("RPUSH", "list", "x", "", "y\r\nz"),
  logged("MULTI") + logged("INCR", "a") + logged("HSET", "hash", "f", "v") + logged("EXEC"),
  logged("SELECT", 3),
  logged("ZADD", "zset", "1.5", "m"),
  logged("XADD", "stream", "1-1", "f", "v"),
  logged("MULTI") + logged("DEL", "zset") + logged("SELECT", 0) + logged("SADD", "set", "m") + logged("EXEC"),
  logged("PEXPIREAT", "a", FUTURE),
  logged("DEL", "list"),
];

Deno.test("a log that is cut anywhere loads up to the last whole command or transaction, and is cut there", async () => {
  using world = new LogWorld();
  const digests: string[] = [];
  const ends: number[] = [];
  let whole = "";
  for (const unit of ["", ...UNITS]) {
    whole += unit;
    world.writeIncr(whole);
    assert.equal(await world.load(), "");
    digests.push(world.digest);
    ends.push(whole.length);
  }
  for (let cut = 0; cut < whole.length; cut++) {
    const last = ends.findLastIndex((end) => end <= cut);
    world.writeIncr(whole.slice(0, cut));
    const isTorn = cut !== ends[last];
    if (cut > 0) assert.deepEqual(world.check(), { code: isTorn ? 1 : 0, soundBytes: ends[last] });
    assert.equal(await world.load(), "", `cut at ${cut}`);
    assert.equal(world.digest, digests[last], `cut at ${cut}`);
    assert.equal(world.size(), ends[last], `cut at ${cut}`);
    assert.equal(world.lines.some((line) => line.includes("short read")), isTorn, `cut at ${cut}`);
  }
});

Deno.test("aof-load-truncated no: a log that ends too early is refused, and left as it is", async () => {
  using world = new LogWorld(["--aof-load-truncated", "no"]);
  for (const tail of [logged("SET", "b", "2").slice(0, -1), logged("MULTI") + logged("SET", "b", "2")]) {
    world.writeIncr(UNITS[1] + tail);
    assert.match(
      await world.load(),
      /^Unexpected end of file reading the append only file .*You can: 1\) Make/,
    );
    assert.equal(world.size(), (UNITS[1] + tail).length);
  }
});

Deno.test("only the last file may end too early", async () => {
  using world = new LogWorld();
  const torn = UNITS[1] + UNITS[3].slice(0, -3);
  world.write("1.aof", torn);
  world.write("2.aof", UNITS[1]);
  world.write(MANIFEST, "file 1.aof seq 1 type i\nfile 2.aof seq 2 type i\n");
  assert.equal(await world.load(), "Fatal error: the truncated file 1.aof is not the last file");
  assert.equal(world.size("1.aof"), torn.length);
});

Deno.test("a file with only empty ones behind it may end too early: it was not durable when they were begun", async () => {
  using world = new LogWorld();
  world.write("1.aof", UNITS[1] + UNITS[3].slice(0, -3));
  world.write("2.aof", "");
  world.write(MANIFEST, "file 1.aof seq 1 type i\nfile 2.aof seq 2 type i\n");
  assert.equal(await world.load(), "");
  assert.equal(world.size("1.aof"), UNITS[1].length);
});

Deno.test("the lines of a log whose end is missing", async () => {
  using world = new LogWorld();
  world.writeIncr(UNITS[1] + logged("MULTI") + UNITS[3]);
  assert.equal(await world.load(), "");
  assert.deepEqual(world.lines.slice(0, 4), [
    `Revert incomplete MULTI/EXEC transaction from AOF file ${INCR}`,
    `!!! Warning: short read while loading the AOF file ${INCR}!!!`,
    `!!! Truncating the AOF ${INCR} at offset ${UNITS[1].length} !!!`,
    `AOF ${INCR} loaded anyway because aof-load-truncated is enabled`,
  ]);
  assert.match(world.lines[4], /^DB loaded from incr file .*: \d+\.\d{3} seconds$/);
  assert.match(world.lines[5], /^DB loaded from append only file: /);
});

Deno.test("damage anywhere: the loader and spork check aof agree on what is sound", async () => {
  using world = new LogWorld();
  const log = latin1Bytes(UNITS.join(""));
  const damage = fc.record({
    at: fc.nat(log.length - 1),
    removed: fc.nat(3),
    inserted: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom("\0\0\0\0", "*1\r\n", "EXEC", logged("MULTI"), logged("EXEC"), "$5\r\n", "#TS:1\r\n")
        .map((text) => latin1Bytes(text)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, removed, inserted }) => {
      const bytes = concatBytes([log.subarray(0, at), inserted, log.subarray(at + removed)]);
      world.writeIncr(bytes);
      const { code, soundBytes } = world.check();
      const refusal = await world.load();
      if (refusal.startsWith("Bad file format")) {
        assert.equal(code, 1);
        assert.equal(world.size(), bytes.length);
        return;
      }
      // What the words mean is no business of the check.
      if (/^(Unknown command|Wrong number|Command )/.test(refusal)) return;
      assert.equal(refusal, "");
      assert.equal(world.size(), soundBytes);
      assert.equal(code, soundBytes === bytes.length ? 0 : 1);
      assert.equal(world.check().code, 0);
      const { digest } = world;
      assert.equal(await world.load(), "");
      assert.equal(world.digest, digest);
    }),
    { numRuns: 600 },
  );
});

Deno.test("commands that no log has are refused", async () => {
  using world = new LogWorld();
  const refusal = async (text: string) => {
    world.writeIncr(UNITS[1] + text);
    return await world.load();
  };
  assert.equal(
    await refusal(logged("bla", "foo")),
    `Unknown command 'bla' reading the append only file ${INCR}`,
  );
  assert.match(await refusal(logged("MULTI") + logged("bla") + logged("EXEC")), /^Unknown command 'bla'/);
  assert.match(await refusal(logged("CONFIG", "bla")), /^Unknown command 'CONFIG'/);
  assert.match(await refusal(logged("SET", "a")), /^Wrong number of arguments for command 'set' reading/);
  assert.match(
    await refusal("!!!"),
    /^Bad file format reading the append only file .*make a backup of your AOF/,
  );
  assert.match(await refusal(logged("EXEC")), /^Bad file format/);
});

Deno.test("files that are missing or empty", async () => {
  using world = new LogWorld();
  assert.equal(await world.load(), "");
  assert.deepEqual(world.lines, []);
  world.write(MANIFEST, `file ${INCR} seq 1 type i\n`);
  assert.match(
    await world.load(),
    /^Unable to obtain the AOF file .*incr\.aof length\. stat: No such file or directory$/,
  );
  world.write(INCR, "");
  world.write(BASE, "");
  world.write(MANIFEST, `file ${BASE} seq 1 type b\nfile ${INCR} seq 1 type i\n`);
  assert.equal(await world.load(), "");
  world.write(INCR, UNITS[1]);
  assert.equal(await world.load(), "");
  assert.equal(world.server.keyspace.size, 1);
});

Deno.test("a base that is a dump, commands behind it, increments; a damaged dump is refused", async () => {
  using world = new LogWorld();
  const rdb = new RdbBuilder(11).raw(0xfe, 0, 0).string("k").string("v").end();
  world.write(BASE, concatBytes([rdb, latin1Bytes(logged("SET", "behind", "1"))]));
  world.write(INCR, logged("APPEND", "k", "w"));
  world.write(MANIFEST, `file ${BASE} seq 1 type b\nfile ${INCR} seq 1 type i\n`);
  assert.equal(await world.load(), "");
  assert.deepEqual(
    world.lines.map((line) => line.replace(/\d+\.\d{3}/, "N")),
    [
      "Reading RDB base file on AOF loading...",
      `DB loaded from base file ${BASE}: N seconds`,
      `DB loaded from incr file ${INCR}: N seconds`,
      "DB loaded from append only file: N seconds",
    ],
  );
  const { digest } = world;
  world.writeIncr(logged("SET", "k", "vw") + logged("SET", "behind", "1"));
  assert.equal(await world.load(), "");
  assert.equal(world.digest, digest);
  for (const bytes of [rdb.slice(0, -12), rdb.with(12, rdb[12] ^ 0xff)]) {
    world.write(BASE, bytes);
    world.write(MANIFEST, `file ${BASE} seq 1 type b\n`);
    assert.equal(await world.load(), `Error reading the RDB base file ${BASE}, AOF loading aborted`);
    assert.equal(world.size(BASE), bytes.length);
  }
});

Deno.test("each file begins in database 0", async () => {
  using world = new LogWorld();
  world.write("1.aof", logged("SELECT", 5) + logged("SET", "a", "1"));
  world.write("2.aof", logged("SET", "b", "1"));
  world.write(MANIFEST, "file 1.aof seq 1 type i\nfile 2.aof seq 2 type i\n");
  assert.equal(await world.load(), "");
  const { databases } = world.server.keyspace;
  assert.deepEqual([databases[0].size, databases[5].size], [1, 1]);
});

Deno.test("nothing expires while a log is loaded; what is past goes afterwards", async () => {
  using world = new LogWorld();
  const past = 1_000_000;
  world.writeIncr([
    logged("SET", "s", "1", "PXAT", past) + logged("APPEND", "s", "2") + logged("PERSIST", "s"),
    logged("RPUSH", "list", "foo") + logged("EXPIREAT", "list", 1000) + logged("RPUSH", "list", "bar"),
    logged("HSET", "h", "f", "v") + logged("PEXPIREAT", "h", past) + logged("HSET", "h", "g", "v"),
  ].join(""));
  assert.equal(await world.load(), "");
  const { server } = world;
  const db = server.keyspace.databases[0];
  const has = (key: string) => {
    const bytes = latin1Bytes(key);
    return db.peek(bytes, 0, bytes.length) !== 0;
  };
  assert.deepEqual([db.size, has("s"), has("list"), has("h")], [3, true, false, false]);
});

Deno.test("a log says what was: limits on trims and lengths are none of its", async () => {
  using world = new LogWorld(["--proto-max-bulk-len", "1mb"]);
  world.writeIncr(
    logged("XADD", "s", "1-1", "f", "v") +
      logged("XADD", "s", "MAXLEN", "=", 1, "LIMIT", 5, "2-1", "f", "v") +
      logged("SETRANGE", "long", 2 * 1024 * 1024, "x"),
  );
  assert.equal(await world.load(), "");
  assert.deepEqual(world.lines.filter((line) => line.includes("CRITICAL")), []);
  assert.equal(world.server.keyspace.databases[0].size, 2);
});

Deno.test("a command that fails is told, and the log goes on", async () => {
  using world = new LogWorld();
  world.writeIncr(logged("SET", "a", "x") + logged("INCR", "a") + logged("SET", "b", "1"));
  assert.equal(await world.load(), "");
  assert.match(
    world.lines[0],
    /^== CRITICAL == This server is sending an error to its AOF-loading-client: 'ERR value/,
  );
  assert.equal(world.server.keyspace.size, 2);
});

Deno.test("loading leaves no trace in statistics, logs and the feed", async () => {
  using world = new LogWorld(["--slowlog-log-slower-than", "0", "--maxmemory", "1mb"]);
  const { server } = world;
  let fed = 0;
  const stream = server.propagation.attach({ target: 3, append: (bytes) => fed += bytes.length });
  world.writeIncr(UNITS.join("") + logged("SET", "big", "x".repeat(3_000_000)));
  assert.equal(await world.load(), "");
  server.propagation.flush();
  assert.equal(fed, 0);
  assert.equal(server.propagation.active, true);
  assert.equal(server.stats.commands, 0);
  assert.equal(server.commandLogs.slow.length, 0);
  assert.equal(server.keyspace.dirty, 0);
  assert.equal(server.keyspace.stats.evicted, 0);
  assert.equal(server.commands.byName("set")!.calls, 0);
  server.propagation.detach(stream);
});

Deno.test("an arena that is too small for the log is said to be", async () => {
  using world = new LogWorld(["--arena-size", "8mb"]);
  world.writeIncr(
    Array.from({ length: 20 }, (_, k) => logged("SET", `k${k}`, "x".repeat(1_000_000))).join(""),
  );
  assert.match(await world.load(), /larger than the arena.*START_DATASET_TOO_LARGE/);
});

Deno.test("function libraries of a base of commands are kept", async () => {
  using world = new LogWorld();
  const code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
  for (let time = 0; time < 2; time++) {
    world.writeIncr(
      `#TS:1700000000\r\n${logged("FUNCTION", "LOAD", code)}${logged("SELECT", 0)}${logged("SET", "a", 1)}`,
    );
    assert.equal(await world.load(), "");
    const { functions } = world.server.loader;
    assert.deepEqual(functions.map((bytes) => latin1Text(bytes, 0, bytes.length)), [code]);
    assert.equal(world.server.keyspace.size, 1);
  }
  world.writeIncr(logged("FUNCTION", "LIST"));
  assert.match(await world.load(), /^Unknown command 'FUNCTION' reading the append only file/);
});
