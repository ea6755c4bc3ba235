// Data of modules cannot be loaded, since Spork has none of Valkey's C modules: the error names the module.
import type { DecodeContext, Decoding } from "./decode_context.ts";

/** A module type's identity: nine characters of six bits, then ten bits of version. */
const NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;

/** Throws RDB_UNSUPPORTED for the value of a module's type. */
export function* refuseModuleValue(context: DecodeContext): Decoding {
  const at = context.reader.offset;
  const name = yield* moduleType(context);
  throw context.error("RDB_UNSUPPORTED", `values of the module type '${name}' cannot be loaded`, at);
}

/** Throws RDB_UNSUPPORTED for data that a module saved beside the keys. */
export function* refuseModuleAux(context: DecodeContext): Decoding {
  const at = context.reader.offset - 1;
  const name = yield* moduleType(context);
  throw context.error("RDB_UNSUPPORTED", `data of the module type '${name}' cannot be loaded`, at);
}

function* moduleType(context: DecodeContext): Generator<number, string, void> {
  yield* context.takeLength();
  const { bytes, position, length } = context.reader;
  // An identity has 64 bits, which is more than a number holds.
  let id = BigInt(Math.min(length, Number.MAX_SAFE_INTEGER));
  if (length > Number.MAX_SAFE_INTEGER) {
    id = new DataView(bytes.buffer, bytes.byteOffset + position - 8, 8).getBigUint64(0);
  }
  id >>= VERSION_BITS;
  let name = "";
  for (let index = 0; index < NAME_LENGTH; index++) {
    name = NAME_CHARACTERS[Number(id & 63n)] + name;
    id >>= 6n;
  }
  return name;
}
