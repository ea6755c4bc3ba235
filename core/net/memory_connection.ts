// Connection in memory, for tests: what the peer sends and sees is in the test's hands, and so are short writes, stalls,
// errors and closing at any moment.
import type { Connection } from "./connection.ts";

export class MemoryConnection implements Connection {
  readonly kind = "tcp";
  isLocal = true;
  remoteAddress = "127.0.0.1:50000";
  localAddress = "127.0.0.1:6379";
  closed = false;
  /** Largest number of bytes that one write takes. */
  writeBytesMax = Infinity;
  /** While true, writes wait until `release()`. */
  stalled = false;
  /** Number of writes that took bytes. */
  writes = 0;
  #input: Uint8Array[] = [];
  #ended = false;
  #reading:
    | { target: Uint8Array; resolve: (count: number | null) => void; reject: (error: Error) => void }
    | null = null;
  #stalledWrites: (() => void)[] = [];
  #written: number[] = [];
  #readError: Error | null = null;
  #writeError: Error | null = null;

  /** The peer sends: text with one byte a character, or bytes. */
  send(input: string | Uint8Array): void {
    this.#input.push(typeof input === "string" ? Uint8Array.from(input, (c) => c.charCodeAt(0)) : input);
    this.#serve();
  }

  /** The peer ends its side. */
  end(): void {
    this.#ended = true;
    this.#serve();
  }

  failReads(error: Error): void {
    this.#readError = error;
    this.#serve();
  }

  failWrites(error: Error): void {
    this.#writeError = error;
  }

  /** Lets stalled writes go on. */
  release(): void {
    this.stalled = false;
    for (const go of this.#stalledWrites.splice(0)) go();
  }

  /** What the peer has received since the last call, one character a byte. */
  received(): string {
    return this.#written.splice(0).map((byte) => String.fromCharCode(byte)).join("");
  }

  /** Whether somebody waits for input: the peer's data would be noticed. */
  get isRead(): boolean {
    return this.#reading !== null;
  }

  read(target: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#reading !== null) throw new Error("two reads at a time");
    return new Promise((resolve, reject) => {
      this.#reading = { target, resolve, reject };
      this.#serve();
    });
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.stalled) await new Promise<void>((go) => this.#stalledWrites.push(go));
    if (this.closed) throw new Deno.errors.Interrupted("operation canceled");
    if (this.#writeError !== null) throw this.#writeError;
    const count = Math.min(bytes.length, this.writeBytesMax);
    for (let index = 0; index < count; index++) this.#written.push(bytes[index]);
    this.writes++;
    return count;
  }

  close(): void {
    this.closed = true;
    this.release();
    this.#serve();
  }

  #serve(): void {
    const reading = this.#reading;
    if (reading === null) return;
    if (this.closed) {
      this.#reading = null;
      reading.reject(new Deno.errors.Interrupted("operation canceled"));
    } else if (this.#readError !== null) {
      this.#reading = null;
      reading.reject(this.#readError);
    } else if (this.#input.length > 0) {
      this.#reading = null;
      const first = this.#input[0];
      const count = Math.min(first.length, reading.target.length);
      reading.target.set(first.subarray(0, count));
      if (count < first.length) this.#input[0] = first.subarray(count);
      else this.#input.shift();
      reading.resolve(count);
    } else if (this.#ended) {
      this.#reading = null;
      reading.resolve(null);
    }
  }
}
