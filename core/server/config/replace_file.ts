// Puts new content in the place of a file so that a crash at any moment leaves the old or the new content, never a mix.

/** The system calls, so that tests can make each of them fail. */
export interface ReplaceCalls {
  open(path: string): Deno.FsFile;
  write(file: Deno.FsFile, bytes: Uint8Array): number;
  sync(file: Deno.FsFile): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(path: string): void;
}

const systemCalls: ReplaceCalls = {
  open: (path) => Deno.openSync(path, { write: true, createNew: true, mode: 0o644 }),
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
  const file = calls.open(temporary);
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
    calls.remove(temporary);
    throw error;
  }
  calls.syncDirectory(path.replace(/[^/]*$/, "") || ".");
}
