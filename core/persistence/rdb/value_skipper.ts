// Walks what cannot be loaded, checking its structure: module values, module data between keys, and cluster data. Used by
// `spork check rdb` and to step over what is safe to ignore.
// Each generator yields true when input is short and false now and then, so that its owner can look at the clock.
import {
  MODULE_OPCODE_DOUBLE,
  MODULE_OPCODE_EOF,
  MODULE_OPCODE_FLOAT,
  MODULE_OPCODE_SINT,
  MODULE_OPCODE_STRING,
  MODULE_OPCODE_UINT,
  RDB_TYPE_MODULE_2,
  rdbTypeName,
} from "./format.ts";
import type { RdbReader } from "./reader.ts";
import type { StringSlot } from "./string_slot.ts";

type Skipping = Generator<boolean, void, void>;

const SLOT_JOB_NAME_BYTES = 40;

/** Steps over a value that no decoder takes; `slot` is used as scratch. */
export function* skipValue(type: number, reader: RdbReader, slot: StringSlot): Skipping {
  if (type === RDB_TYPE_MODULE_2) return yield* skipModuleData(reader, slot, { withOpcode: false });
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

function* length(reader: RdbReader): Generator<boolean, number, void> {
  reader.mark();
  while (!reader.readPlainLength()) {
    reader.rewind();
    yield true;
  }
  return reader.length;
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
