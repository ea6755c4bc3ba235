// Files in memory for tests of what replaces a file: any call can be made to fail.
import assert from "node:assert/strict";
import type { SaveFileSystem, WritableFile } from "./file_system.ts";

/** Files in memory, with one call that can be made to fail. Durable content is what a crash would leave. */
export class FaultyFiles implements SaveFileSystem {
  files = new Map<string, number[]>([["/data/dump.rdb", [1, 2, 3]]]);
  durable = new Map<string, number[]>();
  directorySynced = false;
  openFiles = 0;
  calls: string[] = [];
  constructor(private readonly failing: string, private readonly bytesPerWrite = Infinity) {}

  #call(name: string): void {
    this.calls.push(name);
    if (name === this.failing) throw new Error(`No space left on device (${name})`);
  }

  create(path: string): WritableFile {
    this.#call("create");
    this.files.set(path, []);
    this.openFiles++;
    return {
      write: (bytes) => {
        this.#call("write");
        if (this.failing === "write nothing") return 0;
        const taken = bytes.subarray(0, Math.min(bytes.length, this.bytesPerWrite));
        const content = this.files.get(path)!;
        for (const byte of taken) content.push(byte);
        return taken.length;
      },
      sync: () => {
        this.#call("sync");
        this.durable.set(path, [...this.files.get(path)!]);
      },
      close: () => {
        this.openFiles--;
        this.#call("close");
      },
    };
  }

  rename(from: string, to: string): void {
    this.#call("rename");
    assert.deepEqual(this.durable.get(from), this.files.get(from), "renamed before it was durable");
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }

  remove(path: string): void {
    this.#call("remove");
    this.files.delete(path);
  }

  syncDirectory(): void {
    this.#call("syncDirectory");
    this.directorySynced = true;
  }

  list(): string[] {
    return [...this.files.keys()];
  }

  removeUnlocked(): boolean {
    return false;
  }
}
