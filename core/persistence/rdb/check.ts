// `spork check rdb FILE`: walks a dump without loading it and tells whether it is sound, with the exact offset and
// reason where it is not. Lines have the shape of redis-check-rdb's, so that scripts that read those go on working.
// `spork check aof` has the RDB part of a log checked here.
import { errorText } from "../../log/error_text.ts";
import { FileByteSource } from "./byte_source.ts";
import { DECODE_DONE, RdbDecoder } from "./decoder.ts";
import { rdbTypeName, VERSION_COMMON_MAX, VERSION_FOREIGN_MAX, VERSION_VALKEY } from "./format.ts";
import type { LoadSink } from "./load_sink.ts";
import { RdbError } from "./rdb_error.ts";
import { AcceptingSinks } from "./types/accepting_sinks.ts";

/** Checks the file; returns the exit code, 0 = sound. Each line of the report goes to `print`. */
export function checkRdbFile(path: string, print: (line: string) => void): number {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true });
  } catch (error) {
    print(`Cannot open file ${path}: ${errorText(error)}`);
    return 1;
  }
  if (file.statSync().isDirectory) {
    file.close();
    print(`Cannot check ${path}: it is a directory`);
    return 1;
  }
  try {
    return checkRdbSource(new FileByteSource(file), path, print).sound ? 0 : 1;
  } finally {
    file.close();
  }
}

export interface RdbCheckResult {
  sound: boolean;
  /** Bytes of the RDB part, and what was read from the source beyond it. */
  bytes: number;
  leftover: Uint8Array;
}

/** Checks the RDB part at the start of a source that reads at once; `path` is what the report calls it. */
export function checkRdbSource(
  source: FileByteSource,
  path: string,
  print: (line: string) => void,
): RdbCheckResult {
  print(`[offset 0] Checking RDB file ${path}`);
  const report = new CheckReport(print);
  const decoder = new RdbDecoder(report, {
    databases: Infinity,
    dropExpiredBefore: Date.now(),
    checksum: "verify",
    versionCheck: "relaxed",
    unsupported: "skip",
    totalBytes: source.totalBytes,
  });
  report.decoder = decoder;
  let sound = false;
  try {
    while (decoder.run(Infinity) !== DECODE_DONE) {
      const count = source.read(decoder.space());
      if (count === 0) decoder.endInput();
      else decoder.commit(count);
    }
    sound = true;
    report.checksum();
    report.line("\\o/ RDB looks OK! \\o/");
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    print("--- RDB ERROR DETECTED ---");
    print(`[offset ${error.offset}] ${error.reason}`);
    print(`[additional info] ${error.code}`);
  }
  report.totals();
  return { sound, bytes: decoder.offset, leftover: decoder.leftover() };
}

class CheckReport extends AcceptingSinks implements LoadSink {
  decoder!: RdbDecoder;
  #functions = 0;

  constructor(private readonly print: (line: string) => void) {
    super();
  }

  line(text: string): void {
    this.print(`[offset ${this.decoder.offset}] ${text}`);
  }

  checksum(): void {
    switch (this.decoder.checksum) {
      case "verified":
        return this.line("Checksum OK");
      case "disabled":
        return this.line("RDB file was saved with checksum disabled: no check performed.");
      case "absent":
        return this.line(`RDB version ${this.decoder.version} has no checksum`);
    }
  }

  totals(): void {
    const { version, values } = this.decoder;
    if (version > 0) this.print(`[info] RDB version ${version}`);
    if (version > VERSION_VALKEY || (version > VERSION_COMMON_MAX && version <= VERSION_FOREIGN_MAX)) {
      this.print("[info] loading this version requires config 'rdb-version-check relaxed'");
    }
    let keys = 0;
    for (let type = 0; type < values.keysByType.length; type++) keys += values.keysByType[type];
    this.print(`[info] ${keys} keys read`);
    this.print(`[info] ${values.keysWithExpiry} expires`);
    this.print(`[info] ${values.keysExpired} already expired`);
    values.keysByType.forEach((count, type) => {
      if (count > 0) this.print(`[info] ${count} of type ${type} (${rdbTypeName(type)})`);
    });
    if (values.emptyKeysSkipped > 0) this.print(`[info] ${values.emptyKeysSkipped} empty keys`);
    if (this.#functions > 0) this.print(`[info] ${this.#functions} function libraries`);
    if (values.keysUnsupported > 0) {
      this.print(`[info] ${values.keysUnsupported} keys are of types that this version of Spork cannot load`);
    }
  }

  selectDb(database: number): void {
    this.line(`Selecting DB ID ${database}`);
  }

  aux(name: string, value: string): void {
    this.line(`AUX FIELD ${name} = '${value}'`);
  }

  functionCode(): void {
    this.#functions++;
  }

  string(): boolean {
    return true;
  }

  resizeDb(): void {}
  slotInfo(): void {}
  end(): void {}
}
