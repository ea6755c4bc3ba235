// Decodes sorted sets: member by member with scores as text or as doubles, as listpacks, and as ziplists of old versions.
import { parseDouble } from "../../../bytes/double.ts";
import { listpackLength, sortedSetListpackProblem } from "../../../structures/listpack_bytes.ts";
import {
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  nextElement,
} from "../../../structures/listpack_format.ts";
import { RDB_TYPE_ZSET } from "../format.ts";
import type { RdbReader } from "../reader.ts";
import { ZiplistReader } from "../ziplist_reader.ts";
import {
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type DecodeContext,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./decode_context.ts";

/** Least bytes of a member with its score: what caps the hint about a sorted set's size. */
const MEMBER_BYTES_MIN = 2;

/** First bytes of a score as text: what is less is its length. */
const SCORE_NAN = 253;
const SCORE_INFINITY = 254;
const SCORE_MINUS_INFINITY = 255;

const TWICE = "a sorted set has the same member twice";
const NO_NUMBER = "a score is not a number";

const ziplist = new ZiplistReader();
const double = new DataView(new ArrayBuffer(8));

/** What `readScore` read. */
let score = 0;

/** Types 3 and 5. */
export function* decodeZset(context: DecodeContext, type: number): Decoding {
  const { reader, first, pacer, sink: { zsets } } = context;
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
      while (!(reader.readString(first) && readScore(reader, type))) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      if (score !== score) throw context.error("RDB_BAD_VALUE", NO_NUMBER, at);
      if (keeps && !zsets.member(first.bytes, first.start, first.end, score)) {
        throw context.error("RDB_BAD_VALUE", TWICE, at);
      }
    }
    complete = true;
  } finally {
    if (keeps && !complete) zsets.abort();
  }
  if (keeps) zsets.end();
}

export function decodeZsetListpack(context: DecodeContext): number {
  const { reader, first, sink: { zsets } } = context;
  const at = reader.offset;
  if (!reader.readString(first)) return INPUT_SHORT;
  const { bytes, start, end } = first;
  context.check(sortedSetListpackProblem(bytes, start, end), at);
  const members = listpackLength(bytes, start) / 2;
  const order = orderOf(bytes, start);
  if (order === NOT_NUMBERS) throw context.error("RDB_BAD_VALUE", NO_NUMBER, at);
  if (members === 0) context.emptyKey();
  else if (context.keepsKey()) {
    if (order === IN_ORDER) context.expectNew(zsets.packed(context.key, bytes, start, end, members));
    else handOnListpack(context, members);
  }
  return RECORD_DONE;
}

export function* decodeZsetZiplist(context: DecodeContext): Decoding {
  const at = context.reader.offset;
  yield* context.takeString(context.second);
  const members = checkZiplist(context, at);
  if (members === 0) context.emptyKey();
  else if (context.keepsKey()) handOnZiplist(context, members);
}

function begin(context: DecodeContext, members: number): void {
  const expected = Math.min(members, context.reader.mostThatFit(MEMBER_BYTES_MIN));
  context.expectNew(context.sink.zsets.begin(context.key, expected));
}

/** Reads a score into `score`, NaN where it is none; false where it is not all there. */
function readScore(reader: RdbReader, type: number): boolean {
  return type === RDB_TYPE_ZSET ? readScoreText(reader) : readScoreDouble(reader);
}

function readScoreDouble(reader: RdbReader): boolean {
  if (!reader.ready(8)) return false;
  for (let at = 0; at < 8; at++) double.setUint8(at, reader.bytes[reader.position + at]);
  score = double.getFloat64(0, true);
  reader.position += 8;
  return true;
}

function readScoreText(reader: RdbReader): boolean {
  if (!reader.ready(1)) return false;
  const length = reader.bytes[reader.position];
  if (length >= SCORE_NAN) {
    reader.position++;
    score = length === SCORE_INFINITY ? Infinity : length === SCORE_MINUS_INFINITY ? -Infinity : NaN;
    return true;
  }
  if (!reader.ready(1 + length)) return false;
  const start = reader.position + 1;
  score = parseDouble(reader.bytes, start, start + length);
  reader.position = start + length;
  return true;
}

const NOT_NUMBERS = 0;
const IN_ORDER = 1;
const NOT_IN_ORDER = 2;

const scoreElement = new ListpackElement();
let member = new ListpackElement();
let previous = new ListpackElement();

/** What the members and scores of a listpack of whole pairs are. */
function orderOf(bytes: Uint8Array, start: number): number {
  let order = IN_ORDER;
  let last = NaN;
  for (let at = start + LISTPACK_HEADER_BYTES; bytes[at] !== LISTPACK_END;) {
    const swapped = previous;
    previous = member;
    member = swapped;
    member.read(bytes, at);
    at = nextElement(bytes, at);
    const own = scoreAt(bytes, at);
    if (own !== own) return NOT_NUMBERS;
    at = nextElement(bytes, at);
    if (own < last || (own === last && compare(previous, member) > 0)) order = NOT_IN_ORDER;
    last = own;
  }
  return order;
}

function scoreAt(bytes: Uint8Array, at: number): number {
  scoreElement.read(bytes, at);
  if (scoreElement.isInteger) return scoreElement.integer.toNumber();
  return parseDouble(scoreElement.bytes, scoreElement.start, scoreElement.end);
}

function compare(a: ListpackElement, b: ListpackElement): number {
  const common = Math.min(a.length, b.length);
  for (let index = 0; index < common; index++) {
    const order = a.bytes[a.start + index] - b.bytes[b.start + index];
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** A listpack out of order cannot be taken over as it is. */
function handOnListpack(context: DecodeContext, members: number): void {
  const { first: { bytes, start }, sink: { zsets } } = context;
  begin(context, members);
  let complete = false;
  try {
    for (let at = start + LISTPACK_HEADER_BYTES; bytes[at] !== LISTPACK_END;) {
      member.read(bytes, at);
      at = nextElement(bytes, at);
      zsets.member(member.bytes, member.start, member.end, scoreAt(bytes, at));
      at = nextElement(bytes, at);
    }
    complete = true;
  } finally {
    if (!complete) zsets.abort();
  }
  zsets.end();
}

/** Checks what is in the second slot; returns its number of members. */
function checkZiplist(context: DecodeContext, at: number): number {
  const { duplicates } = context;
  const { bytes, start, end } = context.second;
  const elements = ziplist.countElements(bytes, start, end);
  context.check(ziplist.problem, at);
  if (elements % 2 === 1) context.check("the last member has no score", at);
  duplicates.begin(elements / 2);
  ziplist.open(bytes, start, end);
  while (ziplist.next()) {
    if (!duplicates.add(ziplist.valueBytes, ziplist.valueStart, ziplist.valueEnd)) {
      context.check(TWICE, at);
    }
    ziplist.next();
    const own = parseDouble(ziplist.valueBytes, ziplist.valueStart, ziplist.valueEnd);
    if (own !== own) context.check(NO_NUMBER, at);
  }
  return elements / 2;
}

function handOnZiplist(context: DecodeContext, members: number): void {
  const { first, second, sink: { zsets } } = context;
  begin(context, members);
  let complete = false;
  try {
    ziplist.open(second.bytes, second.start, second.end);
    while (ziplist.next()) {
      first.setCopy(ziplist.valueBytes, ziplist.valueStart, ziplist.valueEnd);
      ziplist.next();
      const own = parseDouble(ziplist.valueBytes, ziplist.valueStart, ziplist.valueEnd);
      zsets.member(first.bytes, first.start, first.end, own);
    }
    complete = true;
  } finally {
    if (!complete) zsets.abort();
  }
  zsets.end();
}
