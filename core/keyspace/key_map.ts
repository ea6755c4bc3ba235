// A map from keys (bytes) to objects on the JavaScript heap, looked up without making a string: for the few keys that
// clients wait for or watch, while every change of every key asks whether it is one of them.
import { equalBytes } from "../bytes/ascii.ts";
import { hashBytes } from "../structures/hash.ts";

const SLOTS_MIN = 16;

/** What can be in a KeyMap. The map links entries of one slot through `next`. */
export interface KeyMapEntry {
  readonly key: Uint8Array;
  readonly hash: number;
  next: this | null;
}

/** The hash that an entry for this key must have. */
export function keyHash(key: Uint8Array): number {
  return hashBytes(key, 0, key.length);
}

export class KeyMap<E extends KeyMapEntry> {
  size = 0;
  private slots: (E | null)[] = new Array(SLOTS_MIN).fill(null);

  find(key: Uint8Array, start: number, end: number): E | null {
    const hash = hashBytes(key, start, end);
    let entry = this.slots[hash & (this.slots.length - 1)];
    while (entry !== null) {
      if (entry.hash === hash && equalBytes(entry.key, 0, entry.key.length, key, start, end)) return entry;
      entry = entry.next as E | null;
    }
    return null;
  }

  /** Adds an entry whose key is absent. */
  add(entry: E): void {
    if (this.size >= this.slots.length) this.grow();
    this.link(entry);
    this.size++;
  }

  remove(entry: E): void {
    const slot = entry.hash & (this.slots.length - 1);
    let before: E | null = null;
    let at = this.slots[slot];
    while (at !== entry) {
      if (at === null) throw new Error("KeyMap.remove: the entry is not in the map");
      before = at;
      at = at.next as E | null;
    }
    if (before === null) this.slots[slot] = entry.next as E | null;
    else before.next = entry.next;
    entry.next = null;
    this.size--;
    if (this.size === 0 && this.slots.length > SLOTS_MIN) this.slots = new Array(SLOTS_MIN).fill(null);
  }

  /** Calls `visit` for each entry; it must not add or remove. */
  forEach(visit: (entry: E) => void): void {
    for (const first of this.slots) {
      for (let entry = first; entry !== null; entry = entry.next as E | null) visit(entry);
    }
  }

  private link(entry: E): void {
    const slot = entry.hash & (this.slots.length - 1);
    entry.next = this.slots[slot];
    this.slots[slot] = entry;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Array(old.length * 2).fill(null);
    for (const first of old) {
      let entry = first;
      while (entry !== null) {
        const next = entry.next as E | null;
        this.link(entry);
        entry = next;
      }
    }
  }
}
