// Lists as RPUSH commands, node by node.
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { lzfDecompress } from "../../../bytes/lzf.ts";
import { LISTPACK_EMPTY_BYTES, LISTPACK_HEADER_BYTES } from "../../../structures/listpack_format.ts";
import { frameListpack } from "../../../structures/quicklist_nodes.ts";
import { QuickListReader } from "../../../structures/quicklist_reader.ts";
import { bulkOf, type CommandWriter } from "./command_writer.ts";
import { ListpackScratch } from "./listpack_scratch.ts";
import type { TypeCommands } from "./type_commands.ts";

const RPUSH = bulkOf("RPUSH");

export class ListCommands implements TypeCommands {
  readonly #nodes: QuickListReader;
  readonly #listpack = new ListpackScratch();
  readonly #packed = new ListpackScratch();

  constructor(private readonly reader: ArenaReader, private readonly writer: CommandWriter) {
    this.#nodes = new QuickListReader(reader);
  }

  encode(value: Ref): void {
    const { writer } = this;
    const nodes = this.#nodes.open(value);
    const { length } = nodes;
    writer.items(RPUSH, length, 1);
    let count = 0;
    while (nodes.nextNode()) {
      writer.pollCancelled();
      count += nodes.count;
      if (nodes.compressedBytes > 0) this.#unpack(nodes);
      if (nodes.isPacked) this.#elements(nodes);
      else {
        writer.nextItem();
        if (nodes.compressedBytes > 0) writer.bulk(this.#listpack.bytes, 0, nodes.bytes);
        else writer.arenaBulk(nodes.address, nodes.bytes);
      }
    }
    if (count !== length) throw new Error(`a list of ${length} elements had ${count} when it was walked`);
  }

  #elements(nodes: QuickListReader): void {
    const { writer } = this;
    const listpack = this.#listpack;
    if (nodes.compressedBytes === 0) {
      const bytes = listpack.reserve(nodes.bytes + LISTPACK_EMPTY_BYTES);
      this.reader.copyOut(nodes.address, nodes.bytes, bytes, LISTPACK_HEADER_BYTES);
      frameListpack(bytes, nodes.bytes, nodes.count);
    }
    listpack.rewind();
    const { cursor, element } = listpack;
    while (cursor.next()) {
      writer.nextItem();
      writer.bulk(element.bytes, element.start, element.end);
    }
  }

  /** A compressed node: a whole listpack or a plain element. */
  #unpack({ address, bytes, compressedBytes, isPacked }: QuickListReader): void {
    const length = isPacked ? bytes + LISTPACK_EMPTY_BYTES : bytes;
    const target = this.#listpack.reserve(length);
    const source = this.#packed.reserve(compressedBytes);
    this.reader.copyOut(address, compressedBytes, source, 0);
    if (!lzfDecompress(source, 0, compressedBytes, target, 0, length)) {
      throw new Error(`a node of ${compressedBytes} compressed bytes does not make ${length}`);
    }
  }
}
