// Decodes an RDB stream into a LoadSink. Push-driven: the owner fills `space()`, calls `run` with a time limit, and
// gets told whether more input is needed, time is up or the end was reached. Common records are taken whole by plain
// functions that rewind when input is short; the generator only carries the state of long values across pauses.
import type { Crc64 } from "./crc64.ts";
import {
  CHECKSUM_BYTES,
  HEADER_BYTES,
  isForeignType,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME,
  OPCODE_EXPIRETIME_MS,
  OPCODE_FREQ,
  OPCODE_FUNCTION2,
  OPCODE_FUNCTION_PRE_GA,
  OPCODE_IDLE,
  OPCODE_MODULE_AUX,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_IMPORT,
  OPCODE_SLOT_INFO,
  rdbTypeName,
  VERSION_CHECKSUM,
  VERSION_COMMON_MAX,
  VERSION_FOREIGN_MAX,
  VERSION_VALKEY,
} from "./format.ts";
import type { LoadSink } from "./load_sink.ts";
import { Pacer } from "./pacer.ts";
import { RdbError } from "./rdb_error.ts";
import { RdbReader } from "./reader.ts";
import { StringSlot } from "./string_slot.ts";
import {
  DECODE_DONE,
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./types/decode_context.ts";
import { refuseModuleAux } from "./types/module_refusal.ts";
import { ValueDecoder, type ValueDecoderOptions } from "./value_decoder.ts";
import { skipModuleData, skipSlotImport } from "./value_skipper.ts";

export { DECODE_DONE, DECODE_NEEDS_INPUT, DECODE_TIME_UP };

/** Least bytes of a key with its value: what caps the hints in the stream. */
const KEY_BYTES_MIN = 3;
const KEY_CHARACTERS_SHOWN = 80;

export interface RdbDecoderOptions extends ValueDecoderOptions {
  /** Databases that exist; keys of a higher one are an error. */
  databases: number;
  checksum: "verify" | "ignore";
  /** Valkey's `rdb-version-check`: relaxed also tries versions of other products and of the future. */
  versionCheck: "strict" | "relaxed";
  /** Bytes of the whole input, where known. */
  totalBytes?: number;
}

export type ChecksumState = "pending" | "verified" | "absent" | "disabled" | "ignored";

export class RdbDecoder {
  version = 0;
  checksum: ChecksumState = "pending";
  /** Counts of keys, and what is being read. */
  readonly values: ValueDecoder;

  readonly #sink: LoadSink;
  readonly #options: RdbDecoderOptions;
  readonly #reader: RdbReader;
  readonly #pacer = new Pacer();
  readonly #steps: Decoding;
  readonly #name = new StringSlot();
  readonly #text = new StringSlot();
  #isRedis = false;
  #database = 0;

  constructor(sink: LoadSink, options: RdbDecoderOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#reader = new RdbReader({
      totalBytes: options.totalBytes,
      checksummed: options.checksum === "verify",
    });
    this.values = new ValueDecoder(this.#reader, sink, this.#pacer, options);
    this.#steps = this.#decode();
  }

  /** Bytes taken so far; at the end, the length of the RDB part of the input. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** Room for input, to be filled from its start and then committed. */
  space(): Uint8Array {
    return this.#reader.space();
  }

  commit(count: number): void {
    this.#reader.commit(count);
  }

  /** Says that what was committed is all. */
  endInput(): void {
    this.#reader.endInput();
  }

  /** What was committed beyond the end of the RDB part (an AOF's tail, the mark of a diskless sync). */
  leftover(): Uint8Array {
    return this.#reader.bytes.subarray(this.#reader.position, this.#reader.end);
  }

  /**
   * Decodes until input is short, `deadline` (on `performance.now`) has passed or the end is reached; returns one of
   * the DECODE_ numbers. Throws RdbError, and whatever the sink throws; the decoder is of no further use then.
   */
  run(deadline: number): number {
    this.#pacer.deadline = deadline;
    try {
      const step = this.#steps.next();
      return step.done === true ? DECODE_DONE : step.value;
    } catch (error) {
      if (error instanceof RdbError && this.values.type >= 0) throw this.#inContext(error);
      throw error;
    }
  }

  /** Gives up: a value that is half loaded is taken back. */
  abort(): void {
    this.#steps.return();
  }

  #inContext(error: RdbError): RdbError {
    const { type } = this.values;
    const key = this.values.keyText(KEY_CHARACTERS_SHOWN);
    const what = `key "${key}" (${rdbTypeName(type)}) of database ${this.#database}`;
    return new RdbError(error.code, error.offset, `${error.reason}, in ${what}`);
  }

  *#decode(): Decoding {
    const reader = this.#reader;
    while (!this.#header()) yield DECODE_NEEDS_INPUT;
    for (;;) {
      if (this.#pacer.isTimeUp()) yield DECODE_TIME_UP;
      reader.mark();
      let opcode = this.#record();
      while (opcode === INPUT_SHORT) {
        reader.rewind();
        yield DECODE_NEEDS_INPUT;
        opcode = this.#record();
      }
      if (opcode === OPCODE_EOF) break;
      if (opcode === RECORD_DONE) continue;
      yield* this.#longRecord(opcode);
    }
    reader.mark();
    while (!this.#footer()) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
    this.#sink.end();
  }

  #header(): boolean {
    const reader = this.#reader;
    if (!reader.ready(HEADER_BYTES)) return false;
    const bytes = reader.bytes;
    let text = "";
    for (let k = 0; k < HEADER_BYTES; k++) text += String.fromCharCode(bytes[reader.position + k]);
    const match = /^(?:REDIS(0\d{3})|VALKEY(\d{3}))$/.exec(text);
    if (match === null) {
      throw reader.error(
        "RDB_BAD_MAGIC",
        "the input does not begin with REDIS or VALKEY and a version: it is no RDB file",
      );
    }
    this.#isRedis = match[1] !== undefined;
    this.version = Number(match[1] ?? match[2]);
    const reason = this.#refusedVersion();
    if (reason !== "") throw reader.error("RDB_BAD_VERSION", `RDB version ${this.version} ${reason}`);
    reader.position += HEADER_BYTES;
    return true;
  }

  #refusedVersion(): string {
    const version = this.version;
    if (version < 1) return "does not exist";
    if (this.#isRedis && version > VERSION_FOREIGN_MAX) return "cannot follow the signature REDIS";
    if (!this.#isRedis && version <= VERSION_FOREIGN_MAX) return "cannot follow the signature VALKEY";
    if (this.#options.versionCheck === "relaxed") return "";
    if (version > VERSION_VALKEY) return `is newer than ${VERSION_VALKEY}, the newest that can be read`;
    if (version > VERSION_COMMON_MAX && version < VERSION_VALKEY) return "belongs to another product";
    return "";
  }

  /** Takes one whole record; returns RECORD_DONE, INPUT_SHORT, or the opcode that the generator has to carry on with. */
  #record(): number {
    const reader = this.#reader;
    reader.doing = "an opcode";
    if (!reader.ready(1)) return INPUT_SHORT;
    const opcode = reader.bytes[reader.position];
    if (this.#isRedis && isForeignType(opcode)) throw this.#unknown(opcode, reader.offset);
    reader.position++;
    switch (opcode) {
      case OPCODE_EXPIRETIME_MS:
        return this.#expireMilliseconds();
      case OPCODE_EXPIRETIME:
        return this.#expireSeconds();
      case OPCODE_IDLE:
        if (!reader.readPlainLength()) return INPUT_SHORT;
        this.values.key.idleSeconds = reader.length;
        return RECORD_DONE;
      case OPCODE_FREQ:
        if (!reader.ready(1)) return INPUT_SHORT;
        this.values.key.frequency = reader.bytes[reader.position++];
        return RECORD_DONE;
      case OPCODE_SELECTDB:
        return this.#selectDb();
      case OPCODE_RESIZEDB:
        return this.#resizeDb();
      case OPCODE_AUX:
        return this.#aux();
      case OPCODE_SLOT_INFO:
        return this.#slotInfo();
      case OPCODE_FUNCTION2:
        reader.doing = "a function library";
        if (!reader.readString(this.#text)) return INPUT_SHORT;
        this.#sink.functionCode(this.#text.bytes, this.#text.start, this.#text.end);
        return RECORD_DONE;
      case OPCODE_FUNCTION_PRE_GA:
        return this.#preReleaseFunction();
      case OPCODE_EOF:
      case OPCODE_MODULE_AUX:
      case OPCODE_SLOT_IMPORT:
        return opcode;
    }
    if (rdbTypeName(opcode) === undefined) throw this.#unknown(opcode, reader.offset - 1);
    return this.values.keyAndValue(opcode);
  }

  #unknown(opcode: number, offset: number): RdbError {
    return this.#reader.error(
      "RDB_UNKNOWN_TYPE",
      `${opcode} is no type or opcode of RDB version ${this.version} that Spork knows`,
      offset,
    );
  }

  #expireMilliseconds(): number {
    const reader = this.#reader;
    if (!reader.ready(8)) return INPUT_SHORT;
    this.values.key.expireAt = reader.milliseconds();
    return RECORD_DONE;
  }

  #expireSeconds(): number {
    const reader = this.#reader;
    if (!reader.ready(4)) return INPUT_SHORT;
    const bytes = reader.bytes;
    const at = reader.position;
    const seconds = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    this.values.key.expireAt = seconds * 1000;
    reader.position = at + 4;
    return RECORD_DONE;
  }

  #selectDb(): number {
    const reader = this.#reader;
    const at = reader.offset;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    if (reader.length >= this.#options.databases) {
      const { databases } = this.#options;
      throw reader.error(
        "RDB_BAD_DATABASE",
        `database ${reader.length} does not exist: databases is set to ${databases}`,
        at,
      );
    }
    this.#database = reader.length;
    this.#sink.selectDb(reader.length);
    return RECORD_DONE;
  }

  #resizeDb(): number {
    const reader = this.#reader;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    const keys = reader.length;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    const cap = reader.mostThatFit(KEY_BYTES_MIN);
    this.#sink.resizeDb(Math.min(keys, cap), Math.min(reader.length, cap));
    return RECORD_DONE;
  }

  #aux(): number {
    const reader = this.#reader;
    reader.doing = "an auxiliary field";
    if (!reader.readString(this.#name)) return INPUT_SHORT;
    if (!reader.readString(this.#text)) return INPUT_SHORT;
    this.#sink.aux(slotText(this.#name), slotText(this.#text));
    return RECORD_DONE;
  }

  #slotInfo(): number {
    const reader = this.#reader;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    const slot = reader.length;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    const keys = reader.length;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    const cap = reader.mostThatFit(KEY_BYTES_MIN);
    this.#sink.slotInfo(slot, Math.min(keys, cap), Math.min(reader.length, cap));
    return RECORD_DONE;
  }

  /** Functions of a Redis 7.0 release candidate: name, engine, optional description, code; nobody can run them. */
  #preReleaseFunction(): number {
    const reader = this.#reader;
    const at = reader.offset - 1;
    reader.doing = "a function";
    if (!reader.readString(this.#text) || !reader.readString(this.#text)) return INPUT_SHORT;
    if (!reader.readPlainLength()) return INPUT_SHORT;
    if (reader.length !== 0 && !reader.readString(this.#text)) return INPUT_SHORT;
    if (!reader.readString(this.#text)) return INPUT_SHORT;
    if (this.#options.unsupported === "refuse") {
      throw reader.error(
        "RDB_UNSUPPORTED",
        "functions in the format of a release candidate are not supported",
        at,
      );
    }
    return RECORD_DONE;
  }

  /** Carries on with what may be longer than the window. */
  *#longRecord(opcode: number): Decoding {
    const reader = this.#reader;
    if (opcode === OPCODE_MODULE_AUX) {
      if (this.#options.unsupported === "refuse") yield* refuseModuleAux(this.values);
      yield* this.values.skipping(skipModuleData(reader, this.#text, { withOpcode: true }));
    } else if (opcode === OPCODE_SLOT_IMPORT) {
      if (this.#options.unsupported === "refuse") {
        throw reader.error(
          "RDB_UNSUPPORTED",
          "the state of a slot import is not supported",
          reader.offset - 1,
        );
      }
      yield* this.values.skipping(skipSlotImport(reader, this.#text));
    } else {
      yield* this.values.long(opcode);
    }
  }

  #footer(): boolean {
    const reader = this.#reader;
    if (this.version < VERSION_CHECKSUM) {
      this.checksum = "absent";
      return true;
    }
    reader.doing = "the checksum";
    if (!reader.ready(CHECKSUM_BYTES)) return false;
    this.checksum = this.#compareChecksum();
    reader.position += CHECKSUM_BYTES;
    return true;
  }

  #compareChecksum(): ChecksumState {
    const reader = this.#reader;
    if (this.#options.checksum === "ignore") return "ignored";
    const { bytes, position } = reader;
    let bits = 0;
    for (let k = 0; k < CHECKSUM_BYTES; k++) bits |= bytes[position + k];
    if (bits === 0) return "disabled";
    const computed: Crc64 = reader.checksum();
    if (computed.matches(bytes, position)) return "verified";
    throw reader.error(
      "RDB_BAD_CHECKSUM",
      `CRC error: the checksum stored is not the one computed from the file, ${computed}: the file is damaged`,
    );
  }
}

const decoder = new TextDecoder();

function slotText(slot: StringSlot): string {
  return decoder.decode(slot.bytes.subarray(slot.start, slot.end));
}
