// Decodes lists: element by element, as one ziplist, and as quicklists of ziplists or (since version 10) of listpacks and
// plain elements. Nodes without elements, which old servers could write, are passed over.
import { listpackLength, listpackProblem } from "../../../structures/listpack_bytes.ts";
import { CONTAINER_PACKED, CONTAINER_PLAIN } from "../../../structures/quicklist_layout.ts";
import { RDB_TYPE_LIST, RDB_TYPE_LIST_QUICKLIST_2, RDB_TYPE_LIST_ZIPLIST } from "../format.ts";
import { ZiplistReader } from "../ziplist_reader.ts";
import {
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type DecodeContext,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./decode_context.ts";

/** Least bytes of an element: what caps the hint about a list's size. */
const ELEMENT_BYTES_MIN = 1;

const ziplist = new ZiplistReader();

/** A list of one listpack, as most are. */
export function decodeShortList(context: DecodeContext, type: number): number {
  const { reader, first } = context;
  const from = reader.position;
  if (!reader.readPlainLength()) return INPUT_SHORT;
  const nodes = reader.length;
  if (nodes === 1 && !reader.readPlainLength()) return INPUT_SHORT;
  if (nodes !== 1 || reader.length !== CONTAINER_PACKED) {
    reader.position = from;
    return type;
  }
  const at = reader.offset;
  if (!reader.readString(first)) return INPUT_SHORT;
  const { bytes, start, end } = first;
  context.check(listpackProblem(bytes, start, end), at);
  const count = listpackLength(bytes, start);
  if (count === 0) context.emptyKey();
  else if (context.keepsKey()) {
    const { lists } = context.sink;
    context.expectNew(lists.begin(context.key, count));
    let complete = false;
    try {
      lists.packed(bytes, start, end, count);
      complete = true;
    } finally {
      if (!complete) lists.abort();
    }
    lists.end();
  }
  return RECORD_DONE;
}

export function* decodeList(context: DecodeContext, type: number): Decoding {
  const { reader, pacer, sink: { lists } } = context;
  let parts = 1;
  if (type !== RDB_TYPE_LIST_ZIPLIST) {
    yield* context.takeLength();
    parts = reader.length;
  }
  let state = STATE_NOT_BEGUN;
  let complete = false;
  try {
    for (let index = 0; index < parts; index++) {
      if (pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      while (!readPart(context, type)) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
      }
      const count = checkPart(context, type);
      if (count === 0) continue;
      if (state === STATE_NOT_BEGUN) state = begin(context, parts) ? STATE_BEGUN : STATE_DROPPED;
      if (state === STATE_BEGUN) handOn(context, type, count);
    }
    complete = true;
  } finally {
    if (state === STATE_BEGUN && !complete) lists.abort();
  }
  if (state === STATE_NOT_BEGUN) context.emptyKey();
  else if (state === STATE_BEGUN) lists.end();
}

/** What became of the list so far: it begins with its first element. */
const STATE_NOT_BEGUN = 0;
const STATE_BEGUN = 1;
const STATE_DROPPED = 2;

/** How the part in the slot is packed, and where it began. */
let container = CONTAINER_PLAIN;
let partAt = 0;

/** Takes an element or node into the slot; false where it is not all there yet. */
function readPart(context: DecodeContext, type: number): boolean {
  const { reader, first } = context;
  partAt = reader.offset;
  container = type === RDB_TYPE_LIST ? CONTAINER_PLAIN : CONTAINER_PACKED;
  if (type === RDB_TYPE_LIST_QUICKLIST_2) {
    if (!reader.readPlainLength()) return false;
    container = reader.length;
    if (container !== CONTAINER_PLAIN && container !== CONTAINER_PACKED) {
      throw context.error("RDB_BAD_VALUE", `a list's node has the container ${container}`, partAt);
    }
  }
  return reader.readString(first);
}

/** Checks the part in the slot; returns its number of elements. */
function checkPart(context: DecodeContext, type: number): number {
  const { bytes, start, end } = context.first;
  if (container === CONTAINER_PLAIN) {
    if (type === RDB_TYPE_LIST_QUICKLIST_2 && start === end) {
      context.check("a node of its own is empty", partAt);
    }
    return 1;
  }
  if (type === RDB_TYPE_LIST_QUICKLIST_2) {
    context.check(listpackProblem(bytes, start, end), partAt);
    return listpackLength(bytes, start);
  }
  const count = ziplist.countElements(bytes, start, end);
  context.check(ziplist.problem, partAt);
  return count;
}

function begin(context: DecodeContext, parts: number): boolean {
  if (!context.keepsKey()) return false;
  const expected = Math.min(parts, context.reader.mostThatFit(ELEMENT_BYTES_MIN) + 1);
  context.expectNew(context.sink.lists.begin(context.key, expected));
  return true;
}

function handOn(context: DecodeContext, type: number, count: number): void {
  const { first: { bytes, start, end }, sink: { lists } } = context;
  if (container === CONTAINER_PLAIN) lists.element(bytes, start, end);
  else if (type === RDB_TYPE_LIST_QUICKLIST_2) lists.packed(bytes, start, end, count);
  else {
    ziplist.open(bytes, start, end);
    while (ziplist.next()) lists.element(ziplist.valueBytes, ziplist.valueStart, ziplist.valueEnd);
  }
}
