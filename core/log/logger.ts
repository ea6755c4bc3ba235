// The server's log: four levels, the line format that Valkey's tools and tests know, a file or the standard output.
// Everybody writes through Logger; core/server makes the one ServerLog and points it at the configuration.
import { errorText } from "./error_text.ts";

/** What everybody but the owner of the log sees of it. */
export interface Logger {
  debug(message: string): void;
  verbose(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

/** Levels from the least to the most important; "nothing" is above all of them. */
export const LOG_LEVELS = ["debug", "verbose", "notice", "warning", "nothing"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = "legacy" | "logfmt";
export type LogTimestampFormat = "legacy" | "iso8601" | "milliseconds";

/** M primary, S replica, C a process that is starting or a helper, X Sentinel. */
export type LogRole = "M" | "S" | "C" | "X";

export interface LogOptions {
  level: LogLevel;
  /** A path, or empty for the standard output. */
  file: string;
  format: LogFormat;
  timestampFormat: LogTimestampFormat;
}

/** Where lines go, so that tests can make it fail. Both write everything or throw. */
export interface LogSink {
  appendToFile(path: string, line: Uint8Array): void;
  writeToOutput(line: Uint8Array): void;
  /** The last resort when the file can't be written. */
  writeToErrors(line: Uint8Array): void;
}

const LEVEL_MARKS = [".", "-", "*", "#"];
const LEVEL_WORDS = ["debug", "info", "notice", "warning"];
const ROLE_WORDS: Readonly<Record<LogRole, string>> = {
  M: "primary",
  S: "replica",
  C: "RDB/AOF",
  X: "sentinel",
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** A longer message is cut, so that no message can fill the disk. */
const MESSAGE_BYTES_MAX = 1024;

const encoder = new TextEncoder();

export class ServerLog implements Logger {
  /** Changed at run time by CONFIG SET and by a change of role. */
  role: LogRole = "C";
  /** Lines that could not be written to where they belong. */
  lost = 0;
  readonly options: LogOptions;
  readonly #pid: number;
  readonly #sink: LogSink;
  readonly #now: () => Date;

  constructor(options: LogOptions, pid: number, sink: LogSink = systemSink, now = () => new Date()) {
    this.options = { ...options };
    this.#pid = pid;
    this.#sink = sink;
    this.#now = now;
  }

  debug(message: string): void {
    this.#write(0, message);
  }

  verbose(message: string): void {
    this.#write(1, message);
  }

  notice(message: string): void {
    this.#write(2, message);
  }

  warning(message: string): void {
    this.#write(3, message);
  }

  #write(level: number, message: string): void {
    const { options } = this;
    if (level < LOG_LEVELS.indexOf(options.level)) return;
    const line = encoder.encode(this.#line(level, message));
    try {
      if (options.file === "") this.#sink.writeToOutput(line);
      else this.#sink.appendToFile(options.file, line);
    } catch (error) {
      this.#writeElsewhere(line, error);
    }
  }

  /** A log that can't be written must not stop the server; the first lost line says why on the standard error. */
  #writeElsewhere(line: Uint8Array, cause: unknown): void {
    this.lost++;
    try {
      if (this.lost === 1) {
        const reason = errorText(cause);
        this.#sink.writeToErrors(encoder.encode(`Can't write the log: ${reason}\n`));
      }
      this.#sink.writeToErrors(line);
    } catch (error) {
      // Nothing is left to write to (all outputs closed): the count in `lost` is what remains.
      if (!(error instanceof Error)) throw error;
    }
  }

  #line(level: number, message: string): string {
    const { options, role } = this;
    const when = timestamp(this.#now(), options.timestampFormat);
    const text = cut(message);
    if (options.format === "legacy") return `${this.#pid}:${role} ${when} ${LEVEL_MARKS[level]} ${text}\n`;
    return `pid=${this.#pid} role=${ROLE_WORDS[role]} timestamp="${when}" level=${LEVEL_WORDS[level]} ` +
      `message="${forLogfmt(text)}"\n`;
  }
}

/** A logger that forgets everything, for tests and tools. */
export const silentLog: Logger = {
  debug() {},
  verbose() {},
  notice() {},
  warning() {},
};

/** The file is opened for every line, so that tools can move it away at any time and the next line makes a new one. */
export const systemSink: LogSink = {
  appendToFile(path, line) {
    const file = Deno.openSync(path, { append: true, create: true });
    try {
      writeAll(file, line);
    } finally {
      file.close();
    }
  },
  writeToOutput: (line) => writeAll(Deno.stdout, line),
  writeToErrors: (line) => writeAll(Deno.stderr, line),
};

function writeAll(target: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += target.writeSync(bytes.subarray(written));
}

function cut(message: string): string {
  if (message.length <= MESSAGE_BYTES_MAX / 3) return message;
  const bytes = encoder.encode(message);
  if (bytes.length <= MESSAGE_BYTES_MAX) return message;
  let end = MESSAGE_BYTES_MAX;
  // Not in the middle of a character.
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** logfmt has no escapes that all its readers know: quotes become apostrophes, control characters spaces. */
function forLogfmt(message: string): string {
  // deno-lint-ignore no-control-regex
  return message.replace(/"/g, "'").replace(/[\x00-\x1f\x7f]/g, " ");
}

function timestamp(now: Date, format: LogTimestampFormat): string {
  if (format === "milliseconds") return String(now.getTime());
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${
    String(now.getMilliseconds()).padStart(3, "0")
  }`;
  if (format === "legacy") {
    return `${two(now.getDate())} ${MONTHS[now.getMonth()]} ${now.getFullYear()} ${time}`;
  }
  const minutes = -now.getTimezoneOffset();
  const zone = Math.abs(minutes);
  const sign = minutes < 0 ? "-" : "+";
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${date}T${time}${sign}${two(Math.floor(zone / 60))}:${two(zone % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
