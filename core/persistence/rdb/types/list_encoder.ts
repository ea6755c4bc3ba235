// Encodes lists as quicklists of listpacks and plain elements, node by node. A compressed node goes as it is: RDB strings
// are compressed in the same way.
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { LISTPACK_EMPTY_BYTES, LISTPACK_HEADER_BYTES } from "../../../structures/listpack_format.ts";
import { CONTAINER_PACKED, CONTAINER_PLAIN } from "../../../structures/quicklist_layout.ts";
import { frameListpack } from "../../../structures/quicklist_nodes.ts";
import { QuickListReader } from "../../../structures/quicklist_reader.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { RDB_TYPE_LIST_QUICKLIST_2 } from "../format.ts";
import type { TypeEncoder } from "./encoders.ts";

/** Room for a listpack, at first and between large ones. */
const SCRATCH_BYTES_KEPT = 64 * 1024 + LISTPACK_EMPTY_BYTES;

export class ListEncoder implements TypeEncoder {
  readonly #nodes: QuickListReader;
  #scratch = new Uint8Array(0);

  constructor(private readonly reader: ArenaReader, private readonly writer: ChunkWriter) {
    this.#nodes = new QuickListReader(reader);
  }

  rdbType(): number {
    return RDB_TYPE_LIST_QUICKLIST_2;
  }

  encode(value: Ref): void {
    const { reader, writer } = this;
    const nodes = this.#nodes.open(value);
    const { nodeCount } = nodes;
    writer.length(nodeCount);
    let count = 0;
    while (nodes.nextNode()) {
      writer.pollCancelled();
      count++;
      const { address, bytes, compressedBytes, isPacked } = nodes;
      writer.length(isPacked ? CONTAINER_PACKED : CONTAINER_PLAIN);
      if (compressedBytes > 0) {
        const length = isPacked ? bytes + LISTPACK_EMPTY_BYTES : bytes;
        writer.lzfString(reader, address, compressedBytes, length);
      } else if (isPacked) this.#listpack(nodes);
      else writer.arenaString(reader, address, bytes);
    }
    if (count !== nodeCount) throw new Error(`a list of ${nodeCount} nodes had ${count} when it was walked`);
    if (this.#scratch.length > SCRATCH_BYTES_KEPT) this.#scratch = new Uint8Array(0);
  }

  /** A raw node has the bare elements: header and end byte are put around them here. */
  #listpack(nodes: QuickListReader): void {
    const length = nodes.bytes + LISTPACK_EMPTY_BYTES;
    if (this.#scratch.length < length) {
      this.#scratch = new Uint8Array(Math.max(length, SCRATCH_BYTES_KEPT));
    }
    this.reader.copyOut(nodes.address, nodes.bytes, this.#scratch, LISTPACK_HEADER_BYTES);
    frameListpack(this.#scratch, nodes.bytes, nodes.count);
    this.writer.string(this.#scratch, 0, length);
  }
}
