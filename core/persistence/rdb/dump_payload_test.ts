import assert from "node:assert/strict";
import fc from "fast-check";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena } from "../../memory/arena.ts";
import { LiveReader } from "../../memory/arena_reader.ts";
import { DumpEncoder, isDumpPayload, restorePayload } from "./dump_payload.ts";
import { listpackOf, RdbBuilder } from "./rdb_builder.ts";
import { RdbError } from "./rdb_error.ts";
import { RecordingSink } from "./recording_sink.ts";

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const keyspace = new Keyspace(arena, 1);
const encoder = new DumpEncoder(new LiveReader(arena));
const key = new TextEncoder().encode("key");
const restoredKey = { bytes: key, start: 0, end: 3, expireAt: -1, idleSeconds: -1, frequency: -1 };
const strict = { versionCheck: "strict" } as const;

function dump(value: string, version = 11, compress = true): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const ref = keyspace.databases[0].setString(key, 0, 3, bytes, 0, bytes.length, -1);
  return encoder.dump(ref, { version, compress });
}

/** A payload with a good footer around hand-made bytes. */
function payloadOf(builder: RdbBuilder, version = 11): Uint8Array {
  return builder.raw(version & 0xff, version >> 8).withChecksum();
}

function restore(payload: Uint8Array): RecordingSink {
  const sink = new RecordingSink();
  restorePayload(payload, 0, payload.length, restoredKey, sink);
  return sink;
}

Deno.test("the payload that redis-server 7.0.15 gives for a value is the one made here", () => {
  // redis-cli: SET key 10, DUMP key
  assert.deepEqual(
    dump("10", 10),
    Uint8Array.of(0x00, 0xc0, 0x0a, 0x0a, 0x00, 0x6e, 0x9f, 0x57, 0x45, 0x0e, 0xae, 0x63, 0xbb),
  );
});

Deno.test("what is dumped is restored, with what RESTORE says about the key", () => {
  for (const value of ["", "x", "12", "-70000", "9".repeat(19), "a".repeat(1_000_000), "abc".repeat(9)]) {
    for (const compress of [true, false]) {
      const payload = dump(value, 11, compress);
      assert.ok(isDumpPayload(payload, 0, payload.length, strict));
      assert.equal(restore(payload).values().key, value);
    }
  }
  const payload = dump("v");
  const sink = new RecordingSink();
  restorePayload(
    payload,
    0,
    payload.length,
    { ...restoredKey, expireAt: 5, idleSeconds: 6, frequency: 7 },
    sink,
  );
  assert.deepEqual(sink.databases.get(0)!.get("key"), {
    value: "v",
    kind: "string",
    expireAt: 5,
    idleSeconds: 6,
    frequency: 7,
  });
});

Deno.test("a payload inside a larger buffer", () => {
  const payload = dump("inside");
  const buffer = new Uint8Array(payload.length + 20).fill(0xaa);
  buffer.set(payload, 7);
  assert.ok(isDumpPayload(buffer, 7, 7 + payload.length, strict));
  const sink = new RecordingSink();
  restorePayload(buffer, 7, 7 + payload.length, restoredKey, sink);
  assert.deepEqual(sink.values(), { key: "inside" });
});

Deno.test("hashes in every encoding are restored", () => {
  const table = payloadOf(new RdbBuilder().raw(4).length(1).string("f").string("v"));
  const listpack = payloadOf(new RdbBuilder().raw(16).blob(listpackOf(["f", "v"])));
  for (const payload of [table, listpack]) {
    assert.ok(isDumpPayload(payload, 0, payload.length, strict));
    assert.deepEqual(restore(payload).values(), { key: { f: "v" } });
  }
});

Deno.test("a wrong version, a wrong checksum and a short payload are no payload", () => {
  const payload = dump("value");
  for (let at = 0; at < payload.length; at++) {
    const changed = payload.slice();
    changed[at] ^= 0x10;
    assert.equal(isDumpPayload(changed, 0, changed.length, strict), false, `byte ${at}`);
  }
  for (let end = 0; end < payload.length; end++) assert.equal(isDumpPayload(payload, 0, end, strict), false);
  const foreign = payloadOf(new RdbBuilder().raw(0).string("v"), 12);
  assert.equal(isDumpPayload(foreign, 0, foreign.length, strict), false);
  assert.ok(isDumpPayload(foreign, 0, foreign.length, { versionCheck: "relaxed" }));
  const own = payloadOf(new RdbBuilder().raw(0).string("v"), 80);
  assert.ok(isDumpPayload(own, 0, own.length, strict));
});

Deno.test("bad values with good checksums are refused and leave nothing behind", () => {
  const bad = [
    new RdbBuilder(),
    new RdbBuilder().raw(0).length(9).text("short"),
    new RdbBuilder().raw(0, 0xc3, 1, 5, 0),
    new RdbBuilder().raw(1).length(2).string("one element"),
    new RdbBuilder().raw(4).length(0),
    new RdbBuilder().raw(4).length(2).string("f").string("v"),
    new RdbBuilder().raw(4).length(2).string("f").string("v").string("f").string("v"),
    new RdbBuilder().raw(16).blob(listpackOf([])),
    new RdbBuilder().raw(16).blob(listpackOf(["f"])),
    new RdbBuilder().raw(99).string("x"),
    new RdbBuilder().raw(255),
  ];
  for (const builder of bad) {
    const payload = payloadOf(builder);
    assert.ok(isDumpPayload(payload, 0, payload.length, strict));
    const sink = new RecordingSink();
    assert.throws(() => restorePayload(payload, 0, payload.length, restoredKey, sink), RdbError);
    assert.deepEqual(sink.values(), {});
  }
});

Deno.test("any bytes with a good checksum restore or are refused with an RdbError", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 4, 9, 13, 16, 18, 21, 22),
      fc.uint8Array({ maxLength: 120, size: "max" }),
      (type, bytes) => {
        const payload = payloadOf(new RdbBuilder().raw(type, ...bytes));
        try {
          restore(payload);
        } catch (error) {
          if (!(error instanceof RdbError)) throw error;
        }
      },
    ),
    { numRuns: 3000 },
  );
});
