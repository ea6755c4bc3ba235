// The configuration's system in memory, for tests: files, directories and standard input that nobody else sees.
import type { ConfigHost } from "./config_host.ts";

export class MemoryHost implements ConfigHost {
  readonly files = new Map<string, string | Uint8Array>();
  readonly directories = new Set(["/", "/home", "/data"]);
  /** Paths that exist and can't be used. */
  readonly locked = new Set<string>();
  standardInput = "";
  here = "/home";

  constructor(files: Record<string, string | Uint8Array> = {}) {
    for (const [path, content] of Object.entries(files)) this.files.set(path, content);
  }

  currentDirectory(): string {
    return this.here;
  }

  changeDirectory(path: string): string {
    const target = path.startsWith("/") ? path : `${this.here}/${path}`;
    if (this.files.has(target)) throw new Deno.errors.NotADirectory("Not a directory (os error 20)");
    if (!this.directories.has(target)) {
      throw new Deno.errors.NotFound("No such file or directory (os error 2)");
    }
    if (this.locked.has(target)) throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
    this.here = target;
    return target;
  }

  readFile(path: string): Uint8Array {
    if (this.locked.has(path)) throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
    const content = this.files.get(path);
    if (content === undefined) throw new Deno.errors.NotFound("No such file or directory (os error 2)");
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  }

  listDirectory(path: string): string[] {
    const names = new Set<string>();
    for (const file of this.files.keys()) {
      if (file.startsWith(`${path}/`)) names.add(file.slice(path.length + 1).split("/")[0]);
    }
    return [...names];
  }

  fileExists(path: string): boolean {
    return this.files.has(path);
  }

  checkAppendable(path: string): void {
    if (this.locked.has(path)) throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  }

  replaceFile(path: string, content: string): void {
    if (this.locked.has(path)) throw new Error("No space left on device (os error 28)");
    this.files.set(path, content);
  }

  readStandardInput(): Uint8Array {
    return new TextEncoder().encode(this.standardInput);
  }

  /** A file's text. */
  text(path: string): string {
    return new TextDecoder().decode(this.readFile(path));
  }
}
