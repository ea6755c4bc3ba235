// Walks the ids of an id tree through an ArenaReader: for snapshot workers, which have no Arena. As with hash tables, an
// image of any moment between two operations of the loop can be walked, a live tree only while the loop leaves it alone.
import type { Ref } from "../memory/arena_layout.ts";
import type { ArenaReader } from "../memory/arena_reader.ts";
import {
  ID_WORDS,
  NODE_CAPACITY,
  NODE_CAPACITY_MAX,
  NODE_COUNT,
  NODE_IDS,
  NODE_NEXT,
  nodeBytes,
  TREE_LEVELS,
  TREE_ROOT,
  TREE_SIZE,
} from "./id_tree_layout.ts";
import { StreamId } from "./stream_id.ts";

export class IdTreeReader {
  /** Number of ids. */
  size = 0;
  /** What `next` has read. */
  readonly id = new StreamId();
  value: Ref = 0;
  readonly #reader: ArenaReader;
  readonly #poll: () => void;
  readonly #words = new Int32Array(nodeBytes(NODE_CAPACITY_MAX) / 4);
  readonly #bytes: Uint8Array = new Uint8Array(this.#words.buffer);
  #index = 0;
  #count = 0;
  #capacity = 0;
  #next: Ref = 0;

  /** `poll` is called at every node; it ends a walk by throwing, as that of a hash table's reader does. */
  constructor(reader: ArenaReader, poll: () => void) {
    this.#reader = reader;
    this.#poll = poll;
  }

  /** Begins at the first id of the tree whose header is at this word. */
  open(header: number): this {
    const reader = this.#reader;
    this.size = reader.u32(header + TREE_SIZE);
    let node = reader.u32(header + TREE_ROOT);
    for (let level = reader.u32(header + TREE_LEVELS); level > 1; level--) {
      this.#poll();
      const capacity = reader.u32(node * 4 + NODE_CAPACITY);
      node = reader.u32(node * 4 + NODE_IDS + capacity * ID_WORDS);
    }
    this.#next = node;
    this.#index = this.#count = 0;
    return this;
  }

  /** Reads the next id with its value; false after the last. */
  next(): boolean {
    if (this.#index === this.#count && !this.#readLeaf()) return false;
    const at = NODE_IDS + this.#index * ID_WORDS;
    this.id.load(this.#words, at);
    this.value = this.#words[NODE_IDS + this.#capacity * ID_WORDS + this.#index];
    this.#index++;
    return true;
  }

  #readLeaf(): boolean {
    if (this.#next === 0) return false;
    this.#poll();
    const leaf = this.#next;
    this.#capacity = Math.min(this.#reader.u32(leaf * 4 + NODE_CAPACITY), NODE_CAPACITY_MAX);
    this.#reader.copyOut(leaf * 16, nodeBytes(this.#capacity), this.#bytes, 0);
    this.#count = Math.min(this.#words[NODE_COUNT], this.#capacity);
    this.#next = this.#words[NODE_NEXT];
    this.#index = 0;
    return this.#count > 0;
  }
}
