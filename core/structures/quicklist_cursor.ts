// The reading half of a quicklist: its books, and a cursor over its elements, in raw and in compressed nodes.
// quicklist.ts adds the changes. Hot: walking and reading allocate nothing on the JavaScript heap.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import {
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  ListpackNeedle,
  nextElement,
  previousElement,
} from "./listpack_format.ts";
import {
  NODE_BYTES,
  NODE_COMPRESSED,
  NODE_COUNT,
  NODE_DATA,
  NODE_GAP,
  NODE_NEXT,
  NODE_PREVIOUS,
  ROOT_BYTES_F64,
  ROOT_COUNT,
  ROOT_DEPTH,
  ROOT_FILL,
  ROOT_HEAD,
  ROOT_NODES,
  ROOT_TAIL,
} from "./quicklist_layout.ts";
import { QuickListNodes } from "./quicklist_nodes.ts";

const NO_BYTES = new Uint8Array(0);

export abstract class QuickListCursor implements BufferHolder {
  /** The list it is attached to. */
  root: Ref = 0;
  /** The text that `read` has read: valid until the next read, move or change. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  protected readonly nodes: QuickListNodes;
  /** The cursor's node, 0 = none, and the byte position of its element among those of the node. */
  protected node: Ref = 0;
  protected position = 0;
  /** Where the node's elements can be read: `size` bytes from `base` of `view`. */
  protected view: Uint8Array = NO_BYTES;
  protected base = 0;
  protected size = 0;
  protected isPlain = false;
  /** A node that was changed at the cursor and may have to be compressed when the cursor leaves it. */
  protected unsettled: Ref = 0;
  readonly #element = new ListpackElement();
  readonly #needle = new ListpackNeedle();
  readonly #plainNeedle = { bytes: NO_BYTES as Uint8Array, start: 0, end: 0 };

  constructor(protected readonly arena: Arena) {
    this.nodes = new QuickListNodes(arena);
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.view = NO_BYTES;
    this.bytes = NO_BYTES;
    this.#element.release();
    this.#needle.release();
    this.#plainNeedle.bytes = NO_BYTES;
  }

  attach(root: Ref): this {
    this.root = root;
    this.nodes.root = root;
    this.node = 0;
    this.unsettled = 0;
    return this;
  }

  /** Number of elements. */
  get length(): number {
    return this.arena.u32[this.root * 4 + ROOT_COUNT];
  }

  get nodeCount(): number {
    return this.arena.u32[this.root * 4 + ROOT_NODES];
  }

  /** Bytes of all blocks, root included. */
  get totalBytes(): number {
    return this.arena.f64[this.root * 2 + ROOT_BYTES_F64] + this.arena.sizeOf(this.root);
  }

  /** Bytes of the listpack that the list is; NaN where it is more than one packed node. */
  get packedBytes(): number {
    const head = this.arena.u32[this.root * 4 + ROOT_HEAD];
    if (head === 0) return LISTPACK_EMPTY_BYTES;
    if (this.nodeCount !== 1 || !this.nodes.isPacked(head)) return NaN;
    return this.nodes.contentBytes(head);
  }

  get fill(): number {
    return this.arena.i32[this.root * 4 + ROOT_FILL];
  }

  get compressDepth(): number {
    return this.arena.u32[this.root * 4 + ROOT_DEPTH];
  }

  get firstNode(): Ref {
    return this.arena.u32[this.root * 4 + ROOT_HEAD];
  }

  /** Puts the cursor on element `index`, from 0, or from the end when negative: -1 is the last. False where there is none. */
  seek(index: number): boolean {
    const { u32 } = this.arena;
    const length = this.length;
    let left = index < 0 ? index + length : index;
    if (left < 0 || left >= length) {
      this.enter(0);
      return false;
    }
    let node: Ref;
    let count: number;
    if (left < length / 2) {
      node = u32[this.root * 4 + ROOT_HEAD];
      while (left >= (count = u32[node * 4 + NODE_COUNT])) {
        left -= count;
        node = u32[node * 4 + NODE_NEXT];
      }
    } else {
      let before = length - 1 - left;
      node = u32[this.root * 4 + ROOT_TAIL];
      while (before >= (count = u32[node * 4 + NODE_COUNT])) {
        before -= count;
        node = u32[node * 4 + NODE_PREVIOUS];
      }
      left = count - 1 - before;
    }
    this.enter(node);
    this.#seekInNode(left, count);
    return true;
  }

  /** Moves the cursor to the next element; false where there is none. */
  next(): boolean {
    const position = this.isPlain ? this.size : nextElement(this.view, this.base + this.position) - this.base;
    if (position < this.size) {
      this.position = position;
      return true;
    }
    return this.enterFirst(this.arena.u32[this.node * 4 + NODE_NEXT]);
  }

  /** Moves the cursor to the element before; false where there is none. */
  previous(): boolean {
    if (this.position > 0) {
      this.position = previousElement(this.view, this.base + this.position) - this.base;
      return true;
    }
    return this.enterLast(this.arena.u32[this.node * 4 + NODE_PREVIOUS]);
  }

  /** Reads the element at the cursor. */
  read(): void {
    if (this.isPlain) {
      this.bytes = this.view;
      this.start = this.base;
      this.end = this.base + this.size;
      return;
    }
    const element = this.#element;
    element.read(this.view, this.base + this.position);
    this.bytes = element.bytes;
    this.start = element.start;
    this.end = element.end;
  }

  /** What `matches` compares with. The bytes must stay as they are. */
  prepareNeedle(bytes: Uint8Array, start: number, end: number): void {
    this.#needle.prepare(bytes, start, end);
    this.#plainNeedle.bytes = bytes;
    this.#plainNeedle.start = start;
    this.#plainNeedle.end = end;
  }

  /** Whether the element at the cursor has the text that was prepared. */
  matches(): boolean {
    if (!this.isPlain) return this.#needle.matches(this.view, this.base + this.position);
    const { bytes, start, end } = this.#plainNeedle;
    if (end - start !== this.size) return false;
    for (let index = 0; index < this.size; index++) {
      if (this.view[this.base + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  /** Ends a series of changes at the cursor: compresses what has to be, and leaves the list. */
  finish(): void {
    this.enter(0);
  }

  /** Byte position behind the element at the cursor. */
  protected endOfCurrent(): number {
    return this.isPlain ? this.size : nextElement(this.view, this.base + this.position) - this.base;
  }

  protected markUnsettled(node: Ref): void {
    if (this.unsettled === node) return;
    const before = this.unsettled;
    this.unsettled = node;
    if (before !== 0) this.nodes.settle(before);
  }

  protected enterFirst(node: Ref): boolean {
    this.enter(node);
    return node !== 0;
  }

  protected enterLast(node: Ref): boolean {
    this.enter(node);
    if (node === 0) return false;
    if (!this.isPlain) this.position = previousElement(this.view, this.base + this.size) - this.base;
    return true;
  }

  /** Moves the cursor to the first element of a node, 0 = to none. */
  protected enter(node: Ref): void {
    if (this.unsettled !== 0 && this.unsettled !== node) {
      this.nodes.settle(this.unsettled);
      this.unsettled = 0;
    }
    this.node = node;
    this.position = 0;
    if (node !== 0) this.refresh();
  }

  /** Looks anew where the elements of the cursor's node are. */
  protected refresh(): void {
    const { u32 } = this.arena;
    const word = this.node * 4;
    this.size = u32[word + NODE_BYTES];
    this.isPlain = !this.nodes.isPacked(this.node);
    if (u32[word + NODE_COMPRESSED] === 0) {
      this.view = this.arena.u8;
      this.base = u32[word + NODE_DATA] * 16 + u32[word + NODE_GAP];
    } else {
      this.nodes.decompress(this.node);
      this.view = this.nodes.scratch;
      this.base = this.isPlain ? 0 : LISTPACK_HEADER_BYTES;
    }
  }

  /** Moves the cursor to element `index` of `count` in its node, from the nearer end. */
  #seekInNode(index: number, count: number): void {
    if (this.isPlain) return;
    const view = this.view;
    let at: number;
    if (index <= count / 2) {
      at = this.base;
      for (let left = index; left > 0; left--) at = nextElement(view, at);
    } else {
      at = this.base + this.size;
      for (let left = count - index; left > 0; left--) at = previousElement(view, at);
    }
    this.position = at - this.base;
  }
}
