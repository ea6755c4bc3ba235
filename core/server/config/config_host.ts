// What the configuration needs of the system: directory, files, standard input. Tests put another one in its place.
import { replaceFile } from "./replace_file.ts";

export interface ConfigHost {
  currentDirectory(): string;
  /** Changes into the directory and returns its absolute path. */
  changeDirectory(path: string): string;
  readFile(path: string): Uint8Array;
  /** Names in a directory; empty where there is no such directory. */
  listDirectory(path: string): string[];
  fileExists(path: string): boolean;
  /** Throws where the file can't be appended to. */
  checkAppendable(path: string): void;
  /** Puts new content in the place of a file, all or nothing. */
  replaceFile(path: string, content: string): void;
  readStandardInput(): Uint8Array;
}

export const denoHost: ConfigHost = {
  currentDirectory: () => Deno.cwd(),
  changeDirectory(path) {
    Deno.chdir(path);
    return Deno.cwd();
  },
  readFile: (path) => Deno.readFileSync(path),
  listDirectory(path) {
    try {
      return [...Deno.readDirSync(path)].map((entry) => entry.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
      throw error;
    }
  },
  fileExists(path) {
    try {
      Deno.statSync(path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  },
  checkAppendable(path) {
    Deno.openSync(path, { append: true, create: true }).close();
  },
  replaceFile,
  readStandardInput() {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const buffer = new Uint8Array(65536);
    while (true) {
      const count = Deno.stdin.readSync(buffer);
      if (count === null) break;
      chunks.push(buffer.slice(0, count));
      length += count;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  },
};
