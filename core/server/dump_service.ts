// Values as DUMP payloads, out and in, by the configuration's rules.
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { LiveReader } from "../memory/arena_reader.ts";
import { DumpEncoder, isDumpPayload, restorePayload } from "../persistence/rdb/dump_payload.ts";
import { KeyspaceSink } from "../persistence/rdb/keyspace_sink.ts";
import type { LoadedKey } from "../persistence/rdb/load_sink.ts";
import { RdbError } from "../persistence/rdb/rdb_error.ts";
import { versionForEntry } from "../persistence/rdb/version_choice.ts";
import type { Config } from "./config/config.ts";

/** Version and checksum behind the value. */
const FOOTER_BYTES = 10;

export class DumpService {
  private readonly encoder: DumpEncoder;
  private readonly sink: KeyspaceSink;

  /** Payloads of RESTORE that were checked down to the last element, which is all that were decoded. */
  payloadsChecked = 0;

  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION: damaged payloads go on to the decoder. */
  skipsChecksums = false;

  /** `onRefused` is told why a payload was refused: the reply does not say. */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly config: Config,
    private readonly onRefused: (reason: string) => void = () => {},
  ) {
    this.encoder = new DumpEncoder(new LiveReader(keyspace.arena));
    this.sink = new KeyspaceSink(keyspace, config.values, { existing: "replace", news: "told" });
  }

  dump(ref: Ref): Uint8Array {
    const { values } = this.config;
    const version = versionForEntry(this.keyspace.entries.meta(ref), values.rdbVersion);
    return this.encoder.dump(ref, { version, compress: values.rdbcompression });
  }

  /** Bytes of the value in RDB form, its type left out. */
  serializedLength(ref: Ref): number {
    return this.dump(ref).length - FOOTER_BYTES - 1;
  }

  isPayload(bytes: Uint8Array, start: number, end: number): boolean {
    return isDumpPayload(bytes, start, end, {
      versionCheck: this.config.values.rdbVersionCheck,
      checksum: this.skipsChecksums ? "ignore" : "verify",
    });
  }

  /** Puts the payload's value under the key, in place of what is there; false, with nothing changed, where it is bad. */
  restore(database: Database, key: LoadedKey, payload: Uint8Array, start: number, end: number): boolean {
    this.sink.selectDb(database.id);
    this.payloadsChecked++;
    try {
      restorePayload(payload, start, end, key, this.sink);
      return true;
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      this.onRefused(error.message);
      return false;
    }
  }
}
