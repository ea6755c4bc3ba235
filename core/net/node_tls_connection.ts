// Connection over a TLS socket of node's API, which can ask clients for certificates. Events become reads and writes.
import type { TLSSocket } from "node:tls";
import { type Connection, formatAddress, isLoopback, unmapped } from "./connection.ts";

/** The socket is paused while this many bytes wait to be read. */
const WAITING_BYTES_MAX = 64 * 1024;

export class NodeTlsConnection implements Connection {
  readonly kind = "tls";
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly isLocal: boolean;
  readonly #socket: TLSSocket;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ended = false;
  #error: Error | null = null;
  #reading: PendingRead | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const remote = unmapped(socket.remoteAddress ?? "?");
    this.remoteAddress = formatAddress(remote, socket.remotePort ?? 0);
    this.localAddress = formatAddress(unmapped(socket.localAddress ?? "?"), socket.localPort ?? 0);
    this.isLocal = isLoopback(remote);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("end", () => this.#end(null));
    socket.on("error", (error: Error) => this.#end(error));
    socket.on("close", () => this.#end(null));
  }

  read(target: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.#reading = { target, resolve, reject };
      this.#serve();
    });
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= WAITING_BYTES_MAX) this.#socket.pause();
    this.#serve();
  }

  #end(error: Error | null): void {
    this.#ended = true;
    this.#error ??= error;
    this.#serve();
  }

  #serve(): void {
    const reading = this.#reading;
    if (reading === null) return;
    if (this.#waiting.length > 0) {
      this.#reading = null;
      reading.resolve(this.#take(reading.target));
    } else if (this.#error !== null) {
      this.#reading = null;
      reading.reject(this.#error);
    } else if (this.#ended) {
      this.#reading = null;
      reading.resolve(null);
    }
  }

  #take(target: Uint8Array): number {
    let count = 0;
    while (this.#waiting.length > 0 && count < target.length) {
      const first = this.#waiting[0];
      const part = Math.min(first.length, target.length - count);
      target.set(first.subarray(0, part), count);
      count += part;
      if (part === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(part);
    }
    this.#waitingBytes -= count;
    if (this.#waitingBytes < WAITING_BYTES_MAX && this.#socket.isPaused()) this.#socket.resume();
    return count;
  }
}

interface PendingRead {
  target: Uint8Array;
  resolve: (count: number | null) => void;
  reject: (error: Error) => void;
}
