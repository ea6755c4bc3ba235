// The RDB format in numbers: opcodes, value types, length forms, versions. Facts shared by encoder, decoder, check.
// Source: the RDB file format as Redis 1 to 7.2 and Valkey 7.2 to 9 write it.

export const OPCODE_SLOT_IMPORT = 243;
export const OPCODE_SLOT_INFO = 244;
export const OPCODE_FUNCTION2 = 245;
export const OPCODE_FUNCTION_PRE_GA = 246;
export const OPCODE_MODULE_AUX = 247;
export const OPCODE_IDLE = 248;
export const OPCODE_FREQ = 249;
export const OPCODE_AUX = 250;
export const OPCODE_RESIZEDB = 251;
export const OPCODE_EXPIRETIME_MS = 252;
export const OPCODE_EXPIRETIME = 253;
export const OPCODE_SELECTDB = 254;
export const OPCODE_EOF = 255;

export const RDB_TYPE_STRING = 0;
export const RDB_TYPE_LIST = 1;
export const RDB_TYPE_SET = 2;
export const RDB_TYPE_ZSET = 3;
export const RDB_TYPE_HASH = 4;
export const RDB_TYPE_ZSET_2 = 5;
export const RDB_TYPE_MODULE_2 = 7;
export const RDB_TYPE_HASH_ZIPMAP = 9;
export const RDB_TYPE_LIST_ZIPLIST = 10;
export const RDB_TYPE_SET_INTSET = 11;
export const RDB_TYPE_ZSET_ZIPLIST = 12;
export const RDB_TYPE_HASH_ZIPLIST = 13;
export const RDB_TYPE_LIST_QUICKLIST = 14;
export const RDB_TYPE_STREAM_LISTPACKS = 15;
export const RDB_TYPE_HASH_LISTPACK = 16;
export const RDB_TYPE_ZSET_LISTPACK = 17;
export const RDB_TYPE_LIST_QUICKLIST_2 = 18;
export const RDB_TYPE_STREAM_LISTPACKS_2 = 19;
export const RDB_TYPE_SET_LISTPACK = 20;
export const RDB_TYPE_STREAM_LISTPACKS_3 = 21;
export const RDB_TYPE_HASH_2 = 22;

const TYPE_NAMES: readonly (string | undefined)[] = [
  "string",
  "list",
  "set",
  "sorted set",
  "hash",
  "sorted set, binary scores",
  "module value of a release candidate",
  "module value",
  undefined,
  "hash, zipmap",
  "list, ziplist",
  "set, intset",
  "sorted set, ziplist",
  "hash, ziplist",
  "list, quicklist",
  "stream",
  "hash, listpack",
  "sorted set, listpack",
  "list, quicklist 2",
  "stream 2",
  "set, listpack",
  "stream 3",
  "hash with field expiry",
];

/** What the log calls the packed bytes that a value type is made of, after redis-server's messages. */
const PACKED_NAMES: (string | undefined)[] = [];
PACKED_NAMES[RDB_TYPE_HASH_ZIPMAP] = "Zipmap";
PACKED_NAMES[RDB_TYPE_LIST_ZIPLIST] = "Ziplist";
PACKED_NAMES[RDB_TYPE_SET_INTSET] = "Intset";
PACKED_NAMES[RDB_TYPE_ZSET_ZIPLIST] = "Zset ziplist";
PACKED_NAMES[RDB_TYPE_HASH_ZIPLIST] = "Hash ziplist";
PACKED_NAMES[RDB_TYPE_LIST_QUICKLIST] = "Ziplist";
PACKED_NAMES[RDB_TYPE_STREAM_LISTPACKS] = "Stream listpack";
PACKED_NAMES[RDB_TYPE_HASH_LISTPACK] = "Hash listpack";
PACKED_NAMES[RDB_TYPE_ZSET_LISTPACK] = "Zset listpack";
PACKED_NAMES[RDB_TYPE_LIST_QUICKLIST_2] = "Listpack";
PACKED_NAMES[RDB_TYPE_STREAM_LISTPACKS_2] = "Stream listpack";
PACKED_NAMES[RDB_TYPE_SET_LISTPACK] = "Set listpack";
PACKED_NAMES[RDB_TYPE_STREAM_LISTPACKS_3] = "Stream listpack";

/** The packed form of a value type in the words of the log, undefined where it has none. */
export function packedName(type: number): string | undefined {
  return PACKED_NAMES[type];
}

/** A value type in words, undefined where no known version defines it. */
export function rdbTypeName(type: number): string | undefined {
  return TYPE_NAMES[type];
}

/** First byte of a 32-bit (big endian) and of a 64-bit length. */
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
/** First byte of a string in a special encoding: these bits plus one of the STRING_ numbers. */
export const LENGTH_ENCODED = 0xc0;

export const STRING_INT8 = 0;
export const STRING_INT16 = 1;
export const STRING_INT32 = 2;
export const STRING_LZF = 3;

export const MODULE_OPCODE_EOF = 0;
export const MODULE_OPCODE_SINT = 1;
export const MODULE_OPCODE_UINT = 2;
export const MODULE_OPCODE_FLOAT = 3;
export const MODULE_OPCODE_DOUBLE = 4;
export const MODULE_OPCODE_STRING = 5;

/** Bytes of signature and version that every file begins with. */
export const HEADER_BYTES = 9;
export const CHECKSUM_BYTES = 8;

/** The file ends in a checksum from this version on. */
export const VERSION_CHECKSUM = 5;
/** The last version of the common line (Redis 7.2, Valkey 7.2 to 8.1). */
export const VERSION_COMMON_MAX = 11;
/** Versions after the common line up to this one belong to other products. */
export const VERSION_FOREIGN_MAX = 79;
/** Valkey 9: signature VALKEY instead of REDIS. */
export const VERSION_VALKEY = 80;

/** Types and opcodes whose meaning differs between the product lines. */
const FOREIGN_TYPE_MIN = 22;
const FOREIGN_TYPE_MAX = 243;

/** True where a REDIS-signed file may mean something else by this type or opcode than Valkey does. */
export function isForeignType(type: number): boolean {
  return type >= FOREIGN_TYPE_MIN && type <= FOREIGN_TYPE_MAX;
}

/** The nine bytes that a file of this version begins with, as text. */
export function rdbMagic(version: number): string {
  const digits = version.toString().padStart(3, "0");
  return version > VERSION_FOREIGN_MAX ? `VALKEY${digits}` : `REDIS0${digits}`;
}

/** Writes a length in its shortest form; returns the offset after it. At most nine bytes. */
export function writeLength(target: Uint8Array, offset: number, length: number): number {
  if (length < 0x40) {
    target[offset] = length;
    return offset + 1;
  }
  if (length < 0x4000) {
    target[offset] = 0x40 | (length >>> 8);
    target[offset + 1] = length;
    return offset + 2;
  }
  if (length <= 0xffffffff) {
    target[offset] = LENGTH_32;
    writeBigEndian32(target, offset + 1, length);
    return offset + 5;
  }
  target[offset] = LENGTH_64;
  writeBigEndian32(target, offset + 1, Math.floor(length / 0x100000000));
  writeBigEndian32(target, offset + 5, length % 0x100000000);
  return offset + 9;
}

/** Bytes that `writeLength` takes. */
export function lengthBytes(length: number): number {
  if (length < 0x40) return 1;
  if (length < 0x4000) return 2;
  return length <= 0xffffffff ? 5 : 9;
}

function writeBigEndian32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}
