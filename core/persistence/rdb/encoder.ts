// Encodes a dataset as an RDB stream: header, databases, entries read through an ArenaReader, footer. Runs on the loop
// (SAVE) and in the workers of snapshot plugins. Hot: `entry`, which allocates nothing.
import { lfuDecayed, type LfuOptions, lruIdleSeconds } from "../../keyspace/access.ts";
import {
  FLAG_EXPIRE,
  keyOffset,
  WORD_ACCESS,
  WORD_KEY_LENGTH,
  WORD_META,
} from "../../keyspace/entry_layout.ts";
import type { ArenaReader } from "../../memory/arena_reader.ts";
import type { Ref } from "../../memory/arena_layout.ts";
import { type ByteSink, ChunkWriter, type ChunkWriterOptions } from "./chunk_writer.ts";
import {
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME_MS,
  OPCODE_FREQ,
  OPCODE_FUNCTION2,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  rdbMagic,
  VERSION_FOREIGN_MAX,
} from "./format.ts";
import { keySaveDelay } from "./key_save_delay.ts";
import { ValueEncoder } from "./value_encoder.ts";

/** Bytes before the type of an entry at most: expiry, idle time. */
const PREFIX_BYTES_MAX = 9 + 10;
/** Entries between two looks at the clock, which idle times and counters are computed from. */
const ENTRIES_PER_CLOCK = 256;

export interface RdbEncoderOptions extends ChunkWriterOptions {
  /** 10, 11 or 80: what the option `rdb-version` accepts. */
  version: number;
  /** What access words hold and so what is saved of them: follows `maxmemory-policy`. */
  access: "none" | "lru" | "lfu";
  lfu: LfuOptions;
  /** `rdb-key-save-delay` in microseconds as it is now; absent = no delay. */
  keySaveDelay?: () => number;
}

export interface RdbHeader {
  /** Versions that the file says it was made by. */
  redisVersion: string;
  valkeyVersion: string;
  sporkVersion: string;
  /** Seconds since 1970. */
  createdAt: number;
  /** Bytes in use. */
  usedMemory: number;
  /** Whether this is the base file of an append-only log. */
  isAofBase: boolean;
  /** Where a replica that loads this stands in the replication stream. */
  replication?: { streamDatabase: number; id: string; offset: number };
}

export class RdbEncoder {
  /** Entries encoded so far. */
  keys = 0;

  readonly #writer: ChunkWriter;
  readonly #values: ValueEncoder;
  readonly #version: number;
  readonly #savesLru: boolean;
  readonly #savesLfu: boolean;
  #database = -1;
  #now = Date.now();
  #untilClock = ENTRIES_PER_CLOCK;

  constructor(
    private readonly reader: ArenaReader,
    sink: ByteSink,
    private readonly options: RdbEncoderOptions,
  ) {
    this.#writer = new ChunkWriter(sink, options);
    this.#values = new ValueEncoder(reader, this.#writer);
    this.#version = options.version;
    this.#savesLru = options.access === "lru";
    this.#savesLfu = options.access === "lfu";
  }

  /** Bytes of the stream so far. */
  get totalBytes(): number {
    return this.#writer.totalBytes;
  }

  header(header: RdbHeader): void {
    const { version } = this.options;
    const magic = new TextEncoder().encode(rdbMagic(version));
    for (const byte of magic) this.#writer.byte(byte);
    if (version > VERSION_FOREIGN_MAX) this.aux("valkey-ver", header.valkeyVersion);
    else this.aux("redis-ver", header.redisVersion);
    this.aux("spork-ver", header.sporkVersion);
    this.aux("redis-bits", "64");
    this.aux("ctime", `${header.createdAt}`);
    this.aux("used-mem", `${header.usedMemory}`);
    if (header.replication !== undefined) {
      this.aux("repl-stream-db", `${header.replication.streamDatabase}`);
      this.aux("repl-id", header.replication.id);
      this.aux("repl-offset", `${header.replication.offset}`);
    }
    this.aux("aof-base", header.isAofBase ? "1" : "0");
  }

  /** An auxiliary field: loaders skip those that they do not know. */
  aux(name: string, value: string): void {
    this.#writer.byte(OPCODE_AUX);
    this.#writer.text(name);
    this.#writer.text(value);
  }

  /** The source of a function library. */
  functionLibrary(code: Uint8Array): void {
    this.#writer.byte(OPCODE_FUNCTION2);
    this.#writer.string(code, 0, code.length);
  }

  /** Announces a database and its size, which lets the loader make its tables big enough at once. */
  database(id: number, keys: number, expires: number): void {
    this.#select(id);
    this.#writer.byte(OPCODE_RESIZEDB);
    this.#writer.length(keys);
    this.#writer.length(expires);
  }

  #select(id: number): void {
    this.#writer.byte(OPCODE_SELECTDB);
    this.#writer.length(id);
    this.#database = id;
  }

  /**
   * One entry of database `id`; databases may alternate. Throws a SaveCancelledError from within a large value where
   * `cancelled` says so: the stream is of no use then.
   */
  entry(ref: Ref, id: number): void {
    const { reader } = this;
    if (id !== this.#database) this.#select(id);
    const word = ref * 4;
    const meta = reader.u32(word + WORD_META);
    const keyLength = reader.u32(word + WORD_KEY_LENGTH);
    const writer = this.#writer;
    writer.room(PREFIX_BYTES_MAX + 1);
    if ((meta & FLAG_EXPIRE) !== 0) {
      writer.bytes[writer.position++] = OPCODE_EXPIRETIME_MS;
      writer.milliseconds(reader.f64(ref * 2 + 3));
    }
    if (this.#savesLru || this.#savesLfu) this.#access(reader.u32(word + WORD_ACCESS));
    const type = this.#values.rdbType(meta, this.#version);
    writer.bytes[writer.position++] = type;
    writer.arenaString(reader, ref * 16 + keyOffset(meta), keyLength);
    this.#values.value(ref, meta, keyLength, type);
    this.keys++;
    this.#delay();
  }

  #access(word: number): void {
    if (--this.#untilClock === 0) {
      this.#untilClock = ENTRIES_PER_CLOCK;
      this.#now = Date.now();
    }
    const writer = this.#writer;
    if (this.#savesLru) {
      writer.bytes[writer.position++] = OPCODE_IDLE;
      writer.length(lruIdleSeconds(word, Math.floor(this.#now / 1000)));
    } else {
      writer.bytes[writer.position++] = OPCODE_FREQ;
      writer.bytes[writer.position++] = lfuDecayed(word, this.#now, this.options.lfu);
    }
  }

  #delay(): void {
    const { keySaveDelay: delayNow, cancelled } = this.options;
    if (delayNow === undefined) return;
    const micros = delayNow();
    if (micros !== 0) keySaveDelay(micros, cancelled ?? never);
  }

  /** Hands all encoded bytes to the sink now. */
  flush(): void {
    this.#writer.flush();
  }

  /** The end of the stream, checksum and all. */
  end(): void {
    this.#writer.byte(OPCODE_EOF);
    this.#writer.endWithChecksum();
  }
}

function never(): boolean {
  return false;
}
