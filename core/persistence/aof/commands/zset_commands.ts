// Sorted sets as ZADD commands: from the lowest to the highest out of a listpack, from the highest to the lowest out of
// an index.
import { parseDouble } from "../../../bytes/double.ts";
import { ENCODING_LISTPACK } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { listpackLength } from "../../../structures/listpack_bytes.ts";
import { OrderedIndexReader } from "../../../structures/ordered_index_reader.ts";
import { bulkOf, type CommandWriter } from "./command_writer.ts";
import { ListpackScratch } from "./listpack_scratch.ts";
import type { TypeCommands } from "./type_commands.ts";

const ZADD = bulkOf("ZADD");

export class ZsetCommands implements TypeCommands {
  readonly #index: OrderedIndexReader;
  /** Two of the same listpack: members stand before their scores, and are written after them. */
  readonly #members = new ListpackScratch();
  readonly #scores = new ListpackScratch();

  constructor(private readonly reader: ArenaReader, private readonly writer: CommandWriter) {
    this.#index = new OrderedIndexReader(reader, () => writer.pollCancelled());
  }

  encode(value: Ref, encoding: number): void {
    if (encoding === ENCODING_LISTPACK) this.#packed(value);
    else this.#indexed(value);
  }

  #indexed(root: Ref): void {
    const { writer } = this;
    const index = this.#index.open(root);
    const { size } = index;
    writer.items(ZADD, size, 2);
    let count = 0;
    for (; index.next(); count++) {
      writer.nextItem();
      writer.double(index.score);
      writer.arenaBulk(index.memberAddress, index.memberLength);
    }
    if (count !== size) {
      throw new Error(`an ordered index of ${size} members had ${count} when it was walked`);
    }
  }

  #packed(ref: Ref): void {
    const { writer } = this;
    const listpack = this.#members;
    listpack.load(this.reader, ref * 16);
    writer.items(ZADD, listpackLength(listpack.bytes, 0) / 2, 2);
    const members = listpack.cursor;
    const scores = this.#scores.cursor.open(listpack.bytes, 0);
    const member = members.element;
    const score = scores.element;
    while (members.next()) {
      scores.next();
      scores.next();
      writer.nextItem();
      if (score.isInteger) writer.bulk(score.bytes, score.start, score.end);
      else writer.double(parseDouble(score.bytes, score.start, score.end));
      writer.bulk(member.bytes, member.start, member.end);
      members.next();
    }
  }
}
