// Model tests of the allocator through the arena: no overlap, nothing lost, everything joined again.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, ARENA_FULL, type Ref } from "./arena.ts";
import { CLASS_COUNT, CLASS_GRANULES, CLASS_OF_GRANULES, SMALL_BYTES_MAX } from "./size_classes.ts";

const MIB = 1024 * 1024;

/** Sizes as they occur: mostly small, some of every magnitude up to 64 MiB. */
const sizes = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 1100 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1000, max: SMALL_BYTES_MAX + 64 }) },
  { weight: 2, arbitrary: fc.integer({ min: SMALL_BYTES_MAX, max: MIB }) },
  { weight: 1, arbitrary: fc.integer({ min: MIB, max: 64 * MIB }) },
);

/** Allocates `size` bytes, or frees the block that `pick` (a fraction) chooses. */
interface Step {
  readonly free: boolean;
  readonly size: number;
  readonly pick: number;
}

const steps = fc.array(
  fc.record<Step>({ free: fc.boolean(), size: sizes, pick: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
  { maxLength: 300, size: "max" },
);

class Model {
  readonly blocks: { ref: Ref; bytes: number; mark: number }[] = [];
  // Taken ranges as start -> end, kept sorted by start.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #mark = 1;

  constructor(readonly arena: Arena) {}

  allocate(size: number): void {
    const before = this.arena.stats;
    let ref: Ref;
    try {
      ref = this.arena.allocate(size);
    } catch (error) {
      assert.equal(error, ARENA_FULL);
      assert.equal(this.arena.stats.used, before.used);
      return;
    }
    const bytes = this.arena.sizeOf(ref);
    const start = ref * 16;
    assert.ok(bytes >= size && bytes % 16 === 0, `sizeOf ${bytes} for ${size}`);
    assert.ok(start >= 65536 && start + bytes <= this.arena.buffer.byteLength);
    assert.equal(this.arena.stats.used, before.used + bytes);
    const at = this.#position(start);
    assert.ok(at === 0 || this.#ends[at - 1] <= start, "overlaps the block below");
    assert.ok(at === this.#starts.length || start + bytes <= this.#starts[at], "overlaps the block above");
    this.#starts.splice(at, 0, start);
    this.#ends.splice(at, 0, start + bytes);
    const mark = this.#mark++;
    this.arena.setU32(ref * 4, mark);
    this.arena.setU32(start / 4 + bytes / 4 - 1, mark);
    this.blocks.push({ ref, bytes, mark });
  }

  free(pick: number): void {
    if (this.blocks.length === 0) return;
    const index = Math.floor(pick * this.blocks.length);
    const block = this.blocks[index];
    this.blocks[index] = this.blocks[this.blocks.length - 1];
    this.blocks.pop();
    assert.equal(this.arena.u32[block.ref * 4], block.mark);
    assert.equal(this.arena.u32[block.ref * 4 + block.bytes / 4 - 1], block.mark);
    assert.equal(this.arena.sizeOf(block.ref), block.bytes);
    this.arena.free(block.ref);
    const at = this.#position(block.ref * 16);
    this.#starts.splice(at, 1);
    this.#ends.splice(at, 1);
  }

  #position(start: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function run(arena: Arena, list: readonly Step[]): void {
  const model = new Model(arena);
  for (const step of list) {
    if (step.free) model.free(step.pick);
    else model.allocate(step.size);
  }
  arena.verify();
  while (model.blocks.length > 0) model.free(0.5);
  arena.verify();
  assert.equal(arena.stats.used, 0);
}

Deno.test("allocator: random sizes to 64 MiB never overlap, and everything comes back", () => {
  const arena = Arena.create({ bytes: 192 * MIB });
  fc.assert(
    fc.property(steps, (list) => run(arena, list)),
    { numRuns: 1500 },
  );
  // All extents have joined again: the whole arena is one block.
  arena.free(arena.allocate(arena.stats.total - 65536));
});

Deno.test("allocator: a nearly full small arena stays consistent", () => {
  const small = fc.array(
    fc.record<Step>({
      free: fc.boolean(),
      size: fc.integer({ min: 1, max: 200_000 }),
      pick: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
    { minLength: 100, maxLength: 600, size: "max" },
  );
  fc.assert(
    fc.property(small, (list) => {
      const arena = Arena.create({ bytes: 2 * MIB });
      run(arena, list);
      arena.free(arena.allocate(arena.stats.total - 65536));
    }),
    { numRuns: 600 },
  );
});

Deno.test("allocator: a long run over few sizes returns to its start", () => {
  const arena = Arena.create({ bytes: 256 * MIB });
  const taken: Ref[] = [];
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  const bytesOf = new Map<Ref, number>();
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 40_000; i++) {
      if (round % 2 === 0 ? random(4) > 0 : random(4) === 0) {
        const bytes = random(8) === 0 ? random(40_000) : random(300);
        const ref = arena.allocate(bytes);
        assert.ok(!bytesOf.has(ref), "handed out twice");
        bytesOf.set(ref, bytes);
        taken.push(ref);
      } else if (taken.length > 0) {
        const index = random(taken.length);
        const ref = taken[index];
        taken[index] = taken[taken.length - 1];
        taken.pop();
        bytesOf.delete(ref);
        arena.free(ref);
      }
    }
    arena.verify();
  }
  for (const ref of taken) arena.free(ref);
  arena.verify();
  assert.equal(arena.stats.used, 0);
  arena.free(arena.allocate(arena.stats.total - 65536));
});

Deno.test("allocator: sizes above 1 KiB waste less than a seventh, and classes are monotonic", () => {
  for (let sizeClass = 2; sizeClass < CLASS_COUNT; sizeClass++) {
    assert.ok(CLASS_GRANULES[sizeClass] > CLASS_GRANULES[sizeClass - 1]);
  }
  for (let granules = 1; granules < CLASS_OF_GRANULES.length; granules++) {
    const got = CLASS_GRANULES[CLASS_OF_GRANULES[granules]];
    assert.ok(got >= granules);
    if (granules <= 64) assert.equal(got, granules);
    else if (granules <= 512) assert.ok(got <= granules * 8 / 7, `${granules} granules got ${got}`);
  }
  assert.equal(CLASS_GRANULES[CLASS_COUNT - 1] * 16, SMALL_BYTES_MAX);
});

Deno.test("allocator: a full arena says so, changes nothing, and works again after one free", () => {
  const arena = Arena.create({ bytes: MIB });
  const refs: Ref[] = [];
  for (;;) {
    try {
      refs.push(arena.allocate(100));
    } catch (error) {
      assert.equal(error, ARENA_FULL);
      break;
    }
  }
  assert.ok(refs.length * 112 > 0.9 * (MIB - 65536));
  const used = arena.stats.used;
  assert.throws(() => arena.allocate(100), { code: "ARENA_FULL" });
  assert.throws(() => arena.allocate(40_000), { code: "ARENA_FULL" });
  assert.throws(() => arena.allocate(2 ** 40), { code: "ARENA_FULL" });
  assert.equal(arena.stats.used, used);
  arena.verify();
  const last = refs.pop() as Ref;
  arena.free(last);
  assert.equal(arena.allocate(100), last);
  refs.push(last);
  for (const ref of refs) arena.free(ref);
  arena.verify();
  // The class's own empty span is no obstacle to a block of everything.
  const all = arena.allocate(MIB - 65536);
  assert.equal(arena.stats.used, MIB - 65536);
  arena.free(all);
});

Deno.test("allocator: large blocks take whole units, not whole spans", () => {
  const arena = Arena.create({ bytes: 16 * MIB });
  const ref = arena.allocate(SMALL_BYTES_MAX + 1);
  assert.equal(arena.sizeOf(ref), 36_864);
  const next = arena.allocate(40_000);
  assert.equal(next * 16, ref * 16 + 36_864);
  arena.free(ref);
  arena.free(next);
  assert.equal(arena.stats.extentFree, 0);
});

Deno.test("allocator: what is no block cannot be freed as a large one", () => {
  const arena = Arena.create({ bytes: 4 * MIB });
  const ref = arena.allocate(100_000);
  assert.throws(() => arena.free(0), /not a block/);
  assert.throws(() => arena.free(ref + 1), /not a block/);
  arena.free(ref);
  assert.throws(() => arena.free(ref), /not a block/);
});
