// The manifest of the append-only log: which files hold the dataset (one base, then increments in order) and which are
// history that may be removed. Valkey's text format, one file a line. The log's owner keeps one of these, changes a copy
// and puts it into force by `writeManifest`; `spork check aof` reads it.
import { quote, splitWords } from "../../bytes/quoted_words.ts";
import { type SaveFileSystem, systemFiles } from "../rdb/file_system.ts";
import { SaveFile } from "../rdb/save_file.ts";

/** With the line feed. Valkey reads no longer ones. */
const LINE_BYTES_MAX = 1024;
/** What cannot stand bare in a line: white space, quotes, the backslash, and all that is not printable ASCII. */
const NEEDS_QUOTES = /[^\x21-\x7e]|["'\\]/;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export interface AofFileEntry {
  /** A plain file name in the log's directory. */
  readonly name: string;
  /** At least 1. */
  readonly seq: number;
}

/** What is wrong with a manifest; `reason` in Valkey's words. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";

  /** `line` counts from 1, 0 where no line is to blame; `text` is that line. */
  constructor(readonly reason: string, readonly line = 0, readonly text = "") {
    super(line === 0 ? reason : `${reason} (at line ${line}: '${text}')`);
  }

  /** The lines that Valkey logs. */
  report(): string[] {
    const lines = ["*** FATAL AOF MANIFEST FILE ERROR ***"];
    if (this.line > 0) lines.push(`Reading the manifest file, at line ${this.line}`, `>>> '${this.text}'`);
    lines.push(this.reason);
    return lines;
  }
}

export class AofManifest {
  base: AofFileEntry | null = null;
  /** In the order in which they are loaded; numbers rise. The last is the one that is appended to. */
  incrs: AofFileEntry[] = [];
  /** Files that the manifest has replaced and that are to be removed. */
  history: AofFileEntry[] = [];
  /** Numbers of the newest base and increment, 0 = there was none. */
  baseSeq = 0;
  incrSeq = 0;

  /** Reads a manifest. Words that it does not know (of later versions) are skipped. Throws ManifestError. */
  static parse(bytes: Uint8Array): AofManifest {
    if (bytes.length === 0) throw new ManifestError("Found an empty AOF manifest");
    const manifest = new AofManifest();
    let number = 0;
    for (let start = 0; start < bytes.length;) {
      const found = bytes.indexOf(0x0a, start);
      const end = found < 0 ? bytes.length : found;
      number++;
      if (bytes[start] !== 0x23) {
        if (found < 0 || end + 1 - start > LINE_BYTES_MAX) {
          throw new ManifestError("The AOF manifest file contains too long line");
        }
        manifest.#addLine(bytes.subarray(start, end), number);
      }
      start = end + 1;
    }
    return manifest;
  }

  /** The text of the file: the base, history, increments. `parse` gives it back. */
  format(): string {
    let text = "";
    if (this.base !== null) text += formatLine(this.base, "b");
    for (const entry of this.history) text += formatLine(entry, "h");
    for (const entry of this.incrs) text += formatLine(entry, "i");
    return text;
  }

  /** One that can be changed while this one stays in force. */
  copy(): AofManifest {
    const copy = new AofManifest();
    copy.base = this.base;
    copy.incrs = [...this.incrs];
    copy.history = [...this.history];
    copy.baseSeq = this.baseSeq;
    copy.incrSeq = this.incrSeq;
    return copy;
  }

  /** The files that make up the dataset, in the order in which they are loaded. */
  files(): AofFileEntry[] {
    return this.base === null ? [...this.incrs] : [this.base, ...this.incrs];
  }

  /** Names the next base; the one before becomes history. `logName` is `appendfilename`. */
  nextBase(logName: string, format: "rdb" | "aof"): AofFileEntry {
    if (this.base !== null) this.history.unshift(this.base);
    const seq = ++this.baseSeq;
    return this.base = { name: `${logName}.${seq}.base.${format}`, seq };
  }

  /** Names the next increment, which everything is appended to from then on. */
  nextIncr(logName: string): AofFileEntry {
    const seq = ++this.incrSeq;
    const entry = { name: `${logName}.${seq}.incr.aof`, seq };
    this.incrs.push(entry);
    return entry;
  }

  /** A new base holds what these increments say: all but the last `kept` become history. */
  retireIncrs(kept: number): void {
    const retired = this.incrs.splice(0, Math.max(0, this.incrs.length - kept));
    this.history.unshift(...retired);
  }

  /** The single file of a log from before there were manifests becomes the base, under its own name. */
  adoptSingleFile(name: string): void {
    this.base = { name, seq: 1 };
    this.baseSeq = 1;
  }

  #addLine(bytes: Uint8Array, number: number): void {
    const { text, valid } = decodeLine(bytes);
    const fail = (reason: string): never => {
      throw new ManifestError(reason, number, text);
    };
    const words = valid ? splitWords(text) : undefined;
    if (words === undefined || words.length < 6 || words.length % 2 !== 0) {
      return fail("Invalid AOF manifest file format");
    }
    let name = "";
    let seq = 0;
    let type = "";
    for (let at = 0; at < words.length; at += 2) {
      const value = words[at + 1];
      const key = words[at].toLowerCase();
      if (key === "file") {
        name = value;
        if (/[/\\]/.test(name)) fail("File can't be a path, just a filename");
      } else if (key === "seq") {
        seq = /^[+]?\d{1,15}/.test(value) ? parseInt(value) : 0;
      } else if (key === "type") {
        type = value.slice(0, 1);
      }
    }
    if (name === "" || name.includes("\0") || seq === 0 || type === "") {
      fail("Invalid AOF manifest file format");
    }
    const entry = { name, seq };
    switch (type) {
      case "b":
        if (this.base !== null) fail("Found duplicate base file information");
        this.base = entry;
        this.baseSeq = seq;
        return;
      case "h":
        this.history.push(entry);
        return;
      case "i":
        if (seq <= this.incrSeq) fail("Found a non-monotonic sequence number");
        this.incrs.push(entry);
        this.incrSeq = seq;
        return;
      default:
        fail("Unknown AOF file type");
    }
  }
}

/** Name of the manifest of a log; `logName` is `appendfilename`. */
export function manifestName(logName: string): string {
  return `${logName}.manifest`;
}

/**
 * Puts a manifest into force: written beside the old one, synced, renamed over it, the directory synced. Until the
 * rename the old one is untouched. Throws SaveFileError; where that says "sync directory" the new one is in its place.
 */
export function writeManifest(
  directory: string,
  logName: string,
  manifest: AofManifest,
  files: SaveFileSystem = systemFiles,
): void {
  const name = manifestName(logName);
  const file = new SaveFile({ directory, tempName: `temp-${name}`, incrementalSync: false, files });
  try {
    file.push(encoder.encode(manifest.format()));
  } catch (error) {
    try {
      file.discard();
    } catch {
      // The error before says what is wrong here.
    }
    throw error;
  }
  file.commit(name);
}

function formatLine(entry: AofFileEntry, type: "b" | "h" | "i"): string {
  const name = NEEDS_QUOTES.test(entry.name) ? quote(entry.name) : entry.name;
  return `file ${name} seq ${entry.seq} type ${type}\n`;
}

function decodeLine(bytes: Uint8Array): { text: string; valid: boolean } {
  try {
    return { text: trim(decoder.decode(bytes)), valid: true };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: trim(new TextDecoder().decode(bytes)), valid: false };
  }
}

function trim(line: string): string {
  return line.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
}
