// Decodes sets: member by member, as intsets and as listpacks.
import { listpackLength, setListpackProblem } from "../../../structures/listpack_bytes.ts";
import { intsetProblem } from "../intset_check.ts";
import {
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type DecodeContext,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./decode_context.ts";

/** Least bytes of a member: what caps the hint about a set's size. */
const MEMBER_BYTES_MIN = 1;

export function decodeSetIntset(context: DecodeContext): number {
  const { reader, first } = context;
  const at = reader.offset;
  if (!reader.readString(first)) return INPUT_SHORT;
  const { bytes, start, end } = first;
  context.check(intsetProblem(bytes, start, end), at);
  const count =
    (bytes[start + 4] | (bytes[start + 5] << 8) | (bytes[start + 6] << 16) | (bytes[start + 7] << 24)) >>>
    0;
  if (count === 0) context.emptyKey();
  else if (context.keepsKey()) {
    context.expectNew(context.sink.sets.intset(context.key, bytes, start, end, count));
  }
  return RECORD_DONE;
}

export function decodeSetListpack(context: DecodeContext): number {
  const { reader, first } = context;
  const at = reader.offset;
  if (!reader.readString(first)) return INPUT_SHORT;
  const { bytes, start, end } = first;
  context.check(setListpackProblem(bytes, start, end), at);
  const count = listpackLength(bytes, start);
  if (count === 0) context.emptyKey();
  else if (context.keepsKey()) {
    context.expectNew(context.sink.sets.packed(context.key, bytes, start, end, count));
  }
  return RECORD_DONE;
}

export function* decodeSet(context: DecodeContext): Decoding {
  const { reader, first, pacer, sink: { sets } } = context;
  const at = reader.offset;
  yield* context.takeLength();
  const count = reader.length;
  if (count === 0) return context.emptyKey();
  const keeps = context.keepsKey();
  if (keeps) {
    const expected = Math.min(count, reader.mostThatFit(MEMBER_BYTES_MIN));
    context.expectNew(sets.begin(context.key, expected));
  }
  let complete = false;
  try {
    for (let index = 0; index < count; index++) {
      if (pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!reader.readString(first)) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      if (keeps && !sets.member(first.bytes, first.start, first.end)) {
        throw context.error("RDB_BAD_VALUE", "a set has the same member twice", at);
      }
    }
    complete = true;
  } finally {
    if (keeps && !complete) sets.abort();
  }
  if (keeps) sets.end();
}
