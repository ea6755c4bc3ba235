// Puts new content in the place of a file so that a crash at any moment leaves the old or the new content, never a mix.
import { errorText } from "../../log/error_text.ts";

/** The system calls, so that tests can make each of them fail. */
export interface ReplaceCalls {
  /** Permission bits of the file that is there; undefined where there is none. */
  modeOf(path: string): number | undefined;
  open(path: string, mode: number): Deno.FsFile;
  write(file: Deno.FsFile, bytes: Uint8Array): number;
  sync(file: Deno.FsFile): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(path: string): void;
}

const MODE_NEW = 0o644;

const systemCalls: ReplaceCalls = {
  modeOf(path) {
    try {
      return Deno.statSync(path).mode ?? undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
  open: (path, mode) => Deno.openSync(path, { write: true, createNew: true, mode }),
  write: (file, bytes) => file.writeSync(bytes),
  sync: (file) => file.syncSync(),
  rename: (from, to) => Deno.renameSync(from, to),
  remove: (path) => Deno.removeSync(path),
  syncDirectory(path) {
    const directory = Deno.openSync(path, { read: true });
    try {
      directory.syncSync();
    } finally {
      directory.close();
    }
  },
};

/** Writes `content` (UTF-8) beside `path`, syncs it, renames it over `path` and syncs the directory. */
export function replaceFile(path: string, content: string, calls: ReplaceCalls = systemCalls): void {
  const unique = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  const temporary = `${path}.${unique}.tmp`;
  // A file that holds a password must not become readable for more people than before.
  const file = calls.open(temporary, (calls.modeOf(path) ?? MODE_NEW) & 0o777);
  try {
    try {
      const bytes = new TextEncoder().encode(content);
      let written = 0;
      while (written < bytes.length) written += calls.write(file, bytes.subarray(written));
      calls.sync(file);
    } finally {
      file.close();
    }
    calls.rename(temporary, path);
  } catch (error) {
    try {
      calls.remove(temporary);
    } catch (second) {
      const reason = errorText(error);
      throw new AggregateError([error, second], `${reason} (and ${temporary} could not be removed)`);
    }
    throw error;
  }
  calls.syncDirectory(path.replace(/[^/]*$/, "") || ".");
}
