// Decodes hashes: field by field, as listpacks, and as ziplists and zipmaps of old versions.
import { hashListpackProblem, listpackLength } from "../../../structures/listpack_bytes.ts";
import { RDB_TYPE_HASH_ZIPLIST } from "../format.ts";
import { FIELD_STAYS } from "../../../structures/field_table.ts";
import type { PackedReader } from "../packed_reader.ts";
import { ZiplistReader } from "../ziplist_reader.ts";
import { ZipmapReader } from "../zipmap_reader.ts";
import {
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type DecodeContext,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./decode_context.ts";

const TIME_BYTES = 8;

/** Least bytes of a field with its value: what caps the hint about a hash's size. */
const FIELD_BYTES_MIN = 2;

const ziplist = new ZiplistReader();
const zipmap = new ZipmapReader();

export function decodeHashListpack(context: DecodeContext): number {
  const { reader, first } = context;
  const at = reader.offset;
  if (!reader.readString(first)) return INPUT_SHORT;
  const { bytes, start, end } = first;
  context.check(hashListpackProblem(bytes, start, end), at);
  const fields = listpackLength(bytes, start) / 2;
  if (fields === 0) context.emptyKey();
  else if (context.keepsKey()) {
    context.expectNew(context.sink.hashes.packed(context.key, bytes, start, end, fields));
  }
  return RECORD_DONE;
}

export function* decodeHash(context: DecodeContext): Decoding {
  const { reader, first, second, pacer } = context;
  const at = reader.offset;
  yield* context.takeLength();
  const count = reader.length;
  if (count === 0) return context.emptyKey();
  const keeps = context.keepsKey();
  if (keeps) begin(context, count);
  let complete = false;
  try {
    for (let index = 0; index < count; index++) {
      if (pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!(reader.readString(first) && reader.readString(second))) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      if (keeps) put(context, at);
    }
    complete = true;
  } finally {
    if (keeps && !complete) context.sink.hashes.abort();
  }
  if (keeps) context.sink.hashes.end();
}

/** As `decodeHash`, with a time for each field: -1 where it does not expire. Fields whose time has passed are left out. */
export function* decodeExpiringHash(context: DecodeContext): Decoding {
  const { reader, first, second, pacer } = context;
  const at = reader.offset;
  yield* context.takeLength();
  const count = reader.length;
  let isEmpty = true;
  let keeps = false;
  let complete = false;
  try {
    for (let index = 0; index < count; index++) {
      if (pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!(reader.readString(first) && reader.readString(second) && reader.ready(TIME_BYTES))) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      const expireAt = reader.milliseconds();
      if (expireAt < FIELD_STAYS) throw context.error("RDB_BAD_VALUE", "a field expires before 1970", at);
      if (expireAt !== FIELD_STAYS && context.hasPassed(expireAt)) continue;
      if (isEmpty) {
        isEmpty = false;
        keeps = context.keepsKey();
        if (keeps) begin(context, count - index);
      }
      if (!keeps) continue;
      if (expireAt === FIELD_STAYS) put(context, at);
      else putExpiring(context, at, expireAt);
    }
    complete = true;
  } finally {
    if (keeps && !complete) context.sink.hashes.abort();
  }
  if (isEmpty) context.emptyKey();
  else if (keeps) context.sink.hashes.end();
}

function putExpiring(context: DecodeContext, at: number, expireAt: number): void {
  const { first, second } = context;
  const isNew = context.sink.hashes.expiringField(
    first.bytes,
    first.start,
    first.end,
    second.bytes,
    second.start,
    second.end,
    expireAt,
  );
  if (!isNew) throw context.error("RDB_BAD_VALUE", "a hash has the same field twice", at);
}

/** Ziplist and zipmap: checked first, then handed on field by field, since no structure keeps them. */
export function* decodeOldPackedHash(context: DecodeContext, type: number): Decoding {
  const packed = type === RDB_TYPE_HASH_ZIPLIST ? ziplist : zipmap;
  const at = context.reader.offset;
  yield* context.takeString(context.second);
  const fields = checkPairs(context, packed, at);
  if (fields === 0 && packed === zipmap) context.check("a zipmap without fields", at);
  if (fields === 0) context.emptyKey();
  else if (context.keepsKey()) handOn(context, packed, fields);
}

/** Checks what is in the second slot; returns its number of fields. */
function checkPairs(context: DecodeContext, packed: PackedReader, at: number): number {
  const { duplicates } = context;
  const { bytes, start, end } = context.second;
  const elements = packed.countElements(bytes, start, end);
  context.check(packed.problem, at);
  if (elements % 2 === 1) context.check("the last field of a packed hash has no value", at);
  duplicates.begin(elements / 2);
  packed.open(bytes, start, end);
  while (packed.next()) {
    if (!duplicates.add(packed.valueBytes, packed.valueStart, packed.valueEnd)) {
      context.check("a packed hash has the same field twice", at);
    }
    packed.next();
  }
  return elements / 2;
}

function handOn(context: DecodeContext, packed: PackedReader, fields: number): void {
  const { first, second, sink: { hashes } } = context;
  begin(context, fields);
  let complete = false;
  try {
    packed.open(second.bytes, second.start, second.end);
    while (packed.next()) {
      first.setCopy(packed.valueBytes, packed.valueStart, packed.valueEnd);
      packed.next();
      const { valueBytes, valueStart, valueEnd } = packed;
      hashes.field(first.bytes, first.start, first.end, valueBytes, valueStart, valueEnd);
    }
    complete = true;
  } finally {
    if (!complete) hashes.abort();
  }
  hashes.end();
}

function begin(context: DecodeContext, fields: number): void {
  const expected = Math.min(fields, context.reader.mostThatFit(FIELD_BYTES_MIN));
  context.expectNew(context.sink.hashes.begin(context.key, expected));
}

/** Hands on the pair in the two slots. */
function put(context: DecodeContext, at: number): void {
  const { first, second } = context;
  const isNew = context.sink.hashes.field(
    first.bytes,
    first.start,
    first.end,
    second.bytes,
    second.start,
    second.end,
  );
  if (!isNew) throw context.error("RDB_BAD_VALUE", "a hash has the same field twice", at);
}
