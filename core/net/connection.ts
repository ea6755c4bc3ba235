// One byte stream to a peer, whatever carries it. Implemented for Deno's sockets (tcp, unix, tls), for node's TLS sockets
// (client certificates) and in memory (tests). Used by Client alone.

export type TransportKind = "tcp" | "unix" | "tls";

export interface Connection {
  readonly kind: TransportKind;
  /** `ip:port`, `[ip6]:port`, or `path:0` of a unix socket. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** The peer is on this machine: protected mode lets it in. */
  readonly isLocal: boolean;
  /**
   * Fills the start of `target`; the number of bytes, or null at the end of the stream. One read at a time; `target` is
   * in use until the promise settles. Rejects on errors and when the connection is closed meanwhile.
   */
  read(target: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some bytes from the start of `bytes`; at least one. One write at a time; rejects as `read` does. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Ends the connection at once; what was not written is lost. May be called again. */
  close(): void;
}

const MAPPED_PREFIX = "::ffff:";

/** An IPv6-mapped IPv4 address as IPv4, any other as it is. */
export function unmapped(address: string): string {
  const isMapped = address.startsWith(MAPPED_PREFIX) && address.includes(".");
  return isMapped ? address.slice(MAPPED_PREFIX.length) : address;
}

/** `ip:port`, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address (not mapped) is the machine's own loopback: 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
