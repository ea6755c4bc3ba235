// Puts what an RDB stream or a DUMP payload holds into the keyspace. Strings here, the other types in types/
// ({type}_loader.ts). Hot: `string`, which allocates nothing on the JavaScript heap.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import { HashLoader } from "./types/hash_loader.ts";
import { ListLoader } from "./types/list_loader.ts";
import { KeyPlacer, type KeyPlacerOptions } from "./types/key_placer.ts";
import type { LoadLimits } from "./types/load_limits.ts";
import { SetLoader } from "./types/set_loader.ts";
import { StreamLoader } from "./types/stream_loader.ts";
import { ZsetLoader } from "./types/zset_loader.ts";

export interface KeyspaceSinkOptions extends KeyPlacerOptions {
  /** Told of auxiliary fields. */
  onAux?: (name: string, value: string) => void;
  /** Told of function libraries; the bytes are valid during the call only. */
  onFunction?: (bytes: Uint8Array, start: number, end: number) => void;
  /** Told of keys that were left out because they have no elements. */
  onEmptyKey?: (key: LoadedKey) => void;
}

export class KeyspaceSink implements LoadSink {
  readonly hashes: HashLoader;
  readonly lists: ListLoader;
  readonly sets: SetLoader;
  readonly streams: StreamLoader;
  readonly zsets: ZsetLoader;
  readonly #placer: KeyPlacer;

  /** `limits` are looked at for each value: the configuration's own values will do. */
  constructor(
    private readonly keyspace: Keyspace,
    limits: LoadLimits,
    private readonly options: KeyspaceSinkOptions,
  ) {
    const placer = this.#placer = new KeyPlacer(keyspace, options);
    this.hashes = new HashLoader(placer, limits);
    this.lists = new ListLoader(placer, limits);
    this.sets = new SetLoader(placer, limits);
    this.streams = new StreamLoader(placer);
    this.zsets = new ZsetLoader(placer, limits);
  }

  selectDb(database: number): void {
    this.#placer.database = this.keyspace.databases[database];
  }

  resizeDb(keys: number, expires: number): void {
    const { database } = this.#placer;
    database.keys.expand(database.keys.size + keys);
    database.expires.expand(database.expires.size + expires);
  }

  aux(name: string, value: string): void {
    this.options.onAux?.(name, value);
  }

  /** Spork's databases have no slots. */
  slotInfo(): void {}

  functionCode(bytes: Uint8Array, start: number, end: number): void {
    this.options.onFunction?.(bytes, start, end);
  }

  emptyKey(key: LoadedKey): void {
    this.options.onEmptyKey?.(key);
  }

  string(key: LoadedKey, value: Uint8Array, start: number, end: number): boolean {
    const placer = this.#placer;
    if (!placer.mayTake(key)) return false;
    const { entries } = this.keyspace;
    placer.addEntry(entries.createString(key.bytes, key.start, key.end, value, start, end, key.expireAt));
    return true;
  }

  end(): void {}
}
