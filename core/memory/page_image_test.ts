// Page images: whatever is stored through whichever function, a reader sees the arena of the cut, byte for byte.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "./arena.ts";
import { PAGE_BYTES } from "./arena_layout.ts";
import { ImageReader, LiveReader } from "./arena_reader.ts";
import type { PageImage } from "./page_image.ts";
import type { ReadJob } from "./page_image_test_worker.ts";

const MIB = 1024 * 1024;
const DATA_START = 65536;

const KINDS = [
  ...[
    "u8",
    "u32",
    "f64",
    "copyIn",
    "copyWithin",
    "moveF64",
    "moveU32",
    "fill",
    "allocate",
    "free",
    "root",
  ] as const,
];

/** One store; `at` and `from` are fractions of the data range. */
interface Store {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  readonly from: number;
  readonly length: number;
  readonly value: number;
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const store: fc.Arbitrary<Store> = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fraction,
  from: fraction,
  length: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 60_000 })),
  value: fc.integer({ min: 0, max: 0xffffffff }),
});

const source = new Uint8Array(65536);
for (let i = 0; i < source.length; i++) source[i] = i * 31 + (i >> 8);

class Stores {
  readonly #taken: number[] = [];

  constructor(readonly arena: Arena, readonly dataBytes: number) {}

  apply(step: Store): void {
    const { arena } = this;
    const address = DATA_START + Math.floor(step.at * this.dataBytes);
    const end = DATA_START + this.dataBytes;
    const length = Math.min(step.length, end - address);
    switch (step.kind) {
      case "u8":
        return arena.setU8(address, step.value);
      case "u32":
        return arena.setU32(Math.floor(address / 4), step.value);
      case "f64":
        return arena.setF64(Math.floor(address / 8), step.value / 7);
      case "copyIn":
        return arena.copyIn(address, source, 3, 3 + length);
      case "copyWithin": {
        const from = DATA_START + Math.floor(step.from * (this.dataBytes - length));
        return arena.copyWithin(address, from, length);
      }
      case "moveF64": {
        const from = DATA_START + Math.floor(step.from * (this.dataBytes - length));
        return arena.moveF64(Math.floor(address / 8), Math.floor(from / 8), Math.floor(length / 8));
      }
      case "moveU32": {
        const from = DATA_START + Math.floor(step.from * (this.dataBytes - length));
        return arena.moveU32(Math.floor(address / 4), Math.floor(from / 4), Math.floor(length / 4));
      }
      case "fill":
        return arena.fill(address, length, step.value & 0xff);
      case "allocate":
        this.#taken.push(arena.allocate(step.length));
        return;
      case "free":
        // The block that was allocated for the data is never freed; free lists are stored to inside others.
        if (this.#taken.length > 0) {
          arena.free(this.#taken.splice(Math.floor(step.from * this.#taken.length), 1)[0]);
        }
        return;
      case "root":
        return arena.setRoot(step.length % 64, step.value >>> 1);
    }
  }
}

function assertImage(reader: ImageReader, image: PageImage, cut: Uint8Array): void {
  const seen = new Uint8Array(image.bytes);
  // In unequal parts, so that copies begin and end inside pages.
  for (let at = 0, part = 1; at < seen.length; at += part, part = part * 3 % 40_009) {
    reader.copyOut(at, Math.min(part, seen.length - at), seen, at);
  }
  assert.ok(equal(seen, cut), "copyOut differs from the arena at the cut");
  const words = new Uint32Array(cut.buffer);
  const doubles = new Float64Array(cut.buffer);
  for (let at = 8; at < cut.length; at += 1009) {
    assert.equal(reader.u8(at), cut[at]);
    assert.equal(reader.u32(at >>> 2), words[at >>> 2]);
    assert.ok(Object.is(reader.f64(at >>> 3), doubles[at >>> 3]));
  }
  for (let slot = 0; slot < 64; slot++) assert.equal(reader.root(slot), words[16 + slot]);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

Deno.test("image: the reader sees the cut byte for byte, through any stores, several images in a row", () => {
  fc.assert(
    fc.property(
      fc.array(store, { maxLength: 60, size: "max" }),
      fc.array(fc.array(store, { maxLength: 120, size: "max" }), { minLength: 1, maxLength: 3 }),
      (before, images) => {
        const arena = Arena.create({ bytes: 16 * MIB });
        const dataBytes = 600_000;
        arena.allocate(dataBytes);
        const stores = new Stores(arena, dataBytes);
        for (const step of before) stores.apply(step);
        const slot = arena.openReader();
        // Attached before any image has begun.
        const reader = ImageReader.from(arena.readerHandle());
        for (const steps of images) {
          const image = arena.beginImage({ shadowBytesMax: 16 * MIB });
          const cut = arena.u8.slice(0, image.bytes);
          for (const step of steps) stores.apply(step);
          assertImage(reader, image, cut);
          assert.equal(image.overLimit, false);
          assert.ok(image.shadowBytes <= image.bytes);
          image.end();
          const live = new LiveReader(arena);
          for (let at = 16; at < cut.length; at += 4099) assert.equal(reader.u8(at), live.u8(at));
        }
        slot.close();
        arena.verify();
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("image: only pages of the cut are copied, each once", () => {
  const arena = Arena.create({ bytes: 16 * MIB });
  const ref = arena.allocate(PAGE_BYTES * 8);
  const image = arena.beginImage({ shadowBytesMax: MIB });
  arena.setU32(ref * 4, 1);
  arena.setU32(ref * 4 + 1, 1);
  assert.equal(image.shadowBytes, PAGE_BYTES);
  arena.fill(ref * 16 + PAGE_BYTES - 1, PAGE_BYTES + 2, 7);
  assert.equal(image.shadowBytes, 3 * PAGE_BYTES);
  const later = arena.allocate(MIB);
  arena.fill(later * 16, MIB, 7);
  assert.equal(image.shadowBytes, 3 * PAGE_BYTES);
  image.end();
  assert.equal(image.shadowBytes, 0);
  assert.equal(image.shadowBytesPeak, 3 * PAGE_BYTES);
  arena.setU32(ref * 4, 2);
  assert.equal(image.shadowBytes, 0);
});

Deno.test("image: one at a time; end may be called twice", () => {
  const arena = Arena.create({ bytes: MIB });
  const first = arena.beginImage({ shadowBytesMax: MIB });
  assert.throws(() => arena.beginImage({ shadowBytesMax: MIB }), /is active/);
  first.end();
  const second = arena.beginImage({ shadowBytesMax: MIB });
  first.end();
  assert.throws(() => arena.beginImage({ shadowBytesMax: MIB }), /is active/);
  second.end();
  assert.throws(() => second.handle, /has ended/);
});

Deno.test("image: much shadow memory is given back when nobody can be reading it", () => {
  const arena = Arena.create({ bytes: 64 * MIB });
  const ref = arena.allocate(40 * MIB);
  const touchAll = () => {
    for (let at = 0; at < 40 * MIB; at += PAGE_BYTES) arena.setU8(ref * 16 + at, 1);
  };
  const image = arena.beginImage({ shadowBytesMax: 64 * MIB });
  touchAll();
  assert.equal(arena.stats.shadow, 40 * MIB);
  image.end();
  assert.equal(arena.stats.shadow, 0);
  assert.equal(image.shadowBytesPeak, 40 * MIB);
  const reader = arena.openReader();
  const other = arena.beginImage({ shadowBytesMax: 64 * MIB });
  touchAll();
  other.end();
  assert.equal(arena.stats.shadow, 40 * MIB);
  reader.close();
  assert.equal(arena.stats.shadow, 0);
});

Deno.test("image: over the limit, the page that could not be kept is lost and says so, the others stay right", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const word = arena.allocate(PAGE_BYTES * 8) * 4;
  const pageWord = (page: number) => word + page * PAGE_BYTES / 4;
  for (let page = 0; page < 8; page++) arena.setU32(pageWord(page), 100 + page);
  let calls = 0;
  const image = arena.beginImage({ shadowBytesMax: 2 * PAGE_BYTES + 5, onOverLimit: () => calls++ });
  const reader = ImageReader.from(image.handle);
  for (let page = 0; page < 5; page++) arena.setU32(pageWord(page), page);
  assert.equal(calls, 1);
  assert.equal(image.overLimit, true);
  assert.equal(image.shadowBytes, 2 * PAGE_BYTES);
  for (let page = 0; page < 8; page++) {
    if (page < 2 || page >= 5) assert.equal(reader.u32(pageWord(page)), 100 + page);
    else assert.throws(() => reader.u32(pageWord(page)), { code: "IMAGE_LOST" });
  }
  assert.throws(() => reader.copyOut(word * 4, 8 * PAGE_BYTES, new Uint8Array(8 * PAGE_BYTES), 0), {
    code: "IMAGE_LOST",
  });
  image.end();
  for (let page = 0; page < 5; page++) assert.equal(reader.u32(pageWord(page)), page);
  const next = arena.beginImage({ shadowBytesMax: MIB });
  assert.equal(next.overLimit, false);
  next.end();
});

Deno.test("image: released pages free their shadow, cost no more copies, and cannot be read again", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const ref = arena.allocate(PAGE_BYTES * 6);
  const word = ref * 4;
  const image = arena.beginImage({ shadowBytesMax: 2 * PAGE_BYTES });
  const reader = ImageReader.from(image.handle);
  arena.setU32(word, 1);
  arena.setU32(word + PAGE_BYTES / 4, 1);
  // Not the whole of the second page: it stays.
  image.release(ref * 16, ref * 16 + 2 * PAGE_BYTES - 1);
  assert.equal(image.shadowBytes, PAGE_BYTES);
  assert.throws(() => reader.u32(word), { code: "IMAGE_LOST" });
  assert.equal(reader.u32(word + PAGE_BYTES / 4), 0);
  arena.setU32(word, 2);
  assert.equal(image.shadowBytes, PAGE_BYTES);
  arena.setU32(word + 2 * PAGE_BYTES / 4, 1);
  assert.equal(reader.u32(word + 2 * PAGE_BYTES / 4), 0);
  assert.equal(image.overLimit, false);
  assert.equal(image.shadowBytesPeak, 2 * PAGE_BYTES);
  image.end();
});

Deno.test("image: shadow of an ended image is not reused before its readers have passed", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const word = arena.allocate(PAGE_BYTES * 4) * 4;
  const reader = arena.openReader();
  const shadow = new Uint32Array(arena.readerHandle().shadow);
  const begin = () => arena.beginImage({ shadowBytesMax: 2 * PAGE_BYTES });
  arena.setU32(word, 11);
  const first = begin();
  arena.setU32(word, 12);
  first.end();
  const slotWord = shadow.indexOf(11);
  const second = begin();
  arena.setU32(word, 13);
  assert.equal(shadow[slotWord], 11);
  // The parked page counts: limit is two, one is parked, one taken.
  arena.setU32(word + PAGE_BYTES / 4, 1);
  assert.equal(second.overLimit, true);
  second.end();
  reader.pass(arena.nextTicket());
  arena.reclaim();
  const third = begin();
  arena.setU32(word, 14);
  arena.setU32(word + PAGE_BYTES / 4, 2);
  assert.equal(third.overLimit, false);
  assert.notEqual(shadow[slotWord], 11);
  third.end();
  reader.close();
});

Deno.test("image: swap leaves an open image as it was, and its end harms nobody", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const word = arena.allocate(PAGE_BYTES * 2) * 4;
  arena.setU32(word, 5);
  arena.setRoot(3, 77);
  const image = arena.beginImage({ shadowBytesMax: MIB });
  const reader = ImageReader.from(image.handle);
  arena.setU32(word, 6);
  arena.swap();
  assert.equal(arena.root(3), 0);
  const again = arena.allocate(PAGE_BYTES * 2) * 4;
  arena.setU32(again, 9);
  assert.equal(reader.u32(word), 5);
  assert.equal(reader.root(3), 77);
  const other = arena.beginImage({ shadowBytesMax: MIB });
  arena.setU32(again, 10);
  image.end();
  assert.equal(ImageReader.from(other.handle).u32(again), 9);
  assert.equal(reader.u32(word), 5);
  other.end();
});

Deno.test("image: a reader in a worker sees every cut while the loop stores right where it reads", async () => {
  const arena = Arena.create({ bytes: 32 * MIB });
  const dataBytes = 8 * MIB;
  const ref = arena.allocate(dataBytes);
  for (let i = 0; i < dataBytes / 4; i++) arena.setU32(ref * 4 + i, Math.imul(i, 2654435761));
  const slot = arena.openReader();
  const cut = new SharedArrayBuffer(arena.stats.touched + 65536);
  const control = new Int32Array(new SharedArrayBuffer(16));
  const rounds = 60;
  const job: ReadJob = {
    arena: arena.readerHandle(),
    cut,
    control: control.buffer as SharedArrayBuffer,
    rounds,
  };
  const worker = new Worker(new URL("./page_image_test_worker.ts", import.meta.url), { type: "module" });
  await nextMessage(worker);
  const result = nextMessage(worker);
  worker.postMessage(job);
  const start = Date.now() >>> 0;
  let seed = start;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  let pagesCopied = 0;
  const lastPage = (ref * 16 + dataBytes) / PAGE_BYTES - 1;
  for (let round = 1; round <= rounds; round++) {
    const image = arena.beginImage({ shadowBytesMax: 32 * MIB });
    new Uint8Array(cut).set(arena.u8.subarray(0, image.bytes));
    Atomics.store(control, 1, image.bytes);
    Atomics.store(control, 0, round);
    Atomics.notify(control, 0);
    while (Atomics.load(control, 2) < round) {
      const page = Math.min(
        lastPage,
        Math.max(DATA_START / PAGE_BYTES, Atomics.load(control, 3) + random(2)),
      );
      arena.fill(page * PAGE_BYTES, PAGE_BYTES, random(256));
      arena.setU32(page * PAGE_BYTES / 4 + random(PAGE_BYTES / 4), random(2 ** 31));
    }
    pagesCopied += image.shadowBytesPeak / PAGE_BYTES;
    image.end();
    slot.pass(arena.nextTicket());
    // The worker's messages arrive between rounds.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(await result, "equal", `seed ${start}`);
  assert.ok(pagesCopied > rounds);
  slot.close();
  worker.terminate();
});

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}
