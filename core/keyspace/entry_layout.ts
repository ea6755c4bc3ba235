// Layout of a keyspace entry: one arena block that holds header, optional expiry, key bytes and a small value.
// Constants and address arithmetic only, so that the loop, the encoder in a worker and the loader agree.
// Words are u32 indexes (ref * 4 + n); addresses are byte offsets (ref * 16 + n).

/** Value types, numbered as `TYPE` and RDB object types group them. */
export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_STREAM = 6;

/** Encodings, named by `OBJECT ENCODING`. */
export const ENCODING_RAW = 0;
export const ENCODING_INT = 1;
export const ENCODING_EMBSTR = 2;
export const ENCODING_LISTPACK = 3;
export const ENCODING_HASHTABLE = 4;
export const ENCODING_INTSET = 5;
export const ENCODING_QUICKLIST = 6;
export const ENCODING_SKIPLIST = 7;
export const ENCODING_STREAM = 8;

/** Flags, bits 16 to 31 of the meta word. */
export const FLAG_EXPIRE = 1 << 16;
/** A string whose bytes live in a block of their own; the entry holds its reference. */
export const FLAG_EXTERNAL = 1 << 17;
/** A hash some of whose fields have an expiry of their own. */
export const FLAG_FIELD_EXPIRY = 1 << 18;
/** Entries with one of these are in a table of the database beside that of all keys. */
export const FLAGS_INDEXED = FLAG_EXPIRE | FLAG_FIELD_EXPIRY;

/** Word offsets from the start of the entry. */
export const WORD_META = 0; // type (bits 0-7), encoding (8-15), flags (16-31)
export const WORD_ACCESS = 1; // LRU seconds (24 bits), or LFU minutes (16 bits) << 8 | counter
export const WORD_EPOCH = 2; // snapshot epoch of the last change or emission
export const WORD_KEY_LENGTH = 3; // bytes
export const WORD_VALUE_LENGTH = 4; // bytes of a string; 0 for collections

// Where FLAG_EXPIRE is set, the expiry (f64, milliseconds since 1970) is at byte 24.
const KEY_OFFSET = 20;
const KEY_OFFSET_EXPIRE = 32;

/** Strings whose entry would be larger than this many bytes live in a block of their own. */
export const ENTRY_INLINE_BYTES_MAX = 4096;

export function typeOf(meta: number): number {
  return meta & 0xff;
}

export function encodingOf(meta: number): number {
  return (meta >>> 8) & 0xff;
}

/** Byte offset of the key from the start of the entry. */
export function keyOffset(meta: number): number {
  return (meta & FLAG_EXPIRE) !== 0 ? KEY_OFFSET_EXPIRE : KEY_OFFSET;
}

/** Byte offset of an inline string value: it follows the key directly. */
export function inlineValueOffset(meta: number, keyLength: number): number {
  return keyOffset(meta) + keyLength;
}

/** Word offset of the value reference (collections and external strings): the first aligned word after the key. */
export function valueRefWord(meta: number, keyLength: number): number {
  return (keyOffset(meta) + keyLength + 3) >>> 2;
}
