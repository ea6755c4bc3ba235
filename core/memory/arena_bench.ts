// Micro-benchmarks of the arena's hot paths: allocate and free, store functions without and with an image, reads.
// Run: deno bench core/memory/
import { Arena, type Ref } from "./arena.ts";
import { ImageReader, LiveReader } from "./arena_reader.ts";

const MIB = 1024 * 1024;
const OPERATIONS = 100_000;

const arena = Arena.create({ bytes: 1024 * MIB });
const blocks: Ref[] = [];
for (let i = 0; i < OPERATIONS; i++) blocks.push(arena.allocate(96));
const order = new Int32Array(OPERATIONS);
for (let i = 0, seed = 1; i < OPERATIONS; i++) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  order[i] = blocks[Math.floor(seed / 2 ** 32 * OPERATIONS)];
}
const payload = new Uint8Array(4096).fill(7);
const refs = new Int32Array(OPERATIONS);
const kept = new Int32Array(OPERATIONS);

Deno.bench({ name: "100k x allocate + free, one size", group: "allocate" }, () => {
  for (let i = 0; i < OPERATIONS; i++) arena.free(arena.allocate(64));
});

Deno.bench({ name: "100k x allocate, then 100k x free, mixed small sizes", group: "allocate" }, () => {
  for (let i = 0; i < OPERATIONS; i++) refs[i] = arena.allocate(16 + (i * 37) % 500);
  for (let i = 0; i < OPERATIONS; i++) arena.free(refs[i]);
});

Deno.bench({ name: "100k x replace a random one of 100k blocks, sizes 48 to 112", group: "allocate" }, () => {
  for (let i = 0; i < OPERATIONS; i++) {
    const at = (i * 7919) % OPERATIONS;
    if (kept[at] !== 0) arena.free(kept[at]);
    kept[at] = arena.allocate(48 + (i & 63));
  }
});

Deno.bench({ name: "1k x allocate + free, 100 KiB among others", group: "allocate" }, (bench) => {
  const large: Ref[] = [];
  for (let i = 0; i < 100; i++) large.push(arena.allocate(40_000 + i * 3000));
  bench.start();
  for (let i = 0; i < 1000; i++) {
    const at = (i * 37) % 100;
    arena.free(large[at]);
    large[at] = arena.allocate(40_000 + ((i * 7919) % 100) * 3000);
  }
  bench.end();
  for (const ref of large) arena.free(ref);
});

Deno.bench(
  { name: "100k x plain u32 store, random block (no barrier)", group: "store", baseline: true },
  () => {
    const u32 = arena.u32;
    for (let i = 0; i < OPERATIONS; i++) u32[order[i] * 4] = i;
  },
);

Deno.bench({ name: "100k x setU32, random block", group: "store" }, () => {
  for (let i = 0; i < OPERATIONS; i++) arena.setU32(order[i] * 4, i);
});

Deno.bench(
  { name: "100k x setU32, random block, image active and pages copied", group: "store" },
  (bench) => {
    const image = arena.beginImage({ shadowBytesMax: 1024 * MIB });
    for (let i = 0; i < OPERATIONS; i++) arena.setU32(order[i] * 4, i);
    bench.start();
    for (let i = 0; i < OPERATIONS; i++) arena.setU32(order[i] * 4, i);
    bench.end();
    image.end();
  },
);

Deno.bench({ name: "586 x setU32, first touch of a page (16 KiB copied each)", group: "store" }, (bench) => {
  const image = arena.beginImage({ shadowBytesMax: 1024 * MIB });
  bench.start();
  for (let i = 0; i < OPERATIONS; i += 170) arena.setU32(blocks[i] * 4, i);
  bench.end();
  image.end();
});

for (const bytes of [16, 32, 64, 128, 512, 4096]) {
  Deno.bench({ name: `100k x copyIn of ${bytes} bytes`, group: "copy" }, () => {
    const address = blocks[0] * 16;
    for (let i = 0; i < OPERATIONS; i++) arena.copyIn(address + (i & 1023) * 16, payload, 0, bytes);
  });
  Deno.bench({ name: `100k x copyOut of ${bytes} bytes`, group: "copy" }, () => {
    const address = blocks[0] * 16;
    for (let i = 0; i < OPERATIONS; i++) arena.copyOut(address + (i & 1023) * 16, bytes, payload, 0);
  });
}

const live = new LiveReader(arena);
const image = ImageReader.from(arena.readerHandle());
const target = new Uint8Array(256);

// Uses a result, so that the engine cannot drop the work.
function checkSum(sum: number): void {
  if (Number.isNaN(sum)) throw new Error("The sum of words is not a number");
}

Deno.bench({ name: "100k x u32 of a random block: Arena.u32", group: "read", baseline: true }, () => {
  let sum = 0;
  for (let i = 0; i < OPERATIONS; i++) sum += arena.u32[order[i] * 4];
  checkSum(sum);
});
Deno.bench({ name: "100k x u32 of a random block: LiveReader", group: "read" }, () => {
  let sum = 0;
  for (let i = 0; i < OPERATIONS; i++) sum += live.u32(order[i] * 4);
  checkSum(sum);
});
Deno.bench({ name: "100k x u32 of a random block: ImageReader", group: "read" }, () => {
  let sum = 0;
  for (let i = 0; i < OPERATIONS; i++) sum += image.u32(order[i] * 4);
  checkSum(sum);
});
Deno.bench({ name: "100k x copyOut of a random 96-byte block: ImageReader", group: "read" }, () => {
  for (let i = 0; i < OPERATIONS; i++) image.copyOut(order[i] * 16, 96, target, 0);
});
