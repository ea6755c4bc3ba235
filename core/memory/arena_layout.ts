// Numbers that every reader and writer of an arena agrees on: granules, units, spans, pages and the header.
// Constants only. The header begins at granule 1, so that reference 0 can mean "none".

/** A reference: the number of a 16-byte granule, 0 = null, always below 2^31. */
export type Ref = number;

/** Bytes of a granule: `ref * 16` is the byte address of a block. */
export const GRANULE_BYTES = 16;
/** u32 words of a granule: `ref * 4` is the word index of a block. */
export const GRANULE_WORDS = 4;

/** Bytes of a unit, the grain of large blocks. */
export const UNIT_BYTES = 4096;
/** `ref >>> UNIT_SHIFT` is the unit of a reference. */
export const UNIT_SHIFT = 8;

/** Bytes of a span, from which blocks of one size class are carved. Spans are aligned to their size. */
export const SPAN_BYTES = 65536;
/** `ref >>> SPAN_SHIFT` is the span of a reference. */
export const SPAN_SHIFT = 12;
export const SPAN_GRANULES = 4096;
export const SPAN_UNITS = 16;

/** Bytes of a page, the grain of page images. */
export const PAGE_BYTES = 16384;
/** u32 words of a page. */
export const PAGE_WORDS = 4096;
/** f64 elements of a page. */
export const PAGE_DOUBLES = 2048;

/** An arena never has more bytes than 31-bit references can name. */
export const ARENA_BYTES_MAX = 2 ** 31 * GRANULE_BYTES;
/** Smallest useful arena: the header's span and a few more. */
export const ARENA_BYTES_MIN = 16 * SPAN_BYTES;

/** "SPRK" read as a little-endian word. */
export const ARENA_MAGIC = 0x4b525053;
export const ARENA_FORMAT_VERSION = 1;

/** Word indexes of the header. Sizes are in granules, because they fit a word at any arena size. */
export const HEADER_MAGIC = 4;
export const HEADER_VERSION = 5;
export const HEADER_TOTAL_GRANULES = 6;
/** Counters as of the cut of the last page image, for readers and for tools that look at a buffer from outside. */
export const HEADER_TOP_GRANULES = 7;
export const HEADER_USED_GRANULES = 8;
/** First of the root slots. */
export const HEADER_ROOTS = 16;
export const ROOT_SLOTS = 64;
