// Size classes of the allocator: 16-byte steps to 1 KiB, then steps of about an eighth to 32 KiB.
// Above 1 KiB a class is a span divided by a whole number, so that no span has an unused tail.
import { GRANULE_BYTES, SPAN_GRANULES } from "./arena_layout.ts";

/** Blocks of more bytes than this are large: they are extents of units, not parts of a span. */
export const SMALL_BYTES_MAX = 32768;

/** Granules of the exact classes: class number = granules. */
const EXACT_GRANULES_MAX = 64;

/** Blocks to a span of the classes above 1 KiB. */
const BLOCKS_PER_SPAN = [
  ...[56, 50, 44, 39, 35, 32, 28, 25, 22, 20, 18, 16],
  ...[14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
];

/** Number of classes, class 0 (large) included. */
export const CLASS_COUNT = 1 + EXACT_GRANULES_MAX + BLOCKS_PER_SPAN.length;

/** Granules of a block of each class; [0] is unused. */
export const CLASS_GRANULES: Int32Array = new Int32Array(CLASS_COUNT);

/** Class of a request by its granules (bytes rounded up to 16, divided by 16); a request of 0 bytes gets 16. */
export const CLASS_OF_GRANULES: Uint8Array = new Uint8Array(SMALL_BYTES_MAX / GRANULE_BYTES + 1);

for (let granules = 1; granules <= EXACT_GRANULES_MAX; granules++) CLASS_GRANULES[granules] = granules;
for (let i = 0; i < BLOCKS_PER_SPAN.length; i++) {
  CLASS_GRANULES[1 + EXACT_GRANULES_MAX + i] = Math.floor(SPAN_GRANULES / BLOCKS_PER_SPAN[i]);
}
for (let granules = 0, sizeClass = 1; granules < CLASS_OF_GRANULES.length; granules++) {
  if (granules > CLASS_GRANULES[sizeClass]) sizeClass++;
  CLASS_OF_GRANULES[granules] = sizeClass;
}
