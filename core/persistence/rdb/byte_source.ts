// Where RDB bytes come from: a file, memory, later a socket. The loader asks for bytes; what it gets may come at once
// or later.

export interface ByteSource {
  /** Bytes of the whole input where known; undefined for a stream. */
  readonly totalBytes: number | undefined;
  /** Fills some of `target` from its start; returns how many bytes, 0 at the end of the input. */
  read(target: Uint8Array): number | Promise<number>;
}

/** A file, read synchronously: one read is a fraction of a millisecond, less than a turn through the event loop. */
export class FileByteSource implements ByteSource {
  /** Undefined for a pipe. */
  readonly totalBytes: number | undefined;

  /** The file is read from where it stands; closing it is the caller's business. */
  constructor(private readonly file: Deno.FsFile) {
    const { isFile, size } = file.statSync();
    this.totalBytes = isFile ? size - file.seekSync(0, Deno.SeekMode.Current) : undefined;
  }

  read(target: Uint8Array): number {
    return this.file.readSync(target) ?? 0;
  }
}

export class MemoryByteSource implements ByteSource {
  readonly totalBytes: number;
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.totalBytes = bytes.length;
  }

  read(target: Uint8Array): number {
    const count = Math.min(target.length, this.bytes.length - this.#at);
    target.set(this.bytes.subarray(this.#at, this.#at + count));
    this.#at += count;
    return count;
  }
}
