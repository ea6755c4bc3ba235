// Layout of a quicklist: a root block, nodes that are linked both ways, and a data block a node. Constants only, so that
// the loop and the readers in workers agree. Words are u32 indexes (ref * 4 + n).

export const ROOT_HEAD = 0;
export const ROOT_TAIL = 1;
export const ROOT_NODES = 2;
/** Elements of all nodes. */
export const ROOT_COUNT = 3;
/** f64 index (ref * 2 + n): bytes of all blocks of the list but the root. */
export const ROOT_BYTES_F64 = 2;
/** `list-max-listpack-size` when the list was made, signed. */
export const ROOT_FILL = 6;
/** `list-compress-depth` when the list was made. */
export const ROOT_DEPTH = 7;
export const ROOT_BLOCK_BYTES = 32;

export const NODE_PREVIOUS = 0;
export const NODE_NEXT = 1;
export const NODE_DATA = 2;
/** Elements. */
export const NODE_COUNT = 3;
/**
 * Bytes of the elements as they stand in a listpack, without its header and end byte; of a plain node's one element, bare.
 */
export const NODE_BYTES = 4;
/** Where in the data block they begin: what is before and behind is room for more. */
export const NODE_GAP = 5;
/** 0, or bytes of the data block's LZF stream: of a whole listpack, or of a plain element. */
export const NODE_COMPRESSED = 6;
export const NODE_CONTAINER = 7;
export const NODE_BLOCK_BYTES = 32;

/** The two containers, numbered as in RDB files. */
export const CONTAINER_PLAIN = 1;
export const CONTAINER_PACKED = 2;

/** Elements longer than this have a node of their own where the fill is a number of elements, and nodes end at it. */
const SAFE_BYTES_MAX = 8192;
/** What an element takes in a listpack besides its text: the estimate by which nodes are filled. */
export const ELEMENT_OVERHEAD_BYTES = 8;

/** Bytes that a node's listpack may have. A negative fill, -1 to -5, means 4, 8, 16, 32, 64 KiB. */
export function nodeBytesMax(fill: number): number {
  return fill >= 0 ? SAFE_BYTES_MAX : 2048 << Math.min(-fill, 5);
}

/** Elements that a node may have. */
export function nodeCountMax(fill: number): number {
  return fill < 0 ? Infinity : Math.max(fill, 1);
}
