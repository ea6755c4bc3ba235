// `spork check aof [--fix | --truncate-to-timestamp SECONDS] FILE`: walks the files of an append-only log (by its
// manifest, or one file by itself) without loading them, and cuts the last one where it is told to. Lines and exit codes
// are those of redis-check-aof, so that scripts that read those go on working.
import { systemErrorText } from "../../log/error_text.ts";
import { checkRdbSource } from "../rdb/check.ts";
import { FileByteSource } from "../rdb/byte_source.ts";
import { AofError } from "./aof_error.ts";
import { beginsWithRdb } from "./aof_file_reader.ts";
import { AOF_ANNOTATION, AOF_END, AOF_NEEDS_INPUT, AofReader } from "./aof_reader.ts";
import { AofManifest, ManifestError } from "./manifest.ts";

const USAGE = "Usage: spork check aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>";
/** As much of a file is looked at to tell whether it is a manifest: a manifest begins with comments or files. */
const KIND_BYTES = 64 * 1024;

export interface CheckTerminal {
  print(line: string): void;
  /** Shows a question without a line end; returns what the user typed, "" at the end of input. */
  ask(question: string): string;
}

interface CheckRequest {
  path: string;
  fix: boolean;
  /** Seconds since 1970; what was logged later is cut off. 0 = no. */
  truncateTo: number;
}

/** One file of the log. `name` is what the manifest calls it; `isLast` allows it to be cut. */
interface CheckedFile {
  name: string;
  path: string;
  isLast: boolean;
  mayBeginWithRdb: boolean;
}

/** Ends the check with exit code 1; everything is printed already. */
class CheckFailed extends Error {}

type Outcome = "valid" | "empty" | "truncated" | "truncated to timestamp";

/** Checks what the words (those behind `check aof`) name; returns the exit code, 0 = sound or made sound. */
export function checkAof(words: readonly string[], terminal: CheckTerminal): number {
  const request = readWords(words, terminal);
  if (request === undefined) return 1;
  try {
    new LogCheck(request, terminal).run();
    return 0;
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    return 1;
  }
}

function readWords(words: readonly string[], terminal: CheckTerminal): CheckRequest | undefined {
  const [first, second, third] = words;
  if (words.length === 1) return { path: first, fix: false, truncateTo: 0 };
  if (words.length === 2 && first === "--fix") return { path: second, fix: true, truncateTo: 0 };
  if (words.length === 3 && first === "--truncate-to-timestamp") {
    if (/^\s*[+-]?\d{1,15}$/.test(second)) return { path: third, fix: false, truncateTo: Number(second) };
    terminal.print("Invalid timestamp, aborting...");
    return undefined;
  }
  terminal.print(USAGE);
  return undefined;
}

class LogCheck {
  constructor(private readonly request: CheckRequest, private readonly terminal: CheckTerminal) {}

  run(): void {
    const { path } = this.request;
    const head = this.#readHead(path);
    if (looksLikeManifest(head)) return this.#checkManifest(path);
    this.terminal.print("Start checking Old-Style AOF");
    this.#printOutcome(
      "AOF",
      path,
      this.#checkFile({ name: path, path, isLast: true, mayBeginWithRdb: true }),
    );
  }

  #checkManifest(path: string): void {
    const { print } = this.terminal;
    print("Start checking Multi Part AOF");
    const manifest = this.#readManifest(path);
    const slash = path.lastIndexOf("/");
    const directory = slash < 0 ? "." : path.slice(0, slash);
    const fileAt = (name: string, left: number, mayBeginWithRdb: boolean): CheckedFile => {
      return { name, path: `${directory}/${name}`, isLast: left === 0, mayBeginWithRdb };
    };
    const { base, incrs } = manifest;
    if (base !== null) {
      const file = fileAt(base.name, incrs.length, true);
      const format = beginsWithRdb(this.#readHead(file.path)) ? "RDB" : "RESP";
      print(`Start to check BASE AOF (${format} format).`);
      this.#printOutcome("BASE AOF", base.name, this.#checkFile(file));
    }
    if (incrs.length > 0) print("Start to check INCR files.");
    incrs.forEach(({ name }, index) => {
      const outcome = this.#checkFile(fileAt(name, incrs.length - 1 - index, false));
      this.#printOutcome("INCR AOF", name, outcome);
    });
    print("All AOF files and manifest are valid");
  }

  #readManifest(path: string): AofManifest {
    try {
      return AofManifest.parse(Deno.readFileSync(path));
    } catch (error) {
      if (error instanceof ManifestError) this.#fail(...error.report());
      this.#fail(`Cannot read file: ${path}`);
    }
  }

  #checkFile(checked: CheckedFile): Outcome {
    const { print } = this.terminal;
    const isWritten = this.request.fix || this.request.truncateTo !== 0;
    const file = this.#open(checked.path, { read: true, write: isWritten }, ", aborting...");
    try {
      const { size } = file.statSync();
      if (size === 0) return "empty";
      const reader = this.#passPreamble(file, checked, size);
      const error = this.#readCommands(file, reader, checked);
      if (error === "too late") return "truncated to timestamp";
      const diff = size - reader.soundBytes;
      if (diff === 0 && this.request.truncateTo !== 0) {
        print(`Truncate nothing in AOF ${checked.name} to timestamp ${this.request.truncateTo}`);
        return "valid";
      }
      print(
        `AOF analyzed: filename=${checked.name}, size=${size}, ok_up_to=${reader.soundBytes}, ` +
          `ok_up_to_line=${reader.line}, diff=${diff}`,
      );
      if (diff === 0) return "valid";
      this.#cutTail(file, checked, size, reader.soundBytes);
      return "truncated";
    } finally {
      file.close();
    }
  }

  #passPreamble(file: Deno.FsFile, checked: CheckedFile, size: number): AofReader {
    if (!checked.mayBeginWithRdb || !beginsWithRdb(this.#readHead(checked.path))) {
      return new AofReader({ totalBytes: size });
    }
    const { print } = this.terminal;
    const result = checkRdbSource(new FileByteSource(file), checked.name, print);
    if (!result.sound) this.#fail("RDB preamble of AOF file is not sane, aborting.");
    print("RDB preamble is OK, proceeding with AOF tail...");
    const reader = new AofReader({ offset: result.bytes, totalBytes: size });
    reader.feed(result.leftover);
    return reader;
  }

  /** Reads to the end; prints what is wrong. */
  #readCommands(file: Deno.FsFile, reader: AofReader, checked: CheckedFile): "read" | "too late" {
    try {
      for (;;) {
        const state = reader.next();
        if (state === AOF_END) return "read";
        if (state === AOF_NEEDS_INPUT) {
          const count = file.readSync(reader.space()) ?? 0;
          if (count === 0) reader.endInput();
          else reader.commit(count);
        } else if (state === AOF_ANNOTATION && this.#isTooLate(reader.timestamp)) {
          this.#cutToTimestamp(file, reader, checked);
          return "too late";
        }
      }
    } catch (error) {
      if (!(error instanceof AofError)) throw error;
      this.#printError(error, checked);
      return "read";
    }
  }

  #isTooLate(timestamp: number): boolean {
    if (this.request.truncateTo === 0 || timestamp === -1) return false;
    if (Number.isNaN(timestamp)) this.#fail("Invalid timestamp annotation");
    return timestamp > this.request.truncateTo;
  }

  #printError(error: AofError, checked: CheckedFile): void {
    const { print } = this.terminal;
    if (error.reason === "") return;
    const at = error.offset.toString(16).padStart(16);
    const where = error.code === "AOF_BAD_TRANSACTION" ? ` in AOF ${checked.path}` : "";
    if (error.code === "AOF_NO_COMMAND") print(`AOF ${checked.name} format error`);
    else print(`0x${at}: ${error.reason}${where}`);
  }

  #cutToTimestamp(file: Deno.FsFile, reader: AofReader, checked: CheckedFile): void {
    const { truncateTo } = this.request;
    const offset = reader.soundBytes;
    if (offset === 0) {
      this.#fail(`AOF ${checked.path} has nothing before timestamp ${truncateTo}, aborting...`);
    }
    if (!checked.isLast) {
      this.#fail(
        `Failed to truncate AOF ${checked.path} to timestamp ${truncateTo} to offset ${offset} ` +
          "because it is not the last file.",
        "If you insist, please delete all files after this file according to the manifest file and delete the " +
          "corresponding records in manifest file manually. Then re-run spork check aof.",
      );
    }
    this.#truncate(file, offset, `Failed to truncate AOF ${checked.path} to timestamp ${truncateTo}`);
  }

  #cutTail(file: Deno.FsFile, checked: CheckedFile, size: number, soundBytes: number): void {
    const { name } = checked;
    if (!this.request.fix) this.#fail(`AOF ${name} is not valid. Use the --fix option to try fixing it.`);
    if (!checked.isLast) this.#fail(`Failed to truncate AOF ${name} because it is not the last file`);
    this.terminal.print(
      `This will shrink the AOF ${name} from ${size} bytes, with ${
        size - soundBytes
      } bytes, to ${soundBytes} bytes`,
    );
    if (!/^y/i.test(this.terminal.ask("Continue? [y/N]: "))) this.#fail("Aborting...");
    this.#truncate(file, soundBytes, `Failed to truncate AOF ${name}`);
  }

  #truncate(file: Deno.FsFile, bytes: number, failure: string): void {
    try {
      file.truncateSync(bytes);
      file.syncSync();
    } catch (error) {
      this.#fail(`${failure}: ${systemErrorText(error)}`);
    }
  }

  #readHead(path: string): Uint8Array {
    const file = this.#open(path, { read: true }, "");
    try {
      const head = new Uint8Array(KIND_BYTES);
      let count = 0;
      for (let got: number | null; (got = file.readSync(head.subarray(count))) !== null && got > 0;) {
        count += got;
      }
      return head.subarray(0, count);
    } catch {
      this.#fail(`Cannot read file: ${path}`);
    } finally {
      file.close();
    }
  }

  #open(path: string, options: Deno.OpenOptions, end: string): Deno.FsFile {
    try {
      return Deno.openSync(path, options);
    } catch (error) {
      this.#fail(`Cannot open file ${path}: ${systemErrorText(error)}${end}`);
    }
  }

  #printOutcome(kind: string, name: string, outcome: Outcome): void {
    const { print } = this.terminal;
    switch (outcome) {
      case "valid":
      case "empty":
        return print(`${kind} ${name} is ${outcome}`);
      case "truncated":
        return print(`Successfully truncated AOF ${name}`);
      case "truncated to timestamp":
        return print(`Successfully truncated AOF ${name} to timestamp ${this.request.truncateTo}`);
    }
  }

  #fail(...lines: string[]): never {
    for (const line of lines) this.terminal.print(line);
    throw new CheckFailed();
  }
}

/** Whether the first line that is no comment names a file. */
function looksLikeManifest(head: Uint8Array): boolean {
  let at = 0;
  while (head[at] === 0x23) {
    const end = head.indexOf(0x0a, at);
    if (end < 0) return false;
    at = end + 1;
  }
  return new TextDecoder().decode(head.subarray(at, at + 4)) === "file";
}
