// Which function decodes which RDB type: one line a type. What has no line here is refused, or walked and counted as
// unsupported (value_skipper.ts). Strings are decoded by ValueDecoder itself.
import {
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_2,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
  RDB_TYPE_LIST,
  RDB_TYPE_LIST_QUICKLIST,
  RDB_TYPE_LIST_QUICKLIST_2,
  RDB_TYPE_LIST_ZIPLIST,
  RDB_TYPE_SET,
  RDB_TYPE_SET_INTSET,
  RDB_TYPE_SET_LISTPACK,
  RDB_TYPE_STREAM_LISTPACKS,
  RDB_TYPE_STREAM_LISTPACKS_2,
  RDB_TYPE_STREAM_LISTPACKS_3,
  RDB_TYPE_ZSET,
  RDB_TYPE_ZSET_2,
  RDB_TYPE_ZSET_LISTPACK,
  RDB_TYPE_ZSET_ZIPLIST,
} from "../format.ts";
import type { LongDecoder, ShortDecoder } from "./decode_context.ts";
import { decodeExpiringHash, decodeHash, decodeHashListpack, decodeOldPackedHash } from "./hash_decoder.ts";
import { decodeList, decodeShortList } from "./list_decoder.ts";
import { decodeSet, decodeSetIntset, decodeSetListpack } from "./set_decoder.ts";
import { decodeStream } from "./stream_decoder.ts";
import { decodeShortStream } from "./stream_short_decoder.ts";
import { decodeZset, decodeZsetListpack, decodeZsetZiplist } from "./zset_decoder.ts";

/** Tried first. For small packed values, which are most: they are taken without a generator. */
export const shortDecoders: (ShortDecoder | undefined)[] = [];
shortDecoders[RDB_TYPE_HASH_LISTPACK] = decodeHashListpack;
shortDecoders[RDB_TYPE_LIST_QUICKLIST_2] = decodeShortList;
shortDecoders[RDB_TYPE_SET_INTSET] = decodeSetIntset;
shortDecoders[RDB_TYPE_SET_LISTPACK] = decodeSetListpack;
shortDecoders[RDB_TYPE_STREAM_LISTPACKS] = decodeShortStream;
shortDecoders[RDB_TYPE_STREAM_LISTPACKS_2] = decodeShortStream;
shortDecoders[RDB_TYPE_STREAM_LISTPACKS_3] = decodeShortStream;
shortDecoders[RDB_TYPE_ZSET_LISTPACK] = decodeZsetListpack;

/** For the others, and for what a short decoder leaves to it. */
export const longDecoders: (LongDecoder | undefined)[] = [];
longDecoders[RDB_TYPE_HASH] = decodeHash;
longDecoders[RDB_TYPE_HASH_2] = decodeExpiringHash;
longDecoders[RDB_TYPE_HASH_ZIPLIST] = decodeOldPackedHash;
longDecoders[RDB_TYPE_HASH_ZIPMAP] = decodeOldPackedHash;
longDecoders[RDB_TYPE_LIST] = decodeList;
longDecoders[RDB_TYPE_LIST_ZIPLIST] = decodeList;
longDecoders[RDB_TYPE_LIST_QUICKLIST] = decodeList;
longDecoders[RDB_TYPE_LIST_QUICKLIST_2] = decodeList;
longDecoders[RDB_TYPE_SET] = decodeSet;
longDecoders[RDB_TYPE_STREAM_LISTPACKS] = decodeStream;
longDecoders[RDB_TYPE_STREAM_LISTPACKS_2] = decodeStream;
longDecoders[RDB_TYPE_STREAM_LISTPACKS_3] = decodeStream;
longDecoders[RDB_TYPE_ZSET] = decodeZset;
longDecoders[RDB_TYPE_ZSET_2] = decodeZset;
longDecoders[RDB_TYPE_ZSET_ZIPLIST] = decodeZsetZiplist;
