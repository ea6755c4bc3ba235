// The arena's stores, header, swap, sizes beyond 4 GiB, and the readers' side of deferred free.
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, type Ref } from "./arena.ts";
import {
  ARENA_FORMAT_VERSION,
  ARENA_MAGIC,
  HEADER_MAGIC,
  HEADER_VERSION,
  PAGE_BYTES,
} from "./arena_layout.ts";
import { ImageReader, LiveReader } from "./arena_reader.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

Deno.test("arena: the header names format and version, and roots begin as 0", () => {
  const arena = Arena.create({ bytes: MIB });
  assert.equal(arena.u32[HEADER_MAGIC], ARENA_MAGIC);
  assert.equal(new TextDecoder().decode(arena.u8.slice(HEADER_MAGIC * 4, HEADER_MAGIC * 4 + 4)), "SPRK");
  assert.equal(arena.u32[HEADER_VERSION], ARENA_FORMAT_VERSION);
  for (let slot = 0; slot < 64; slot++) assert.equal(arena.root(slot), 0);
  arena.setRoot(63, 0x7fffffff);
  assert.equal(arena.root(63), 0x7fffffff);
  assert.equal(LiveReader.from(arena.readerHandle()).root(63), 0x7fffffff);
  assert.throws(() => arena.root(64), /slots 0 to 63/);
  assert.throws(() => arena.setRoot(-1, 1), /slots 0 to 63/);
});

Deno.test("arena: sizes are whole spans, and what the system refuses is halved and told", () => {
  assert.equal(Arena.create({ bytes: 1 }).stats.total, MIB);
  assert.equal(Arena.create({ bytes: 3 * MIB + 5 }).stats.total, 3 * MIB);
  const reduced: number[] = [];
  const arena = withMemoryLimit(5 * MIB, () => {
    return Arena.create({ bytes: 32 * MIB, onReduced: (bytes) => reduced.push(bytes) });
  });
  assert.equal(arena.stats.total, 4 * MIB);
  arena.free(arena.allocate(3 * MIB));
  assert.deepEqual(reduced, [4 * MIB]);
  assert.throws(
    () => withMemoryLimit(1000, () => Arena.create({ bytes: 32 * MIB })),
    /grants not even 1048576 bytes/,
  );
});

/** Runs `action` on a system that grants no shared buffer of more than `bytesMax` bytes. */
function withMemoryLimit<T>(bytesMax: number, action: () => T): T {
  const Real = globalThis.SharedArrayBuffer;
  globalThis.SharedArrayBuffer = new Proxy(Real, {
    construct(target, [bytes]) {
      if (bytes > bytesMax) throw new RangeError("Array buffer allocation failed");
      return new target(bytes);
    },
  });
  try {
    return action();
  } finally {
    globalThis.SharedArrayBuffer = Real;
  }
}

Deno.test("arena: swap without memory for a second buffer keeps the first, or makes a smaller one under a reader", () => {
  const reduced: number[] = [];
  const arena = Arena.create({ bytes: 128 * MIB, onReduced: (bytes) => reduced.push(bytes) });
  const buffer = arena.buffer;
  arena.allocate(100 * MIB);
  withMemoryLimit(40 * MIB, () => arena.swap());
  assert.equal(arena.buffer, buffer);
  assert.equal(arena.stats.used, 0);
  assert.deepEqual(reduced, []);
  const reader = arena.openReader();
  withMemoryLimit(40 * MIB, () => arena.swap());
  assert.equal(arena.stats.total, 32 * MIB);
  assert.deepEqual(reduced, [32 * MIB]);
  assert.throws(() => arena.allocate(33 * MIB), { code: "ARENA_FULL" });
  arena.free(arena.allocate(31 * MIB));
  arena.verify();
  reader.close();
});

Deno.test("arena: copies, moves and fills do what the same on an array does, at any length and overlap", () => {
  const arena = Arena.create({ bytes: MIB });
  const bytes = 200_000;
  const base = arena.allocate(bytes) * 16;
  const model = new Uint8Array(bytes);
  arena.fill(base, bytes, 0);
  const source = new Uint8Array(70_000).map((_, i) => i * 7 + (i >> 8));
  const length = fc.oneof(
    fc.integer({ min: 0, max: 80 }),
    fc.integer({ min: 0, max: 1000 }),
    fc.integer({ min: 0, max: 69_000 }),
  );
  const offset = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 130_000 }));
  fc.assert(
    fc.property(
      fc.constantFrom("in", "within", "fill", "out"),
      offset,
      offset,
      length,
      (kind, at, from, n) => {
        if (kind === "in") {
          arena.copyIn(base + at, source, n % 1000, n);
          if (n > n % 1000) model.set(source.subarray(n % 1000, n), at);
        } else if (kind === "within") {
          arena.copyWithin(base + at, base + from, n);
          model.copyWithin(at, from, from + n);
        } else if (kind === "fill") {
          arena.fill(base + at, n, at & 0xff);
          model.fill(at & 0xff, at, at + n);
        } else {
          const out = new Uint8Array(n + 2);
          arena.copyOut(base + at, n, out, 1);
          assert.deepEqual(out.subarray(1, n + 1), model.subarray(at, at + n));
          assert.equal(out[0] + out[n + 1], 0);
          assert.equal(arena.equals(base + at, out, 1, n), true);
          if (n > 0) {
            out[n]++;
            assert.equal(arena.equals(base + at, out, 1, n), false);
          }
        }
        assert.equal(Buffer.compare(arena.u8.subarray(base, base + bytes), model), 0);
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("arena: doubles and words move as in typed arrays, whatever overlaps", () => {
  const arena = Arena.create({ bytes: 16 * MIB });
  const COUNT = 400;
  const base = arena.allocate(COUNT * 8) * 2;
  const doubles = new Float64Array(COUNT);
  for (let n = 0; n < COUNT; n++) arena.setF64(base + n, doubles[n] = n * Math.PI);
  const words = new Uint32Array(doubles.buffer);
  const place = fc.nat(COUNT - 101);
  fc.assert(fc.property(place, place, fc.nat(100), fc.boolean(), (to, from, count, whole) => {
    if (whole) {
      arena.moveF64(base + to, base + from, count);
      doubles.copyWithin(to, from, from + count);
    } else {
      // Pairs of words, so that all stay doubles.
      arena.moveU32((base + to) * 2, (base + from) * 2, count * 2);
      words.copyWithin(to * 2, from * 2, (from + count) * 2);
    }
    assert.deepEqual(arena.f64.slice(base, base + COUNT), doubles);
  }));
});

Deno.test("arena: swap empties it, in place when small and new when large or read", () => {
  const arena = Arena.create({ bytes: 256 * MIB });
  const small = arena.allocate(1000);
  arena.setRoot(1, small);
  let buffer = arena.buffer;
  arena.swap();
  assert.equal(arena.buffer, buffer);
  assert.equal(arena.root(1), 0);
  assert.equal(arena.stats.used, 0);
  assert.equal(arena.u32[HEADER_MAGIC], ARENA_MAGIC);
  arena.verify();
  arena.allocate(100 * MIB);
  assert.ok(arena.stats.peak >= 100 * MIB);
  arena.swap();
  assert.notEqual(arena.buffer, buffer);
  assert.equal(arena.u8.buffer, arena.buffer);
  assert.equal(arena.u32.buffer, arena.buffer);
  assert.equal(arena.i32.buffer, arena.buffer);
  assert.equal(arena.f64.buffer, arena.buffer);
  assert.equal(arena.stats.used, 0);
  assert.equal(arena.stats.touched, 65536);
  assert.ok(arena.stats.peak >= 100 * MIB);
  arena.verify();

  buffer = arena.buffer;
  const ref = arena.allocate(100);
  arena.setU32(ref * 4, 4711);
  const slot = arena.openReader();
  const reader = ImageReader.from(arena.readerHandle());
  arena.retire(ref);
  arena.swap();
  assert.notEqual(arena.buffer, buffer);
  assert.equal(arena.stats.retired, 0);
  const other = arena.allocate(100);
  arena.setU32(other * 4, 1);
  assert.equal(reader.u32(ref * 4), 4711);
  arena.retire(other);
  assert.ok(arena.stats.retired > 0);
  slot.close();
  arena.reclaim();
  assert.equal(arena.stats.retired, 0);
  assert.equal(arena.stats.used, 0);
  arena.verify();
});

Deno.test("arena: blocks above 4 GiB are stored, read, imaged and freed like any other", () => {
  const arena = Arena.create({ bytes: 9 * GIB });
  if (arena.stats.total < 5 * GIB) {
    console.log(`      the system grants ${arena.stats.total} bytes only: nothing to test above 4 GiB`);
    return;
  }
  const tail = 4 * MIB;
  const filler = arena.allocate(arena.stats.total - 65536 - tail);
  const ref = arena.allocate(200);
  const address = ref * 16;
  assert.ok(address >= 2 ** 32);
  const text = new TextEncoder().encode("above four gibibytes".repeat(8));
  arena.setU32(ref * 4, 0xfedcba98);
  arena.setU8(address + 4, 0x81);
  arena.setF64(ref * 2 + 1, Math.PI);
  arena.copyIn(address + 16, text, 0, text.length);
  assert.equal(arena.u32[ref * 4], 0xfedcba98);
  assert.equal(arena.u8[address + 4], 0x81);
  assert.equal(arena.f64[ref * 2 + 1], Math.PI);
  assert.ok(arena.equals(address + 16, text, 0, text.length));
  // Nothing was truncated to a low address.
  for (const low of [address % 2 ** 32, address % 2 ** 31, (address / 4) % 2 ** 31]) {
    assert.equal(arena.u32[Math.floor(low / 4)], 0);
  }
  assert.equal(arena.u32[HEADER_MAGIC], ARENA_MAGIC);

  const image = arena.beginImage({ shadowBytesMax: 4 * MIB });
  const reader = ImageReader.from(image.handle);
  arena.setU32(ref * 4, 1);
  arena.setF64(ref * 2 + 1, 2);
  arena.fill(address + 16, 20, 0x2e);
  arena.copyWithin(address + 40, address + 16, 20);
  assert.equal(image.shadowBytes, PAGE_BYTES);
  assert.equal(reader.u32(ref * 4), 0xfedcba98);
  assert.equal(reader.u8(address + 4), 0x81);
  assert.equal(reader.f64(ref * 2 + 1), Math.PI);
  const seen = new Uint8Array(text.length);
  reader.copyOut(address + 16, text.length, seen, 0);
  assert.deepEqual(seen, text);
  assert.equal(arena.u8[address + 59], 0x2e);
  image.end();
  assert.equal(reader.u32(ref * 4), 1);

  arena.free(ref);
  assert.equal(arena.allocate(200), ref);
  arena.free(ref);
  const large = arena.allocate(MIB);
  assert.ok(large * 16 >= 2 ** 32);
  assert.equal(arena.sizeOf(large), MIB);
  arena.free(large);
  arena.free(filler);
  arena.verify();
  assert.equal(arena.stats.used, 0);
});

Deno.test("arena: retire frees at once while no reader is open", () => {
  const arena = Arena.create({ bytes: MIB });
  const ref = arena.allocate(64);
  arena.retire(ref);
  assert.equal(arena.stats.used, 0);
  assert.equal(arena.allocate(64), ref);
});

Deno.test("arena: a full arena takes back what readers have passed before it gives up", () => {
  const arena = Arena.create({ bytes: MIB });
  const reader = arena.openReader();
  const block = arena.allocate(900_000);
  arena.retire(block);
  assert.throws(() => arena.allocate(900_000), { code: "ARENA_FULL" });
  reader.pass(arena.nextTicket());
  assert.equal(arena.allocate(900_000), block);
  reader.close();
});

Deno.test("arena: reclaim does bounded work", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const reader = arena.openReader();
  for (let i = 0; i < 5000; i++) arena.retire(arena.allocate(32));
  assert.equal(arena.reclaim(), 0);
  reader.close();
  assert.equal(arena.reclaim(100), 100);
  assert.equal(arena.stats.retired, 4900 * 32);
  while (arena.reclaim() > 0);
  assert.equal(arena.stats.used, 0);
});

/** Steps of the deferred-free model. A reader holds what is handed to it until it passes the ticket of that time. */
const readerSteps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...[
        "allocate",
        "allocate",
        "hand",
        "hand",
        "retire",
        "retire",
        "ticket",
        "pass",
        "reclaim",
        "open",
        "close",
      ] as const,
    ),
    pick: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  { maxLength: 400, size: "max" },
);

Deno.test("arena: no retired block is handed out again before its readers have passed", () => {
  fc.assert(
    fc.property(readerSteps, (steps) => {
      const arena = Arena.create({ bytes: MIB });
      const live: Ref[] = [];
      interface Reader {
        readonly slot: ReturnType<Arena["openReader"]>;
        held: { ref: Ref; ticket: number }[];
      }
      const readers: Reader[] = [];
      const closed: number[] = [];
      for (const { kind, pick } of steps) {
        const one = <T>(list: T[]): T => list[Math.floor(pick * list.length)];
        if (kind === "allocate") {
          const ref = arena.allocate(16 + Math.floor(pick * 40));
          for (const reader of readers) {
            assert.ok(!reader.held.some((held) => held.ref === ref), "reused under a reader");
          }
          live.push(ref);
        } else if (kind === "hand" && live.length > 0 && readers.length > 0) {
          const reader = one(readers);
          reader.held.push({ ref: one(live), ticket: reader.slot.ticket() });
        } else if (kind === "retire" && live.length > 0) {
          arena.retire(live.splice(Math.floor(pick * live.length), 1)[0]);
        } else if (kind === "ticket") {
          closed.push(arena.nextTicket());
        } else if (kind === "pass" && readers.length > 0 && closed.length > 0) {
          const reader = one(readers);
          const ticket = closed[closed.length - 1 - Math.floor(pick * Math.min(2, closed.length))];
          reader.slot.pass(ticket);
          reader.held = reader.held.filter((held) => held.ticket > ticket);
        } else if (kind === "reclaim") {
          arena.reclaim(1 + Math.floor(pick * 20));
        } else if (kind === "open" && readers.length < 4) {
          readers.push({ slot: arena.openReader(), held: [] });
        } else if (kind === "close" && readers.length > 0) {
          readers.splice(Math.floor(pick * readers.length), 1)[0].slot.close();
        }
      }
      for (const reader of readers) reader.slot.close();
      arena.reclaim(1000);
      for (const ref of live) arena.free(ref);
      assert.equal(arena.stats.retired, 0);
      assert.equal(arena.stats.used, 0);
      arena.verify();
    }),
    { numRuns: 600 },
  );
});
