// Walks the nodes of a quicklist through an ArenaReader: in snapshot workers and for DUMP. What it reads may be changing
// under a live reader only where a page image keeps the old bytes. Called by the RDB encoder of lists.
import type { Ref } from "../memory/arena_layout.ts";
import type { ArenaReader } from "../memory/arena_reader.ts";
import {
  CONTAINER_PACKED,
  NODE_BYTES,
  NODE_COMPRESSED,
  NODE_CONTAINER,
  NODE_COUNT,
  NODE_DATA,
  NODE_GAP,
  NODE_NEXT,
  ROOT_COUNT,
  ROOT_DEPTH,
  ROOT_FILL,
  ROOT_HEAD,
  ROOT_NODES,
} from "./quicklist_layout.ts";

export class QuickListReader {
  /** Of the current node: elements, and bytes as they stand in a listpack (or of the plain element). */
  count = 0;
  bytes = 0;
  /** Byte address of the elements, or of the LZF stream of a compressed node. */
  address = 0;
  /** Bytes of the LZF stream, of the whole listpack or the plain element; 0 where the node is raw. */
  compressedBytes = 0;
  isPacked = true;
  #root: Ref = 0;
  #next: Ref = 0;

  constructor(private readonly reader: ArenaReader) {}

  open(root: Ref): this {
    this.#root = root;
    this.#next = this.reader.u32(root * 4 + ROOT_HEAD);
    return this;
  }

  /** Number of elements. */
  get length(): number {
    return this.reader.u32(this.#root * 4 + ROOT_COUNT);
  }

  get nodeCount(): number {
    return this.reader.u32(this.#root * 4 + ROOT_NODES);
  }

  /** As `list-max-listpack-size` was for the list, signed. */
  get fill(): number {
    return this.reader.u32(this.#root * 4 + ROOT_FILL) | 0;
  }

  get compressDepth(): number {
    return this.reader.u32(this.#root * 4 + ROOT_DEPTH);
  }

  /** Moves to the next node; false after the last. */
  nextNode(): boolean {
    if (this.#next === 0) return false;
    const { reader } = this;
    const word = this.#next * 4;
    this.#next = reader.u32(word + NODE_NEXT);
    this.count = reader.u32(word + NODE_COUNT);
    this.bytes = reader.u32(word + NODE_BYTES);
    this.compressedBytes = reader.u32(word + NODE_COMPRESSED);
    this.isPacked = reader.u32(word + NODE_CONTAINER) === CONTAINER_PACKED;
    this.address = reader.u32(word + NODE_DATA) * 16 + reader.u32(word + NODE_GAP);
    return true;
  }
}
