// Names that TYPE, SCAN TYPE, OBJECT ENCODING and DEBUG OBJECT print for types and encodings.
import {
  ENCODING_EMBSTR,
  ENCODING_HASHTABLE,
  ENCODING_INT,
  ENCODING_INTSET,
  ENCODING_LISTPACK,
  ENCODING_QUICKLIST,
  ENCODING_RAW,
  ENCODING_SKIPLIST,
  ENCODING_STREAM,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "./entry_layout.ts";

const typeNames: string[] = [];
typeNames[TYPE_STRING] = "string";
typeNames[TYPE_LIST] = "list";
typeNames[TYPE_SET] = "set";
typeNames[TYPE_ZSET] = "zset";
typeNames[TYPE_HASH] = "hash";
typeNames[TYPE_STREAM] = "stream";

const encodingNames: string[] = [];
encodingNames[ENCODING_RAW] = "raw";
encodingNames[ENCODING_INT] = "int";
encodingNames[ENCODING_EMBSTR] = "embstr";
encodingNames[ENCODING_LISTPACK] = "listpack";
encodingNames[ENCODING_HASHTABLE] = "hashtable";
encodingNames[ENCODING_INTSET] = "intset";
encodingNames[ENCODING_QUICKLIST] = "quicklist";
encodingNames[ENCODING_SKIPLIST] = "skiplist";
encodingNames[ENCODING_STREAM] = "stream";

export function typeName(type: number): string {
  return typeNames[type];
}

export function encodingName(encoding: number): string {
  return encodingNames[encoding];
}
