// Layout of an id tree (B+tree) in the arena: the header inside its owner's block, and nodes. Constants only, so that
// the loop (id_tree.ts) and workers (id_tree_reader.ts) agree.

/** Words of a tree's header: root node (0 = empty tree), levels (1 = the root is a leaf), number of ids. */
export const TREE_WORDS = 3;
export const TREE_ROOT = 0;
export const TREE_LEVELS = 1;
export const TREE_SIZE = 2;

/**
 * Words of a node: how many ids it has, how many it has room for, the leaves to the right and left (leaves only), then
 * room for ids of four words each, then as many values: of a leaf what the ids stand for, of an inner node its
 * children. Id `i` of an inner node is at most the least id below child `i` and above all ids below child `i - 1`; the
 * first one says nothing.
 */
export const NODE_COUNT = 0;
export const NODE_CAPACITY = 1;
export const NODE_NEXT = 2;
export const NODE_PREVIOUS = 3;
export const NODE_IDS = 4;
export const ID_WORDS = 4;

/** Ids of a full node: 1,016 bytes. */
export const NODE_CAPACITY_MAX = 50;
/** More levels than any arena can hold. */
export const LEVELS_MAX = 16;

/** Word of id `index` of the node at word `node`. */
export function idWord(node: number, index: number): number {
  return node + NODE_IDS + index * ID_WORDS;
}

/** Word of value `index`. */
export function valueWord(node: number, capacity: number, index: number): number {
  return node + NODE_IDS + capacity * ID_WORDS + index;
}

/** Bytes of a node. */
export function nodeBytes(capacity: number): number {
  return (NODE_IDS + capacity * (ID_WORDS + 1)) * 4;
}
