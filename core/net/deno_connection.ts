// Connection over one of Deno's own sockets: tcp, unix, and tls without client certificates.
import { type Connection, formatAddress, isLoopback, type TransportKind, unmapped } from "./connection.ts";

export class DenoConnection implements Connection {
  readonly kind: TransportKind;
  readonly isLocal: boolean;
  readonly #socket: Deno.Conn;
  readonly #path: string;
  #closed = false;

  /** `path` names the unix socket; "" for the others. */
  constructor(socket: Deno.Conn, kind: TransportKind, path: string) {
    this.#socket = socket;
    this.kind = kind;
    this.#path = path;
    this.isLocal = kind === "unix" || isLoopback(unmapped((socket.remoteAddr as Deno.NetAddr).hostname));
  }

  get remoteAddress(): string {
    return this.#format(this.#socket.remoteAddr);
  }

  get localAddress(): string {
    return this.#format(this.#socket.localAddr);
  }

  read(target: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#socket.read(target);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#socket.write(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #format(address: Deno.Addr): string {
    if (this.kind === "unix") return `${this.#path}:0`;
    const { hostname, port } = address as Deno.NetAddr;
    return formatAddress(unmapped(hostname), port);
  }
}
