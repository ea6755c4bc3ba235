// Quicklists in the arena: lists as linked nodes of packed elements, the inner nodes compressed where the list says so, an
// element longer than a full node in a plain node of its own. A flyweight: `attach` it to a root, use it, forget it.
// Called by core/keyspace/list_value.ts. Hot: pushing and popping allocate nothing on the JavaScript heap.
// Over 500 lines, because the changes share what they know about the node at the cursor.
import { ArenaFullError, type Ref } from "../memory/arena.ts";
import {
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  ListpackEncoder,
  nextElement,
  previousElement,
} from "./listpack_format.ts";
import { QuickListCursor } from "./quicklist_cursor.ts";
import {
  CONTAINER_PACKED,
  CONTAINER_PLAIN,
  ELEMENT_OVERHEAD_BYTES,
  NODE_BYTES,
  NODE_COMPRESSED,
  NODE_CONTAINER,
  NODE_COUNT,
  NODE_DATA,
  NODE_GAP,
  NODE_NEXT,
  NODE_PREVIOUS,
  nodeBytesMax,
  nodeCountMax,
  ROOT_BLOCK_BYTES,
  ROOT_COUNT,
  ROOT_DEPTH,
  ROOT_FILL,
  ROOT_HEAD,
  ROOT_TAIL,
} from "./quicklist_layout.ts";

/** 0: the fill of a list says which elements are too long for packed nodes. */
let packedThreshold = 0;

/**
 * Elements of at least so many bytes get plain nodes from now on, in all lists; 0: those longer than a full packed node, as
 * at first. DEBUG QUICKLIST-PACKED-THRESHOLD sets it.
 */
export function setPackedThreshold(bytes: number): void {
  packedThreshold = bytes;
}

export class QuickList extends QuickListCursor {
  readonly #encoder = new ListpackEncoder();

  /** Makes an empty list and attaches to it. `fill`, `compressDepth`: as `list-max-listpack-size`, `list-compress-depth`. */
  create(fill: number, compressDepth: number): Ref {
    const root = this.arena.allocate(ROOT_BLOCK_BYTES);
    this.arena.fill(root * 16, ROOT_BLOCK_BYTES, 0);
    this.attach(root);
    this.setOptions(fill, compressDepth);
    return root;
  }

  /** Gives the list other options. What is there already stays as it is. */
  setOptions(fill: number, compressDepth: number): void {
    this.arena.setU32(this.root * 4 + ROOT_FILL, fill);
    this.arena.setU32(this.root * 4 + ROOT_DEPTH, compressDepth);
  }

  /** Attaches to a second list with the same elements and returns it. Throws ARENA_FULL with nothing left behind. */
  copyOf(root: Ref): Ref {
    const { arena } = this;
    const word = root * 4;
    const copy = this.create(arena.i32[word + ROOT_FILL], arena.u32[word + ROOT_DEPTH]);
    try {
      let last: Ref = 0;
      for (let node = arena.u32[word + ROOT_HEAD]; node !== 0; node = arena.u32[node * 4 + NODE_NEXT]) {
        last = this.#copyNode(node, last);
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
    arena.setU32(copy * 4 + ROOT_COUNT, arena.u32[word + ROOT_COUNT]);
    return copy;
  }

  /** Frees the list. */
  destroy(): void {
    this.freeNodes(this.arena.u32[this.root * 4 + ROOT_HEAD], Infinity);
    this.freeRoot();
  }

  /**
   * Frees nodes of a list that nobody else uses any more: from `first` on, `count` at most. Returns the next node, 0 after
   * the last. The root stays as it is: a snapshot may be reading.
   */
  freeNodes(first: Ref, count: number): Ref {
    let node = first;
    for (let freed = 0; node !== 0 && freed < count; freed++) {
      const next = this.arena.u32[node * 4 + NODE_NEXT];
      this.nodes.free(node);
      node = next;
    }
    return node;
  }

  /** Frees the root after all nodes. */
  freeRoot(): void {
    this.arena.retire(this.root);
    this.attach(0);
  }

  // All changes throw ARENA_FULL with the elements as they were. Texts that they take may not lie in the list itself.

  pushHead(bytes: Uint8Array, start: number, end: number): void {
    const head = this.arena.u32[this.root * 4 + ROOT_HEAD];
    if (head !== 0 && this.#mayAdd(head, end - start)) this.#insertIn(head, 0, bytes, start, end);
    else this.#addNode(0, head, bytes, start, end);
  }

  pushTail(bytes: Uint8Array, start: number, end: number): void {
    const { u32 } = this.arena;
    const tail = u32[this.root * 4 + ROOT_TAIL];
    if (tail !== 0 && this.#mayAdd(tail, end - start)) {
      this.#insertIn(tail, u32[tail * 4 + NODE_BYTES], bytes, start, end);
    } else {
      this.#addNode(tail, 0, bytes, start, end);
    }
  }

  /** Adds a node with the elements of a listpack that was checked and is not empty. */
  appendListpack(bytes: Uint8Array, start: number, end: number, count: number): void {
    const from = start + LISTPACK_HEADER_BYTES;
    const node = this.nodes.create(CONTAINER_PACKED, end - 1 - from);
    this.#appendFilled(node, bytes, from, end - 1, count);
  }

  /** Removes the first element of a list that has one. Throws only where the node is compressed. */
  dropHead(): void {
    const { u32 } = this.arena;
    const head = u32[this.root * 4 + ROOT_HEAD];
    if (u32[head * 4 + NODE_COUNT] === 1) this.#removeNode(head);
    else {
      if (u32[head * 4 + NODE_COMPRESSED] !== 0) this.nodes.makeRaw(head);
      const start = u32[head * 4 + NODE_DATA] * 16 + u32[head * 4 + NODE_GAP];
      this.#cutElements(head, 0, nextElement(this.arena.u8, start) - start, 1);
    }
  }

  /** Removes the last element likewise. */
  dropTail(): void {
    const { u32 } = this.arena;
    const tail = u32[this.root * 4 + ROOT_TAIL];
    if (u32[tail * 4 + NODE_COUNT] === 1) this.#removeNode(tail);
    else {
      if (u32[tail * 4 + NODE_COMPRESSED] !== 0) this.nodes.makeRaw(tail);
      const bytes = u32[tail * 4 + NODE_BYTES];
      const end = u32[tail * 4 + NODE_DATA] * 16 + u32[tail * 4 + NODE_GAP] + bytes;
      const removed = end - previousElement(this.arena.u8, end);
      this.#cutElements(tail, bytes - removed, removed, 1);
    }
  }

  // Changes at the cursor: `finish` when the last one is made.

  /** Gives the element at the cursor another text. */
  replace(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const node = this.node;
    const wasPlain = this.isPlain;
    if (wasPlain && this.#isTooLong(length)) {
      this.markUnsettled(node);
      this.nodes.replacePlain(node, bytes, start, end);
      this.refresh();
    } else if (wasPlain || !this.#mayReplace(length)) {
      // Inserting first: it is what may fail.
      this.insertBefore(bytes, start, end);
      this.next();
      this.removeAndNext();
    } else {
      this.#replaceInNode(bytes, start, end);
    }
  }

  /** Adds an element before the one at the cursor, which moves to the new one. */
  insertBefore(bytes: Uint8Array, start: number, end: number): void {
    this.#insertAt(this.node, this.position, bytes, start, end);
  }

  /** Adds an element behind the one at the cursor, which moves to the new one. */
  insertAfter(bytes: Uint8Array, start: number, end: number): void {
    this.#insertAt(this.node, this.endOfCurrent(), bytes, start, end);
  }

  /** Removes the element at the cursor, which moves to the next one; false where that was the last. */
  removeAndNext(): boolean {
    const node = this.node;
    const next = this.arena.u32[node * 4 + NODE_NEXT];
    if (this.#removeCurrent() && this.position < this.size) return true;
    return this.enterFirst(next);
  }

  /** Removes the element at the cursor, which moves to the one before; false where that was the first. */
  removeAndPrevious(): boolean {
    const previous = this.arena.u32[this.node * 4 + NODE_PREVIOUS];
    if (this.#removeCurrent() && this.position > 0) return this.previous();
    return this.enterLast(previous);
  }

  /** Makes the nodes raw that removing `count` elements from `index` on would cut: then it cannot fail. */
  prepareRemoval(index: number, count: number): void {
    if (this.compressDepth === 0) return;
    this.seek(index + count - 1);
    this.nodes.makeRaw(this.node);
    this.seek(index);
    this.nodes.makeRaw(this.node);
  }

  /** Removes `count` elements from `index` (at least 0) on. There are as many. */
  removeRange(index: number, count: number): void {
    if (count <= 0) return;
    const { u32 } = this.arena;
    this.prepareRemoval(index, count);
    this.seek(index);
    let node = this.node;
    let position = this.position;
    this.node = 0;
    let cutFirst: Ref = 0;
    let cutLast: Ref = 0;
    for (let left = count; left > 0;) {
      const next = u32[node * 4 + NODE_NEXT];
      const inNode = u32[node * 4 + NODE_COUNT];
      if (position === 0 && left >= inNode) {
        this.#unlinkNode(node);
        left -= inNode;
      } else {
        left -= this.#cutUpTo(node, position, left);
        if (cutFirst === 0) cutFirst = node;
        cutLast = node;
      }
      node = next;
      position = 0;
    }
    // Not earlier: it would compress what was made raw to be cut.
    this.nodes.settle(cutFirst);
    if (cutLast !== cutFirst) this.nodes.settle(cutLast);
  }

  /** Compresses every node that should be: for lists that were filled node by node. */
  settleAll(): void {
    if (this.compressDepth === 0) return;
    const { u32 } = this.arena;
    for (let node = u32[this.root * 4 + ROOT_HEAD]; node !== 0; node = u32[node * 4 + NODE_NEXT]) {
      this.nodes.settle(node);
    }
  }

  /** Whether an element of this length must have a plain node. */
  #isTooLong(length: number): boolean {
    return packedThreshold > 0 ? length >= packedThreshold : length > nodeBytesMax(this.fill);
  }

  #mayAdd(node: Ref, length: number): boolean {
    const { u32 } = this.arena;
    const { fill } = this;
    const bytesMax = nodeBytesMax(fill);
    const bytes = u32[node * 4 + NODE_BYTES] + LISTPACK_EMPTY_BYTES + length + ELEMENT_OVERHEAD_BYTES;
    if (bytes > bytesMax || u32[node * 4 + NODE_CONTAINER] !== CONTAINER_PACKED) return false;
    if (packedThreshold > 0 && length >= packedThreshold) return false;
    return fill < 0 || u32[node * 4 + NODE_COUNT] < nodeCountMax(fill);
  }

  #mayReplace(length: number): boolean {
    if (this.#isTooLong(length)) return false;
    const had = this.endOfCurrent() - this.position;
    const bytes = this.nodes.contentBytes(this.node) - had + length + ELEMENT_OVERHEAD_BYTES;
    return bytes <= nodeBytesMax(this.fill) || length <= had ||
      this.arena.u32[this.node * 4 + NODE_COUNT] === 1;
  }

  #insertAt(node: Ref, position: number, bytes: Uint8Array, start: number, end: number): void {
    const { u32 } = this.arena;
    const length = end - start;
    const isAtStart = position === 0;
    const isAtEnd = position === u32[node * 4 + NODE_BYTES];
    if (this.#mayAdd(node, length)) {
      this.markUnsettled(node);
      this.#insertIn(node, position, bytes, start, end);
      this.node = node;
      this.position = position;
      this.refresh();
      return;
    }
    const next = u32[node * 4 + NODE_NEXT];
    const previous = u32[node * 4 + NODE_PREVIOUS];
    if (isAtEnd && next !== 0 && this.#mayAdd(next, length)) {
      this.#insertAt(next, 0, bytes, start, end);
    } else if (isAtStart && previous !== 0 && this.#mayAdd(previous, length)) {
      this.#insertAt(previous, u32[previous * 4 + NODE_BYTES], bytes, start, end);
    } else if (isAtEnd) {
      this.enterFirst(this.#addNode(node, next, bytes, start, end));
    } else if (isAtStart) {
      this.enterFirst(this.#addNode(previous, node, bytes, start, end));
    } else {
      this.#splitAndInsert(node, position, bytes, start, end);
    }
  }

  // The halves are filled up from their neighbours, as far as they fit.
  #splitAndInsert(node: Ref, position: number, bytes: Uint8Array, start: number, end: number): void {
    const { u32 } = this.arena;
    this.markUnsettled(node);
    const right = this.#split(node, position);
    if (this.#mayAdd(node, end - start)) {
      this.#insertIn(node, position, bytes, start, end);
      this.node = node;
      this.position = position;
    } else {
      this.node = this.#addNode(node, right, bytes, start, end);
      this.position = 0;
    }
    this.#mergeNext(right);
    if (this.node !== node) {
      this.nodes.settle(node);
      this.nodes.settle(right);
      this.refresh();
      return;
    }
    const previous = u32[node * 4 + NODE_PREVIOUS];
    const before = previous === 0 ? 0 : u32[previous * 4 + NODE_BYTES];
    if (previous !== 0 && this.#mergeNext(previous)) {
      this.node = previous;
      this.position += before;
      this.unsettled = previous;
    }
    this.nodes.settle(right);
    this.refresh();
  }

  /** Moves the elements from `position` on to a node of their own behind this one; returns it. */
  #split(node: Ref, position: number): Ref {
    const { arena } = this;
    const { u32 } = arena;
    this.nodes.makeRaw(node);
    const word = node * 4;
    const bytes = u32[word + NODE_BYTES] - position;
    const right = this.nodes.create(CONTAINER_PACKED, bytes);
    const from = u32[word + NODE_DATA] * 16 + u32[word + NODE_GAP] + position;
    let count = 0;
    for (let at = from; at < from + bytes; at = nextElement(arena.u8, at)) count++;
    arena.copyWithin(u32[right * 4 + NODE_DATA] * 16, from, bytes);
    arena.setU32(right * 4 + NODE_BYTES, bytes);
    arena.setU32(right * 4 + NODE_COUNT, count);
    this.nodes.link(right, node, u32[word + NODE_NEXT]);
    this.nodes.cut(node, position, bytes);
    arena.setU32(word + NODE_COUNT, u32[word + NODE_COUNT] - count);
    return right;
  }

  /** Takes the elements of the next node in where both are packed and fit into one; then true. */
  #mergeNext(node: Ref): boolean {
    const { arena } = this;
    const { u32 } = arena;
    const next = u32[node * 4 + NODE_NEXT];
    if (next === 0 || !this.nodes.isPacked(node) || !this.nodes.isPacked(next)) return false;
    const count = u32[node * 4 + NODE_COUNT] + u32[next * 4 + NODE_COUNT];
    const added = u32[next * 4 + NODE_BYTES];
    const fill = this.fill;
    if (this.nodes.contentBytes(node) + added > nodeBytesMax(fill) || count > nodeCountMax(fill)) {
      return false;
    }
    try {
      this.nodes.makeRaw(node);
      this.nodes.makeRaw(next);
      const address = this.nodes.open(node, u32[node * 4 + NODE_BYTES], added);
      arena.copyWithin(address, u32[next * 4 + NODE_DATA] * 16 + u32[next * 4 + NODE_GAP], added);
    } catch (error) {
      // Two nodes do as well.
      if (!(error instanceof ArenaFullError)) throw error;
      return false;
    }
    arena.setU32(node * 4 + NODE_COUNT, count);
    if (this.unsettled === next) this.unsettled = 0;
    this.nodes.unlink(next);
    return true;
  }

  /** Adds an element to a packed node, at a byte position of its elements. */
  #insertIn(node: Ref, position: number, bytes: Uint8Array, start: number, end: number): void {
    const { arena } = this;
    const encoder = this.#encoder;
    encoder.prepare(bytes, start, end);
    if (arena.u32[node * 4 + NODE_COMPRESSED] !== 0) this.nodes.makeRaw(node);
    const address = this.nodes.open(node, position, encoder.total);
    this.#writeElement(address, bytes, start);
    arena.setU32(node * 4 + NODE_COUNT, arena.u32[node * 4 + NODE_COUNT] + 1);
    arena.setU32(this.root * 4 + ROOT_COUNT, arena.u32[this.root * 4 + ROOT_COUNT] + 1);
  }

  /** Adds an element in a node of its own between two neighbours; returns the node. */
  #addNode(previous: Ref, next: Ref, bytes: Uint8Array, start: number, end: number): Ref {
    const { arena } = this;
    let node: Ref;
    let length: number;
    if (this.#isTooLong(end - start)) {
      length = end - start;
      node = this.nodes.create(CONTAINER_PLAIN, length);
      arena.copyIn(arena.u32[node * 4 + NODE_DATA] * 16, bytes, start, end);
    } else {
      this.#encoder.prepare(bytes, start, end);
      length = this.#encoder.total;
      node = this.nodes.create(CONTAINER_PACKED, this.nodes.capacityFor(length));
      this.#writeElement(arena.u32[node * 4 + NODE_DATA] * 16, bytes, start);
    }
    arena.setU32(node * 4 + NODE_BYTES, length);
    arena.setU32(node * 4 + NODE_COUNT, 1);
    this.nodes.link(node, previous, next);
    arena.setU32(this.root * 4 + ROOT_COUNT, arena.u32[this.root * 4 + ROOT_COUNT] + 1);
    this.nodes.settle(node);
    return node;
  }

  #appendFilled(node: Ref, bytes: Uint8Array, start: number, end: number, count: number): void {
    const { arena } = this;
    arena.copyIn(arena.u32[node * 4 + NODE_DATA] * 16, bytes, start, end);
    arena.setU32(node * 4 + NODE_BYTES, end - start);
    arena.setU32(node * 4 + NODE_COUNT, count);
    this.nodes.link(node, arena.u32[this.root * 4 + ROOT_TAIL], 0);
    arena.setU32(this.root * 4 + ROOT_COUNT, arena.u32[this.root * 4 + ROOT_COUNT] + count);
  }

  #writeElement(address: number, bytes: Uint8Array, start: number): void {
    const { arena } = this;
    const encoder = this.#encoder;
    const dataAt = address + encoder.headBytes;
    const tailAt = dataAt + encoder.dataBytes;
    arena.copyIn(address, encoder.head, 0, encoder.headBytes);
    if (encoder.dataBytes > 0) arena.copyIn(dataAt, bytes, start, start + encoder.dataBytes);
    if (encoder.tailBytes === 1) arena.setU8(tailAt, encoder.tail[0]);
    else arena.copyIn(tailAt, encoder.tail, 0, encoder.tailBytes);
  }

  #replaceInNode(bytes: Uint8Array, start: number, end: number): void {
    const node = this.node;
    const position = this.position;
    const had = this.endOfCurrent() - position;
    this.markUnsettled(node);
    this.nodes.makeRaw(node);
    const encoder = this.#encoder;
    encoder.prepare(bytes, start, end);
    if (encoder.total > had) this.nodes.open(node, position, encoder.total - had);
    else if (encoder.total < had) this.nodes.cut(node, position, had - encoder.total);
    this.refresh();
    this.#writeElement(this.base + position, bytes, start);
  }

  /** Removes the element at the cursor; false where its node went with it. The position is then that of the next one. */
  #removeCurrent(): boolean {
    const node = this.node;
    if (this.arena.u32[node * 4 + NODE_COUNT] === 1) {
      this.#removeNode(node);
      return false;
    }
    const removed = this.endOfCurrent() - this.position;
    this.markUnsettled(node);
    this.nodes.makeRaw(node);
    this.#cutElements(node, this.position, removed, 1);
    this.refresh();
    return true;
  }

  #removeNode(node: Ref): void {
    if (this.unsettled === node) this.unsettled = 0;
    if (this.node === node) this.node = 0;
    this.#unlinkNode(node);
    this.nodes.settle(0);
  }

  #unlinkNode(node: Ref): void {
    const { arena } = this;
    const count = arena.u32[this.root * 4 + ROOT_COUNT] - arena.u32[node * 4 + NODE_COUNT];
    arena.setU32(this.root * 4 + ROOT_COUNT, count);
    this.nodes.unlink(node);
  }

  /** Removes so many elements at most from a raw node, from a position on; returns how many. */
  #cutUpTo(node: Ref, position: number, count: number): number {
    const { arena } = this;
    const start = arena.u32[node * 4 + NODE_DATA] * 16 + arena.u32[node * 4 + NODE_GAP];
    const end = start + arena.u32[node * 4 + NODE_BYTES];
    let at = start + position;
    let found = 0;
    for (; found < count && at < end; found++) at = nextElement(arena.u8, at);
    this.#cutElements(node, position, at - start - position, found);
    return found;
  }

  #cutElements(node: Ref, position: number, bytes: number, count: number): void {
    const { arena } = this;
    const root = this.root * 4;
    this.nodes.cut(node, position, bytes);
    arena.setU32(node * 4 + NODE_COUNT, arena.u32[node * 4 + NODE_COUNT] - count);
    arena.setU32(root + ROOT_COUNT, arena.u32[root + ROOT_COUNT] - count);
    this.nodes.fit(node);
  }

  #copyNode(node: Ref, last: Ref): Ref {
    const { arena } = this;
    const { u32 } = arena;
    const word = node * 4;
    const compressed = u32[word + NODE_COMPRESSED];
    const bytes = compressed !== 0 ? compressed : u32[word + NODE_BYTES];
    const copy = this.nodes.create(this.nodes.isPacked(node) ? CONTAINER_PACKED : CONTAINER_PLAIN, bytes);
    arena.copyWithin(
      u32[copy * 4 + NODE_DATA] * 16,
      u32[word + NODE_DATA] * 16 + u32[word + NODE_GAP],
      bytes,
    );
    arena.setU32(copy * 4 + NODE_COUNT, u32[word + NODE_COUNT]);
    arena.setU32(copy * 4 + NODE_BYTES, u32[word + NODE_BYTES]);
    arena.setU32(copy * 4 + NODE_COMPRESSED, compressed);
    this.nodes.link(copy, last, 0);
    return copy;
  }
}
