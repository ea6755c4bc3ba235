// What a decoded sorted set is handed to. Every span is valid during the call only.
import type { LoadedKey } from "../load_sink.ts";

export interface ZsetSink {
  /**
   * A whole sorted set as a checked listpack of so many members, each with its score behind it; no member twice, every
   * score a number, in the order of sorted sets. False where the key is there already.
   */
  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, members: number): boolean;
  /**
   * Begins a sorted set whose members follow one by one in any order; `expected` is a hint, already capped to what
   * fits. False where the key is there already: nothing has begun then.
   */
  begin(key: LoadedKey, expected: number): boolean;
  /** `score` is not NaN. False where the sorted set has the member already. */
  member(bytes: Uint8Array, start: number, end: number, score: number): boolean;
  end(): void;
  /** The sorted set that was begun turned out to be broken: it must go again. */
  abort(): void;
}
