// Streams as XADD commands, an XSETID with what entries alone do not tell, and XGROUP and XCLAIM commands for groups,
// consumers and what is pending.
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { IdTreeReader } from "../../../structures/id_tree_reader.ts";
import { StreamId } from "../../../structures/stream_id.ts";
import {
  CONSUMER_PENDING,
  GROUP_CONSUMERS,
  GROUP_LAST_ID,
  GROUP_READ_F64,
  NAME_BYTES_AT,
  NAME_LENGTH,
  NAMES_COUNT,
  NAMES_REFS,
  PENDING_COUNT,
  PENDING_TIME_F64,
  STREAM_ADDED_F64,
  STREAM_BLOCKS,
  STREAM_GROUPS,
  STREAM_LAST_ID,
  STREAM_LENGTH_F64,
  STREAM_MAX_DELETED_ID,
} from "../../../structures/stream_layout.ts";
import { bulkOf, type CommandWriter } from "./command_writer.ts";
import { ListpackScratch } from "./listpack_scratch.ts";
import { StreamEntries } from "./stream_entries.ts";
import type { TypeCommands } from "./type_commands.ts";

const XADD = bulkOf("XADD");
const XSETID = bulkOf("XSETID");
const ENTRIESADDED = bulkOf("ENTRIESADDED");
const MAXDELETEDID = bulkOf("MAXDELETEDID");
const XGROUP = bulkOf("XGROUP");
const CREATE = bulkOf("CREATE");
const ENTRIESREAD = bulkOf("ENTRIESREAD");
const CREATECONSUMER = bulkOf("CREATECONSUMER");
const XCLAIM = bulkOf("XCLAIM");
const ZERO = bulkOf("0");
const TIME = bulkOf("TIME");
const RETRYCOUNT = bulkOf("RETRYCOUNT");
const JUSTID = bulkOf("JUSTID");
const FORCE = bulkOf("FORCE");
/** How a stream without entries is made: one is added, of which none is kept. */
const EMPTY_STREAM = [bulkOf("MAXLEN"), ZERO, bulkOf("0-1"), bulkOf("x"), bulkOf("y")];

export class StreamCommands implements TypeCommands {
  readonly #tree: IdTreeReader;
  readonly #block = new ListpackScratch();
  readonly #entries = new StreamEntries();
  readonly #id = new StreamId();

  constructor(private readonly reader: ArenaReader, private readonly writer: CommandWriter) {
    this.#tree = new IdTreeReader(reader, () => writer.pollCancelled());
  }

  encode(value: Ref): void {
    const { reader, writer } = this;
    if (reader.f64(value * 2 + STREAM_LENGTH_F64) === 0) {
      writer.begin(2 + EMPTY_STREAM.length, XADD);
      writer.key();
      for (let word = 0; word < EMPTY_STREAM.length; word++) writer.word(EMPTY_STREAM[word]);
    } else this.#blocks(value);
    writer.begin(7, XSETID);
    writer.key();
    this.#idAt(value * 4 + STREAM_LAST_ID);
    writer.word(ENTRIESADDED);
    writer.integer(reader.f64(value * 2 + STREAM_ADDED_F64));
    writer.word(MAXDELETEDID);
    this.#idAt(value * 4 + STREAM_MAX_DELETED_ID);
    const groups = reader.u32(value * 4 + STREAM_GROUPS);
    const count = this.#countOf(groups);
    for (let index = 0; index < count; index++) this.#group(reader.u32(groups * 4 + NAMES_REFS + index));
  }

  #blocks(value: Ref): void {
    const { reader, writer } = this;
    const tree = this.#tree.open(value * 4 + STREAM_BLOCKS);
    const entries = this.#entries;
    const { field, value: text } = entries;
    while (tree.next()) {
      this.#block.load(reader, tree.value * 16);
      entries.open(this.#block.bytes, tree.id);
      while (entries.next()) {
        const { pairs } = entries;
        writer.begin(3 + pairs * 2, XADD);
        writer.key();
        writer.streamId(entries.id);
        for (let pair = 0; pair < pairs; pair++) {
          entries.nextPair();
          writer.bulk(field.bytes, field.start, field.end);
          writer.bulk(text.bytes, text.start, text.end);
        }
      }
    }
  }

  #group(group: Ref): void {
    const { reader, writer } = this;
    writer.begin(7, XGROUP);
    writer.word(CREATE);
    writer.key();
    this.#name(group);
    this.#idAt(group * 4 + GROUP_LAST_ID);
    writer.word(ENTRIESREAD);
    writer.integer(reader.f64(group * 2 + GROUP_READ_F64));
    const consumers = reader.u32(group * 4 + GROUP_CONSUMERS);
    const count = this.#countOf(consumers);
    for (let index = 0; index < count; index++) {
      this.#consumer(group, reader.u32(consumers * 4 + NAMES_REFS + index));
    }
  }

  /** A consumer that has something pending comes into being by the first XCLAIM. */
  #consumer(group: Ref, consumer: Ref): void {
    const { reader, writer } = this;
    const tree = this.#tree.open(consumer * 4 + CONSUMER_PENDING);
    if (tree.size === 0) {
      writer.begin(5, XGROUP);
      writer.word(CREATECONSUMER);
      writer.key();
      this.#name(group);
      this.#name(consumer);
      return;
    }
    while (tree.next()) {
      writer.begin(12, XCLAIM);
      writer.key();
      this.#name(group);
      this.#name(consumer);
      writer.word(ZERO);
      writer.streamId(tree.id);
      writer.word(TIME);
      writer.integer(reader.f64(tree.value * 2 + PENDING_TIME_F64));
      writer.word(RETRYCOUNT);
      writer.integer(reader.u32(tree.value * 4 + PENDING_COUNT));
      writer.word(JUSTID);
      writer.word(FORCE);
    }
  }

  #countOf(names: Ref): number {
    return names === 0 ? 0 : this.reader.u32(names * 4 + NAMES_COUNT);
  }

  #name(ref: Ref): void {
    this.writer.arenaBulk(ref * 16 + NAME_BYTES_AT, this.reader.u32(ref * 4 + NAME_LENGTH));
  }

  /** The id at a word of the arena. */
  #idAt(word: number): void {
    const { reader } = this;
    this.#id.set(reader.u32(word), reader.u32(word + 1), reader.u32(word + 2), reader.u32(word + 3));
    this.writer.streamId(this.#id);
  }
}
