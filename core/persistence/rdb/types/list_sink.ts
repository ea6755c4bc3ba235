// What a decoded list is handed to. Every span is valid during the call only.
import type { LoadedKey } from "../load_sink.ts";

export interface ListSink {
  /**
   * Begins a list whose nodes or elements follow in order; `expected` is a hint of their number, already capped to what
   * fits. False where the key is there already: nothing has begun then.
   */
  begin(key: LoadedKey, expected: number): boolean;
  /** The next elements: a checked listpack of `count`, at least one. */
  packed(listpack: Uint8Array, start: number, end: number, count: number): void;
  /** The next element alone. */
  element(bytes: Uint8Array, start: number, end: number): void;
  end(): void;
  /** The list that was begun turned out to be broken: it must go again. */
  abort(): void;
}
