// What a decoded set is handed to. Every span is valid during the call only.
import type { LoadedKey } from "../load_sink.ts";

export interface SetSink {
  /** A whole set as a checked intset of so many integers. False where the key is there already. */
  intset(key: LoadedKey, intset: Uint8Array, start: number, end: number, count: number): boolean;
  /** A whole set as a checked listpack of so many members, none twice. False where the key is there already. */
  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, count: number): boolean;
  /**
   * Begins a set whose members follow one by one; `expected` is a hint, already capped to what fits. False where the key
   * is there already: nothing has begun then.
   */
  begin(key: LoadedKey, expected: number): boolean;
  /** False where the set has the member already. */
  member(bytes: Uint8Array, start: number, end: number): boolean;
  end(): void;
  /** The set that was begun turned out to be broken: it must go again. */
  abort(): void;
}
