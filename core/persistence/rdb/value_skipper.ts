// Walks values that no LoadSink method takes, checking their structure and the packed collections inside, and the
// module and cluster data between keys. Used by `spork check rdb` and to step over data that is safe to ignore.
// Each generator yields true when input is short and false now and then, so that its owner can look at the clock.
import {
  MODULE_OPCODE_DOUBLE,
  MODULE_OPCODE_EOF,
  MODULE_OPCODE_FLOAT,
  MODULE_OPCODE_SINT,
  MODULE_OPCODE_STRING,
  MODULE_OPCODE_UINT,
  RDB_TYPE_HASH_2,
  RDB_TYPE_LIST,
  RDB_TYPE_LIST_QUICKLIST,
  RDB_TYPE_LIST_QUICKLIST_2,
  RDB_TYPE_LIST_ZIPLIST,
  RDB_TYPE_MODULE_2,
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
  rdbTypeName,
} from "./format.ts";
import {
  listpackProblem,
  setListpackProblem,
  sortedSetListpackProblem,
} from "../../structures/listpack_bytes.ts";
import { intsetProblem } from "./intset_check.ts";
import type { RdbReader } from "./reader.ts";
import type { StringSlot } from "./string_slot.ts";
import { ZiplistReader } from "./ziplist_reader.ts";

type Skipping = Generator<boolean, void, void>;

const QUICKLIST_PLAIN = 1;
const QUICKLIST_PACKED = 2;
const STREAM_ID_BYTES = 16;
const TIME_BYTES = 8;
const SLOT_JOB_NAME_BYTES = 40;

/** Steps over the value of `type`; `slot` is used as scratch. */
export function* skipValue(type: number, reader: RdbReader, slot: StringSlot): Skipping {
  switch (type) {
    case RDB_TYPE_LIST:
    case RDB_TYPE_SET:
      return yield* skipElements(reader, slot, 0);
    case RDB_TYPE_ZSET:
      return yield* skipTextScores(reader, slot);
    case RDB_TYPE_ZSET_2:
      return yield* skipElements(reader, slot, 8);
    case RDB_TYPE_HASH_2:
      return yield* skipFieldsWithExpiry(reader, slot);
    case RDB_TYPE_LIST_ZIPLIST:
      return yield* skipPacked(reader, slot, ziplistProblem);
    case RDB_TYPE_ZSET_ZIPLIST:
      return yield* skipPacked(reader, slot, sortedSetZiplistProblem);
    case RDB_TYPE_ZSET_LISTPACK:
      return yield* skipPacked(reader, slot, sortedSetListpackProblem);
    case RDB_TYPE_SET_LISTPACK:
      return yield* skipPacked(reader, slot, setListpackProblem);
    case RDB_TYPE_SET_INTSET:
      return yield* skipPacked(reader, slot, intsetProblem);
    case RDB_TYPE_LIST_QUICKLIST:
      return yield* skipQuicklist(reader, slot);
    case RDB_TYPE_LIST_QUICKLIST_2:
      return yield* skipQuicklist2(reader, slot);
    case RDB_TYPE_STREAM_LISTPACKS:
      return yield* skipStream(reader, slot, 1);
    case RDB_TYPE_STREAM_LISTPACKS_2:
      return yield* skipStream(reader, slot, 2);
    case RDB_TYPE_STREAM_LISTPACKS_3:
      return yield* skipStream(reader, slot, 3);
    case RDB_TYPE_MODULE_2:
      return yield* skipModuleData(reader, slot, { withOpcode: false });
  }
  throw reader.error("RDB_UNSUPPORTED", `type ${type} (${rdbTypeName(type)}) cannot be stepped over`);
}

/** Module identity, then (data between keys only) when it was saved, then tagged items up to an end mark. */
export function* skipModuleData(
  reader: RdbReader,
  slot: StringSlot,
  { withOpcode }: { withOpcode: boolean },
): Skipping {
  reader.doing = "module data";
  yield* length(reader);
  if (withOpcode) {
    const at = reader.offset;
    if ((yield* length(reader)) !== MODULE_OPCODE_UINT) {
      throw reader.error("RDB_BAD_VALUE", "module data does not say when it was saved", at);
    }
    yield* length(reader);
  }
  for (;;) {
    yield false;
    const at = reader.offset;
    const opcode = yield* length(reader);
    switch (opcode) {
      case MODULE_OPCODE_EOF:
        return;
      case MODULE_OPCODE_SINT:
      case MODULE_OPCODE_UINT:
        yield* length(reader);
        break;
      case MODULE_OPCODE_FLOAT:
        yield* fixed(reader, 4);
        break;
      case MODULE_OPCODE_DOUBLE:
        yield* fixed(reader, 8);
        break;
      case MODULE_OPCODE_STRING:
        yield* string(reader, slot);
        break;
      default:
        throw reader.error("RDB_BAD_VALUE", `module data has an item of the unknown kind ${opcode}`, at);
    }
  }
}

/** Name of the import job, then ranges of slots. */
export function* skipSlotImport(reader: RdbReader, slot: StringSlot): Skipping {
  reader.doing = "the state of a slot import";
  const at = reader.offset;
  yield* string(reader, slot);
  if (slot.length !== SLOT_JOB_NAME_BYTES) {
    throw reader.error("RDB_BAD_VALUE", "a slot import has a bad job name", at);
  }
  const ranges = yield* length(reader);
  for (let k = 0; k < ranges; k++) {
    yield false;
    yield* length(reader);
    yield* length(reader);
  }
}

function* skipElements(reader: RdbReader, slot: StringSlot, bytesAfterEach: number): Skipping {
  const count = yield* countOf(reader);
  for (let k = 0; k < count; k++) {
    yield false;
    yield* string(reader, slot);
    if (bytesAfterEach > 0) yield* fixed(reader, bytesAfterEach);
  }
}

/** Scores as text with a length byte in front, of which the highest three mean not a number and the infinities. */
function* skipTextScores(reader: RdbReader, slot: StringSlot): Skipping {
  const count = yield* countOf(reader);
  for (let k = 0; k < count; k++) {
    yield false;
    yield* string(reader, slot);
    reader.mark();
    while (!reader.ready(1)) yield true;
    const size = reader.bytes[reader.position++];
    if (size < 253) yield* fixed(reader, size);
  }
}

function* skipFieldsWithExpiry(reader: RdbReader, slot: StringSlot): Skipping {
  const count = yield* countOf(reader);
  for (let k = 0; k < count; k++) {
    yield false;
    yield* string(reader, slot);
    yield* string(reader, slot);
    yield* fixed(reader, TIME_BYTES);
  }
}

/** One packed collection; `problemOf` tells what is wrong with its bytes, "" where nothing is. */
function* skipPacked(
  reader: RdbReader,
  slot: StringSlot,
  problemOf: (bytes: Uint8Array, start: number, end: number) => string,
): Skipping {
  const at = reader.offset;
  yield* string(reader, slot);
  const problem = problemOf(slot.bytes, slot.start, slot.end);
  if (problem !== "") throw reader.error("RDB_BAD_VALUE", problem, at);
}

const ziplist = new ZiplistReader();

function ziplistProblem(bytes: Uint8Array, start: number, end: number): string {
  ziplist.countElements(bytes, start, end);
  return ziplist.problem;
}

function sortedSetZiplistProblem(bytes: Uint8Array, start: number, end: number): string {
  const isOdd = ziplist.countElements(bytes, start, end) % 2 === 1;
  return ziplist.problem || (isOdd ? "the last member of a sorted set has no score" : "");
}

function* skipQuicklist(reader: RdbReader, slot: StringSlot): Skipping {
  const nodes = yield* countOf(reader);
  for (let k = 0; k < nodes; k++) {
    yield false;
    yield* skipPacked(reader, slot, ziplistProblem);
  }
}

function* skipQuicklist2(reader: RdbReader, slot: StringSlot): Skipping {
  const nodes = yield* countOf(reader);
  for (let k = 0; k < nodes; k++) {
    yield false;
    const at = reader.offset;
    const container = yield* length(reader);
    if (container === QUICKLIST_PLAIN) yield* string(reader, slot);
    else if (container === QUICKLIST_PACKED) yield* skipPacked(reader, slot, listpackProblem);
    else throw reader.error("RDB_BAD_VALUE", `a list node has the unknown container ${container}`, at);
  }
}

/** Nodes of entries, the stream's counters, then groups with pending entries and consumers. */
function* skipStream(reader: RdbReader, slot: StringSlot, version: number): Skipping {
  const nodes = yield* countOf(reader);
  for (let k = 0; k < nodes; k++) {
    yield false;
    const at = reader.offset;
    yield* string(reader, slot);
    if (slot.length !== STREAM_ID_BYTES) {
      throw reader.error("RDB_BAD_VALUE", "a stream node has a bad first id", at);
    }
    yield* skipPacked(reader, slot, listpackProblem);
  }
  // Length and last id; then first id, highest deleted id and number of entries ever added.
  yield* lengths(reader, version >= 2 ? 8 : 3);
  const groups = yield* length(reader);
  for (let k = 0; k < groups; k++) {
    yield false;
    yield* string(reader, slot);
    yield* lengths(reader, version >= 2 ? 3 : 2);
    const pending = yield* length(reader);
    for (let entry = 0; entry < pending; entry++) {
      yield false;
      yield* fixed(reader, STREAM_ID_BYTES + TIME_BYTES);
      yield* length(reader);
    }
    const consumers = yield* length(reader);
    for (let consumer = 0; consumer < consumers; consumer++) {
      yield false;
      yield* string(reader, slot);
      yield* fixed(reader, version >= 3 ? 2 * TIME_BYTES : TIME_BYTES);
      const owned = yield* length(reader);
      for (let entry = 0; entry < owned; entry++) {
        yield false;
        yield* fixed(reader, STREAM_ID_BYTES);
      }
    }
  }
}

/** The count in front of a collection. One that cannot fit what follows is refused before its elements are walked. */
function* countOf(reader: RdbReader): Generator<boolean, number, void> {
  const count = yield* length(reader);
  if (count > reader.remaining) reader.ready(count);
  return count;
}

function* length(reader: RdbReader): Generator<boolean, number, void> {
  reader.mark();
  while (!reader.readPlainLength()) {
    reader.rewind();
    yield true;
  }
  return reader.length;
}

function* lengths(reader: RdbReader, count: number): Skipping {
  for (let k = 0; k < count; k++) yield* length(reader);
}

function* string(reader: RdbReader, slot: StringSlot): Skipping {
  reader.mark();
  while (!reader.readString(slot)) {
    reader.rewind();
    yield true;
  }
}

function* fixed(reader: RdbReader, bytes: number): Skipping {
  reader.mark();
  while (!reader.ready(bytes)) yield true;
  reader.position += bytes;
}
