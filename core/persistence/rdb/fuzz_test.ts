// Throws damaged input at the decoder: whatever the bytes are, it ends in success or an RdbError, soon, without
// taking memory that the input does not account for.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ByteSource, MemoryByteSource } from "./byte_source.ts";
import { loadRdb, loadRdbInSlices } from "./load.ts";
import { listpackOf, RdbBuilder, streamValue, ziplistOf } from "./rdb_builder.ts";
import { RdbError } from "./rdb_error.ts";
import { RecordingSink } from "./recording_sink.ts";

const fixtures = new URL("../../../tests/fixtures/rdb/", import.meta.url);
const options = { databases: 16, checksum: "ignore", versionCheck: "relaxed", unsupported: "skip" } as const;
const RUNS = 6000;
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

/** One stream with every opcode and value type there is. */
function everything(): Uint8Array {
  const builder = new RdbBuilder(80).raw(0xfa).string("redis-ver").string("7.2.4").raw(0xf5).string("code")
    .raw(0xf7).length(7).length(2).length(1).length(5).string("data").length(4).little(1n, 8).length(0)
    .raw(0xf3).string("j".repeat(40)).length(1).length(0).length(100)
    .raw(0xfe, 0, 0xfb).length(20).length(3).raw(0xf4, 1, 2, 1)
    .raw(0xfc).little(9_000_000_000_000n, 8).raw(0xf8).length(300).raw(0).string("s").string("value")
    .raw(0xfd).little(1n, 4).raw(0xf9, 7).raw(0).string("i").raw(0xc2, 1, 2, 3, 4)
    .raw(0).string("z").raw(0xc3, 7, 8, 1, 97, 98, 3 << 5, 1, 0, 99)
    .raw(1).string("list").length(2).string("a").string("b")
    .raw(2).string("set").length(2).string("a").string("b")
    .raw(3).string("zset").length(2).string("a").raw(1, 0x31).string("b").raw(255)
    .raw(4).string("hash").length(2).string("f").string("v").string("g").string("w")
    .raw(5).string("zset2").length(1).string("a").little(0n, 8)
    .raw(7).string("module").length(9).length(1).length(5).length(0)
    .raw(9).string("zipmap").blob(new RdbBuilder().raw(1, 1, 97, 1, 0, 98, 0xff).build())
    .raw(10).string("ziplist").blob(ziplistOf(["a", 3]))
    .raw(11).string("intset").blob(
      new RdbBuilder().little(2n, 4).little(2n, 4).little(1n, 2).little(2n, 2).build(),
    )
    .raw(12).string("zz").blob(ziplistOf(["a", 3]))
    .raw(13).string("hz").blob(ziplistOf(["a", 3, "long".repeat(9), "v"]))
    .raw(14).string("ql").length(2).blob(ziplistOf(["a"])).blob(ziplistOf(["b", 12]))
    .raw(16).string("hl").blob(listpackOf(["a", 3, "long".repeat(9), "v"]))
    .raw(17).string("zl").blob(listpackOf(["a", 3]))
    .raw(18).string("ql2").length(2).length(2).blob(listpackOf(["a"])).length(1).string("plain")
    .raw(20).string("sl").blob(listpackOf(["a", 3]))
    .raw(22).string("he").length(1).string("f").string("v").little(-1n & 0xffffffffffffffffn, 8);
  streamValue(builder.raw(15).string("st1"), 1);
  streamValue(builder.raw(19).string("st2"), 2);
  streamValue(builder.raw(21).string("st3"), 3);
  return builder.end();
}

const seeds: Uint8Array[] = [everything()];
for (const entry of Deno.readDirSync(fixtures)) seeds.push(Deno.readFileSync(new URL(entry.name, fixtures)));

type Damage =
  | { kind: "flip" | "set"; at: number; value: number }
  | { kind: "cut"; at: number }
  | { kind: "insert"; at: number; bytes: Uint8Array }
  | { kind: "remove" | "repeat"; at: number; count: number };

const at = fc.nat(1 << 20);
const lengths = fc.constantFrom(
  [0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],
  [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0x7f, 0xff, 0xff, 0xff],
  [0x7f, 0xff],
).map((bytes) => Uint8Array.from(bytes));
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("flip" as const, "set" as const),
    at,
    value: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant("cut" as const), at }),
  fc.record({
    kind: fc.constant("insert" as const),
    at,
    bytes: fc.oneof(lengths, fc.uint8Array({ maxLength: 9 })),
  }),
  fc.record({ kind: fc.constantFrom("remove" as const, "repeat" as const), at, count: fc.nat(20) }),
);

function applied(bytes: Uint8Array, damages: Damage[]): Uint8Array {
  let result = [...bytes];
  for (const one of damages) {
    const index = one.at % (result.length + 1);
    switch (one.kind) {
      case "flip":
        if (index < result.length) result[index] ^= one.value;
        break;
      case "set":
        if (index < result.length) result[index] = one.value;
        break;
      case "cut":
        result = result.slice(0, index);
        break;
      case "insert":
        result.splice(index, 0, ...one.bytes);
        break;
      case "remove":
        result.splice(index, one.count);
        break;
      case "repeat":
        result.splice(index, 0, ...result.slice(index, index + one.count));
    }
  }
  return Uint8Array.from(result);
}

const damaged = fc.tuple(fc.constantFrom(...seeds), fc.array(damage, { minLength: 1, maxLength: 4 }))
  .map(([seed, damages]) => applied(seed, damages));

/** The error's code, "loaded" where there is none. */
function outcomeOf(bytes: Uint8Array): string {
  const sink = new RecordingSink();
  try {
    loadRdb(new MemoryByteSource(bytes), sink, options);
    assert.ok(sink.ended);
    return "loaded";
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message);
    return `${error.code} ${error.offset}`;
  }
}

Deno.test("the seeds are sound, so that damage reaches deep", () => {
  assert.equal(outcomeOf(seeds[0]), "loaded");
  assert.ok(seeds.filter((bytes) => outcomeOf(bytes) === "loaded").length >= 8);
});

Deno.test("damaged dumps end in an RdbError or load, within bounded memory", () => {
  const before = Deno.memoryUsage();
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(damaged, (bytes) => void outcomes.add(outcomeOf(bytes).split(" ")[0])),
    { numRuns: RUNS },
  );
  for (const code of ["loaded", "RDB_TRUNCATED", "RDB_BAD_LENGTH", "RDB_BAD_VALUE", "RDB_UNKNOWN_TYPE"]) {
    assert.ok(outcomes.has(code), `no run ended in ${code}: the damage is too tame`);
  }
  const after = Deno.memoryUsage();
  assert.ok(after.external - before.external < MEMORY_BYTES_MAX, `external memory grew to ${after.external}`);
});

Deno.test("random bytes behind a good header end likewise", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 9, 11, 80),
      fc.uint8Array({ maxLength: 300, size: "max" }),
      (version, bytes) => {
        outcomeOf(new RdbBuilder(version).raw(...bytes).build());
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("in pieces of unknown total, damage has the same outcome", async () => {
  class Trickle implements ByteSource {
    readonly totalBytes = undefined;
    #at = 0;
    constructor(private readonly bytes: Uint8Array, private readonly size: number) {}
    read(target: Uint8Array): number {
      const count = Math.min(this.size, target.length, this.bytes.length - this.#at);
      target.set(this.bytes.subarray(this.#at, this.#at + count));
      this.#at += count;
      return count;
    }
  }
  await fc.assert(
    fc.asyncProperty(damaged, fc.integer({ min: 1, max: 64 }), async (bytes, size) => {
      const sink = new RecordingSink();
      const whole = outcomeOf(bytes);
      let outcome = "loaded";
      try {
        await loadRdbInSlices(new Trickle(bytes, size), sink, {
          ...options,
          sliceMilliseconds: 1000,
          pause: () => Promise.resolve(),
        });
      } catch (error) {
        if (!(error instanceof RdbError)) throw error;
        outcome = `${error.code} ${error.offset}`;
      }
      // Where the size is known a length beyond it is seen earlier, and told as such.
      if (!whole.startsWith("RDB_TRUNCATED") && !outcome.startsWith("RDB_TRUNCATED")) {
        assert.equal(outcome, whole);
      }
      assert.equal(outcome === "loaded", whole === "loaded");
    }),
    { numRuns: 1500 },
  );
});
