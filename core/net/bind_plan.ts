// Which sockets to open for the `bind` option. Deno's IPv6 wildcard socket takes IPv4 peers too, and the two wildcards
// cannot be bound side by side; so `* ::*` is one socket, and where only some IPv4 addresses were asked for, peers of the
// others are turned away after accept.
import type { Connection } from "./connection.ts";

/** One socket to open. */
export interface PlannedSocket {
  /** A literal address or a name, as the system takes it. */
  hostname: string;
  /** What `bind` says, for messages. */
  name: string;
  /** Skipped where the address is not available on this machine (`-` before it). */
  optional: boolean;
  /** IPv4 addresses of ours that peers may have reached; null = any. */
  allowedIpv4: Set<string> | null;
  /** What to open instead where this machine has no IPv6; null = nothing. */
  fallback: PlannedSocket | null;
}

const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";

export function planSockets(binds: readonly string[]): PlannedSocket[] {
  const wanted = binds.map(parseBind);
  const wildcard6 = wanted.find((each) => each.hostname === ANY_IPV6);
  if (wildcard6 === undefined) {
    const hasAny = wanted.some((each) => each.hostname === ANY_IPV4);
    return hasAny ? wanted.filter((each) => each.hostname === ANY_IPV4 || !isIpv4(each.hostname)) : wanted;
  }
  // The IPv6 wildcard covers every other address; only names (which need resolving) stay sockets of their own.
  const wildcard4 = wanted.find((each) => each.hostname === ANY_IPV4);
  const ipv4 = wanted.filter((each) => isIpv4(each.hostname));
  const names = wanted.filter((each) => !isIpv4(each.hostname) && !each.hostname.includes(":"));
  return [{
    ...wildcard6,
    allowedIpv4: wildcard4 === undefined ? new Set(ipv4.map((each) => each.hostname)) : null,
    fallback: wildcard4 ?? null,
  }, ...names];
}

/** Whether the connection came to an address that was asked for. */
export function isWanted(socket: PlannedSocket, localHost: string): boolean {
  return socket.allowedIpv4 === null || !isIpv4(localHost) || socket.allowedIpv4.has(localHost);
}

/** The host part of `Connection.localAddress`. */
export function localHostOf(connection: Connection): string {
  const address = connection.localAddress;
  return address.slice(0, address.lastIndexOf(":"));
}

function parseBind(text: string): PlannedSocket {
  const optional = text.startsWith("-");
  const name = optional ? text.slice(1) : text;
  const hostname = name === "*" ? ANY_IPV4 : name === "::*" ? ANY_IPV6 : name;
  return { hostname, name, optional, allowedIpv4: null, fallback: null };
}

function isIpv4(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}
