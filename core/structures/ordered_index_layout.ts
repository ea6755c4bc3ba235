// Layout of an ordered index in the arena: root, leaves, inner nodes, elements. Constants only, so that the loop and a
// worker that walks an index agree. Words are u32 indexes (ref * 4 + n), doubles f64 indexes (ref * 2 + n).

/** Root block: what an entry refers to. */
export const ROOT_BYTES = 32;
/** Root of the hash table that finds elements by member. */
export const ROOT_TABLE = 0;
/** The topmost node: a leaf where the height is 0. */
export const ROOT_TOP = 1;
/** Levels of inner nodes. */
export const ROOT_HEIGHT = 2;
export const ROOT_FIRST_LEAF = 3;
export const ROOT_LAST_LEAF = 4;

/** Word 0 of leaves and inner nodes: how many elements or children. Scores begin at double 2 of both. */
export const NODE_COUNT = 0;
export const NODE_SCORES = 2;

/** Elements of a leaf at most: scores first, so that a search stays in few cache lines, then references. */
export const LEAF_MAX = 64;
export const LEAF_PREVIOUS = 1;
export const LEAF_NEXT = 2;
export const LEAF_REFS = 4 + LEAF_MAX * 2;
export const LEAF_BYTES = (LEAF_REFS + LEAF_MAX) * 4;

/** Children of an inner node at most. Of each: score and reference of its least element, the node, its elements. */
export const INNER_MAX = 48;
export const INNER_REFS = 4 + INNER_MAX * 2;
export const INNER_CHILDREN = INNER_REFS + INNER_MAX;
export const INNER_SIZES = INNER_CHILDREN + INNER_MAX;
export const INNER_BYTES = (INNER_SIZES + INNER_MAX) * 4;

/** More levels than 2^31 granules can hold. */
export const HEIGHT_MAX = 12;

/** An element: its score (double 0), the length of its member (word 2), the member's bytes. */
export const ELEMENT_LENGTH = 2;
export const ELEMENT_HEADER_BYTES = 12;
