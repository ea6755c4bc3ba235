// Encodes a dataset as the commands that make it: the base file of an append-only log where `aof-use-rdb-preamble` is
// no. Entries are read through an ArenaReader, in the workers of snapshot plugins. Hot: `entry`.
import {
  encodingOf,
  FLAG_EXPIRE,
  FLAG_EXTERNAL,
  inlineValueOffset,
  keyOffset,
  TYPE_STRING,
  typeOf,
  valueRefWord,
  WORD_KEY_LENGTH,
  WORD_META,
  WORD_VALUE_LENGTH,
} from "../../../keyspace/entry_layout.ts";
import { latin1Bytes } from "../../../bytes/ascii.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import type { ByteSink } from "../../rdb/chunk_writer.ts";
import { keySaveDelay } from "../../rdb/key_save_delay.ts";
import { bulkOf, CommandWriter, type CommandWriterOptions } from "./command_writer.ts";
import { type TypeCommands, typeCommands } from "./type_commands.ts";

const SELECT = bulkOf("SELECT");
const SET = bulkOf("SET");
const PEXPIREAT = bulkOf("PEXPIREAT");
const FUNCTION = bulkOf("FUNCTION");
const LOAD = bulkOf("LOAD");

export interface CommandEncoderOptions extends CommandWriterOptions {
  /** `rdb-key-save-delay` in microseconds as it is now; absent = no delay. */
  keySaveDelay?: () => number;
}

export class CommandEncoder {
  /** Entries encoded so far. */
  keys = 0;
  readonly #writer: CommandWriter;
  readonly #types: (TypeCommands | undefined)[];
  #database = -1;

  constructor(
    private readonly reader: ArenaReader,
    sink: ByteSink,
    private readonly options: CommandEncoderOptions,
  ) {
    const writer = this.#writer = new CommandWriter(reader, sink, options);
    this.#types = Array.from(typeCommands, (type) => type && new type(reader, writer));
  }

  /** Bytes of the stream so far. */
  get totalBytes(): number {
    return this.#writer.totalBytes;
  }

  /** The annotation of when the commands were written (`aof-timestamp-enabled`), seconds since 1970: comes first. */
  timestamp(seconds: number): void {
    this.#writer.plain(latin1Bytes(`#TS:${seconds}\r\n`));
  }

  /** The source of a function library. */
  functionLibrary(code: Uint8Array): void {
    const writer = this.#writer;
    writer.begin(3, FUNCTION);
    writer.word(LOAD);
    writer.bulk(code, 0, code.length);
  }

  /**
   * One entry of database `id`; databases may alternate. Throws a SaveCancelledError from within a large value where
   * `cancelled` says so: the stream is of no use then.
   */
  entry(ref: Ref, id: number): void {
    const { reader } = this;
    const writer = this.#writer;
    if (id !== this.#database) {
      writer.begin(2, SELECT);
      writer.integer(id);
      this.#database = id;
    }
    const word = ref * 4;
    const meta = reader.u32(word + WORD_META);
    const keyLength = reader.u32(word + WORD_KEY_LENGTH);
    writer.setKey(ref * 16 + keyOffset(meta), keyLength);
    const type = typeOf(meta);
    if (type === TYPE_STRING) this.#string(ref, meta, keyLength);
    else this.#of(type).encode(reader.u32(word + valueRefWord(meta, keyLength)), encodingOf(meta), meta);
    if ((meta & FLAG_EXPIRE) !== 0) {
      writer.begin(3, PEXPIREAT);
      writer.key();
      writer.integer(reader.f64(ref * 2 + 3));
    }
    this.keys++;
    this.#delay();
  }

  #string(ref: Ref, meta: number, keyLength: number): void {
    const { reader } = this;
    const writer = this.#writer;
    const address = (meta & FLAG_EXTERNAL) === 0
      ? ref * 16 + inlineValueOffset(meta, keyLength)
      : reader.u32(ref * 4 + valueRefWord(meta, keyLength)) * 16;
    writer.begin(3, SET);
    writer.key();
    writer.arenaBulk(address, reader.u32(ref * 4 + WORD_VALUE_LENGTH));
  }

  #of(type: number): TypeCommands {
    const commands = this.#types[type];
    if (commands === undefined) throw new Error(`an entry of type ${type} has no commands`);
    return commands;
  }

  #delay(): void {
    const { keySaveDelay: delayNow, cancelled } = this.options;
    if (delayNow === undefined) return;
    const micros = delayNow();
    if (micros !== 0) keySaveDelay(micros, cancelled ?? never);
  }

  /** The end of the stream: hands all that is left to the sink. */
  end(): void {
    this.#writer.flush();
  }
}

function never(): boolean {
  return false;
}
