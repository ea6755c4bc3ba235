// Listpacks in a plain array: a cursor, and the full check of bytes from outside (RDB files, RESTORE payloads,
// replication) that must be passed before anything else walks them. Called by persistence and by snapshot workers.
import { DuplicateCheck } from "./duplicate_check.ts";
import {
  backLengthBytes,
  elementBytes,
  LISTPACK_BYTES_MAX,
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  nextElement,
  previousElement,
  unsigned32,
} from "./listpack_format.ts";

/**
 * Reads the elements of a listpack that is known to be valid.
 *
 * ```ts
 * cursor.open(bytes, start);
 * while (cursor.next()) use(cursor.element);
 * ```
 */
export class ListpackCursor {
  readonly element = new ListpackElement();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  open(bytes: Uint8Array, start: number): this {
    this.#bytes = bytes;
    this.#at = start + LISTPACK_HEADER_BYTES;
    return this;
  }

  /** Reads the next element; false after the last. */
  next(): boolean {
    if (this.#bytes[this.#at] === LISTPACK_END) return false;
    this.element.read(this.#bytes, this.#at);
    this.#at = nextElement(this.#bytes, this.#at);
    return true;
  }
}

/** Number of elements of a listpack that is known to be valid. */
export function listpackLength(bytes: Uint8Array, start: number): number {
  const recorded = bytes[start + 4] | (bytes[start + 5] << 8);
  return recorded === LISTPACK_COUNT_UNKNOWN ? countElements(bytes, start) : recorded;
}

/** What keeps bytes `start` to `end` from being a listpack, in words; "" where nothing does. */
export function listpackProblem(bytes: Uint8Array, start: number, end: number): string {
  const size = end - start;
  if (size < LISTPACK_EMPTY_BYTES) return `a listpack of ${size} bytes is too short`;
  if (size > LISTPACK_BYTES_MAX) return `a listpack of ${size} bytes is too long`;
  const recordedSize = unsigned32(bytes, start);
  if (recordedSize !== size) return `a listpack of ${size} bytes says that it has ${recordedSize}`;
  const last = end - 1;
  if (bytes[last] !== LISTPACK_END) return "a listpack does not end with its end byte";
  let count = 0;
  let at = start + LISTPACK_HEADER_BYTES;
  for (; at < last; count++) {
    const size = elementBytes(bytes, at);
    const after = at + size + 1;
    // Nearly every element is short: one byte behind it, which repeats its size.
    if (size > 0 && size <= 127 && after <= last && bytes[after - 1] === size) {
      at = after;
      continue;
    }
    const problem = elementProblem(bytes, at, last);
    if (problem !== "") return `listpack element ${count} ${problem}`;
    at = nextElement(bytes, at);
  }
  const recorded = bytes[start + 4] | (bytes[start + 5] << 8);
  if (recorded !== LISTPACK_COUNT_UNKNOWN && recorded !== count) {
    return `a listpack of ${count} elements says that it has ${recorded}`;
  }
  return "";
}

/** As `listpackProblem`, for pairs of field and value: whole pairs, no field twice. There may be none. */
export function hashListpackProblem(bytes: Uint8Array, start: number, end: number): string {
  return listpackProblem(bytes, start, end) || groupProblem(bytes, start, 2, "field");
}

/** As `listpackProblem`, for pairs of member and score: whole pairs, no member twice. There may be none. */
export function sortedSetListpackProblem(bytes: Uint8Array, start: number, end: number): string {
  return listpackProblem(bytes, start, end) || groupProblem(bytes, start, 2, "member");
}

/** As `listpackProblem`, for members of a set: none twice. There may be none. */
export function setListpackProblem(bytes: Uint8Array, start: number, end: number): string {
  return listpackProblem(bytes, start, end) || groupProblem(bytes, start, 1, "member");
}

function elementProblem(bytes: Uint8Array, at: number, last: number): string {
  // A length that is cut off is read with bytes from behind the end: the element reaches beyond it either way.
  const size = elementBytes(bytes, at);
  if (size === 0) return `begins with 0x${bytes[at].toString(16)}`;
  const after = at + size + backLengthBytes(size);
  if (after > last) return "reaches beyond the end";
  // Read backwards only where the bytes are as many as they should be: marks on all but the first.
  for (let back = at + size; back < after; back++) {
    if ((bytes[back] & 0x80) !== (back === at + size ? 0 : 0x80)) return "has a broken length behind it";
  }
  return previousElement(bytes, after) === at ? "" : "has another length behind it than in front";
}

function countElements(bytes: Uint8Array, start: number): number {
  let count = 0;
  for (let at = start + LISTPACK_HEADER_BYTES; bytes[at] !== LISTPACK_END; at = nextElement(bytes, at)) {
    count++;
  }
  return count;
}

const key = new ListpackElement();
const seen = new DuplicateCheck();

// Groups of `size` elements whose first ones are keys. A number stored as text and as an integer is the same key.
function groupProblem(bytes: Uint8Array, start: number, size: number, name: string): string {
  const count = listpackLength(bytes, start);
  if (count % size !== 0) return `a listpack's last ${name} has no value`;
  seen.begin(count / size);
  let at = start + LISTPACK_HEADER_BYTES;
  for (let group = 0; group < count / size; group++) {
    key.read(bytes, at);
    if (!seen.add(key.bytes, key.start, key.end)) return `a listpack has the same ${name} twice`;
    for (let element = 0; element < size; element++) at = nextElement(bytes, at);
  }
  return "";
}
