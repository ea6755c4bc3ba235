// The sorting of SORT: gives every element what it is sorted by, and the order in which elements are to be replied.
import { parseDouble } from "../../core/bytes/double.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { Texts } from "./sort_elements.ts";
import type { SortOptions } from "./sort_options.ts";

/** The numbers of the elements in the order that the options ask for; null where a weight is no number. */
export function sortedOrder(client: CommandClient, elements: Texts, options: SortOptions): Int32Array | null {
  const order = new Int32Array(elements.count);
  for (let index = 0; index < order.length; index++) order[index] = index;
  if (options.keepsOrder) return order;
  const sign = options.isDescending ? -1 : 1;
  if (options.isAlpha) {
    const keys = options.by === null ? elements : textsBy(client, elements, options);
    return order.sort((a, b) => sign * keys.compare(a, b));
  }
  const weights = weightsOf(client, elements, options);
  if (weights === null) return null;
  return order.sort((a, b) => sign * (weights[a] - weights[b] || compareEqual(elements, weights, a, b)));
}

/** Infinities of the same sign have no difference; elements of the same weight go by their texts. */
function compareEqual(elements: Texts, weights: Float64Array, a: number, b: number): number {
  if (weights[a] !== weights[b]) return weights[a] < weights[b] ? -1 : 1;
  return elements.compare(a, b);
}

function textsBy(client: CommandClient, elements: Texts, options: SortOptions): Texts {
  const { db, server: { keyspace } } = client;
  const by = options.by!;
  const texts = new Texts(elements.count);
  for (let index = 0; index < elements.count; index++) {
    const isThere = by.find(keyspace, db, elements.bytes, elements.starts[index], elements.ends[index]);
    if (isThere) texts.add(by.bytes, by.start, by.end);
    else texts.addAbsent();
  }
  return texts;
}

/** Elements without a weight have 0. */
function weightsOf(client: CommandClient, elements: Texts, options: SortOptions): Float64Array | null {
  const { db, server: { keyspace } } = client;
  const { by } = options;
  const weights = new Float64Array(elements.count);
  for (let index = 0; index < elements.count; index++) {
    const start = elements.starts[index];
    const end = elements.ends[index];
    let weight = 0;
    if (by === null) weight = weightOf(elements.bytes, start, end);
    else if (by.find(keyspace, db, elements.bytes, start, end)) weight = weightOf(by.bytes, by.start, by.end);
    if (weight !== weight) return null;
    weights[index] = weight;
  }
  return weights;
}

/** As C's strtod reads a text to its end or its first NUL: nothing is 0, white space may lead. NaN where it is no number. */
function weightOf(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  while (to < end && bytes[to] !== 0) to++;
  if (to === start) return 0;
  let from = start;
  while (from < to && isSpace(bytes[from])) from++;
  return parseDouble(bytes, from, to);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
