// The file that a snapshot goes to: written in order, synced in between so that the last sync is short, synced and
// closed at the end. Runs in the plugin's worker, which needs no permission but to write there. Its lock says that the
// writer lives. Renaming and removing are the server's part.
import { systemFiles, type WritableFile } from "../../../core/persistence/rdb/file_system.ts";

/** Takes the bytes of the snapshot. Errors of the file system pass through with their code (ENOSPC, EIO...). */
export class FileOutput {
  bytes = 0;
  private file: WritableFile | null;
  private unsyncedBytes = 0;

  /** Creates the file. `syncBytes`: sync whenever so many bytes were written, 0 = only at the end. */
  constructor(path: string, private readonly syncBytes: number) {
    this.file = systemFiles.create(path);
  }

  push(chunk: Uint8Array): void {
    const file = this.opened();
    for (let at = 0; at < chunk.length;) {
      const count = file.write(at === 0 ? chunk : chunk.subarray(at));
      if (count <= 0) throw new Error(`the system took ${count} of ${chunk.length - at} bytes`);
      at += count;
    }
    this.bytes += chunk.length;
    this.unsyncedBytes += chunk.length;
    if (this.syncBytes > 0 && this.unsyncedBytes >= this.syncBytes) {
      file.sync();
      this.unsyncedBytes = 0;
    }
  }

  /** All is written: makes it durable and closes. */
  finish(): void {
    this.opened().sync();
    this.close();
  }

  /** Closes the file as it is. May be called after `finish`. */
  close(): void {
    const { file } = this;
    this.file = null;
    file?.close();
  }

  private opened(): WritableFile {
    if (this.file === null) throw new Error("the file is closed: the save has ended");
    return this.file;
  }
}
