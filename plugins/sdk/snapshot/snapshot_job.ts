// One save inside a snapshot plugin's worker: the job object that the plugin is given, and the encoding that it
// usually ends in. The loop's side (core/persistence/snapshot) prepares the input and watches the control block.
import type { LfuOptions } from "../../../core/keyspace/access.ts";
import { ImageReader } from "../../../core/memory/arena_reader.ts";
import type { ReaderProgressHandle } from "../../../core/memory/deferred_free.ts";
import type { ArenaHandle } from "../../../core/memory/page_shadow.ts";
import type { RingHandle } from "../../../core/memory/shared_ring.ts";
import { CommandEncoder } from "../../../core/persistence/aof/commands/command_encoder.ts";
import { SaveCancelledError } from "../../../core/persistence/rdb/chunk_writer.ts";
import { RdbEncoder, type RdbHeader } from "../../../core/persistence/rdb/encoder.ts";
import type { ControlBlock } from "../control_block.ts";
import type {
  ArenaReader,
  BlockCodec,
  EntrySource,
  SnapshotInputs,
  SnapshotJob,
  SnapshotPlugin,
  SnapshotReport,
} from "../types.ts";
import { FileOutput } from "./file_output.ts";
import { IteratorSource } from "./iterator_source.ts";
import { TableSource } from "./table_source.ts";

/** What the file is made of: an RDB stream, or the commands that make the dataset. */
export type SnapshotFormat = "rdb" | "commands";

/** What the loop prepares for a save. Everything in it can be posted. */
export interface SnapshotJobInput {
  /** From 1 upwards, never reused while the plugin runs. Given by SnapshotStrategy. */
  id: number;
  /** `arena.readerHandle()` or the image's handle. */
  arena: ArenaHandle;
  /** Records of the iterator, where the strategy takes its entries from there. */
  entries?: RingHandle;
  /** Where to publish the tickets of entries that are done with. */
  reader?: ReaderProgressHandle;
  format: SnapshotFormat;
  /** For commands: seconds since 1970 in an annotation before all else; undefined = none. */
  annotatedAt?: number;
  /** What stands before the entries. */
  header: RdbHeader;
  functions: Uint8Array[];
  databases: { id: number; keys: number; expires: number }[];
  rdbVersion: number;
  /** `rdbchecksum`. */
  checksum: boolean;
  /** Name of the codec plugin that compresses strings; undefined = no compression. */
  compressor: string | undefined;
  /** What is saved of access words. */
  access: "none" | "lru" | "lfu";
  lfu: LfuOptions;
  /** The file to create. */
  path: string;
  /** Bytes between two syncs of the file (`rdb-save-incremental-fsync`), 0 = only at the end. */
  syncBytes: number;
}

/** Runs the plugin's `save`. Returns what was really written, whatever the plugin says. */
export async function runSnapshotJob(
  plugin: SnapshotPlugin,
  input: SnapshotJobInput,
  control: ControlBlock,
  codecs: ReadonlyMap<string, BlockCodec>,
): Promise<SnapshotReport> {
  const job = new Job(input, control, codecs);
  try {
    await plugin.save(job);
    if (job.report === undefined) throw new Error("save returned, but job.encode was never called");
    return job.report;
  } finally {
    job.end();
  }
}

/** What the two encoders have in common. */
interface EntryEncoder {
  readonly keys: number;
  entry(ref: number, database: number): void;
  end(): void;
}

class Job implements SnapshotJob {
  readonly id: number;
  report: SnapshotReport | undefined;
  // Hidden from plugin code: handles of the dataset's memory are among them.
  readonly #input: SnapshotJobInput;
  readonly #control: ControlBlock;
  readonly #codecs: ReadonlyMap<string, BlockCodec>;
  #output: FileOutput | undefined;

  constructor(input: SnapshotJobInput, control: ControlBlock, codecs: ReadonlyMap<string, BlockCodec>) {
    this.id = input.id;
    this.#input = input;
    this.#control = control;
    this.#codecs = codecs;
  }

  cancelled(): boolean {
    return this.#control.isJobCancelled(this.id);
  }

  view(): ArenaReader {
    return ImageReader.from(this.#input.arena);
  }

  iterator(): EntrySource {
    const { entries, reader } = this.#input;
    if (entries === undefined || reader === undefined) {
      throw new Error("the iterator's entries are not there; the manifest must provide entries: iterator");
    }
    return new IteratorSource(entries, reader, () => this.cancelled(), this.#control);
  }

  tables(view: ArenaReader): EntrySource {
    if (this.#input.entries !== undefined) {
      throw new Error("the tables may change during this save; the manifest must provide entries: tables");
    }
    return new TableSource(view, () => this.#throwIfCancelled(), this.#control);
  }

  encode({ view, entries }: SnapshotInputs): SnapshotReport {
    if (this.#output !== undefined) throw new Error("job.encode was called twice");
    const input = this.#input;
    const control = this.#control;
    this.#throwIfCancelled();
    const output = this.#output = new FileOutput(input.path, input.syncBytes);
    const encoder = input.format === "commands"
      ? this.#commandEncoder(view, output)
      : this.#rdbEncoder(view, output);
    while (entries.next()) {
      this.#throwIfCancelled();
      control.itemStartedAt = Date.now();
      encoder.entry(entries.ref, entries.database);
      entries.release();
    }
    control.itemStartedAt = 0;
    encoder.end();
    output.finish();
    return this.report = { entries: encoder.keys, bytes: output.bytes };
  }

  /** All before the entries is encoded. */
  #rdbEncoder(view: ArenaReader, output: FileOutput): EntryEncoder {
    const input = this.#input;
    const encoder = new RdbEncoder(view, { push: (chunk) => this.#write(output, chunk) }, {
      version: input.rdbVersion,
      checksum: input.checksum,
      compress: input.compressor !== undefined,
      compressor: this.#compressor(),
      access: input.access,
      lfu: input.lfu,
      cancelled: () => this.cancelled(),
      keySaveDelay: () => this.#control.keySaveDelayMicros,
    });
    encoder.header(input.header);
    for (const library of input.functions) encoder.functionLibrary(library);
    for (const { id, keys, expires } of input.databases) encoder.database(id, keys, expires);
    return encoder;
  }

  #commandEncoder(view: ArenaReader, output: FileOutput): EntryEncoder {
    const input = this.#input;
    const encoder = new CommandEncoder(view, { push: (chunk) => this.#write(output, chunk) }, {
      cancelled: () => this.cancelled(),
      keySaveDelay: () => this.#control.keySaveDelayMicros,
    });
    if (input.annotatedAt !== undefined) encoder.timestamp(input.annotatedAt);
    for (const library of input.functions) encoder.functionLibrary(library);
    return encoder;
  }

  /** The plugin is done with the job, one way or the other. */
  end(): void {
    this.#output?.close();
  }

  #throwIfCancelled(): void {
    if (this.cancelled()) throw new SaveCancelledError();
  }

  #write(output: FileOutput, chunk: Uint8Array): void {
    output.push(chunk);
    this.#control.bytesDone = output.bytes;
  }

  #compressor(): BlockCodec | undefined {
    const name = this.#input.compressor;
    if (name === undefined) return undefined;
    const codec = this.#codecs.get(name);
    if (codec === undefined) throw new Error(`no codec ${name} is loaded in this worker`);
    return codec;
  }
}
