// What a decoded hash is handed to. Every span is valid during the call only.
import type { LoadedKey } from "../load_sink.ts";

export interface HashSink {
  /** A whole hash as a checked listpack of so many fields, none twice. False where the key is there already. */
  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean;
  /**
   * Begins a hash whose fields follow one by one; `expectedFields` is a hint, already capped to what fits. False where
   * the key is there already: nothing has begun then.
   */
  begin(key: LoadedKey, expectedFields: number): boolean;
  /** False where the hash has the field already. */
  field(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean;
  /** As `field`, for one that expires (milliseconds since 1970). */
  expiringField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): boolean;
  end(): void;
  /** The hash that was begun turned out to be broken: it must go again. */
  abort(): void;
}
