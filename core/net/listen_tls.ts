// TLS listeners for the addresses of `bind`. Deno's own TLS where no client certificate is asked for (the faster way);
// node's TLS server, over the same library, where one is, or where only one protocol version is allowed.
import { createServer, type Server, type TLSSocket } from "node:tls";
import { isWanted, localHostOf, type PlannedSocket, planSockets } from "./bind_plan.ts";
import { type Connection, formatAddress } from "./connection.ts";
import { DenoConnection } from "./deno_connection.ts";
import { acceptFrom, considerFailure, openPlanned } from "./listen_tcp.ts";
import type { Listener, Opened } from "./listener.ts";
import { NodeTlsConnection } from "./node_tls_connection.ts";
import { loadTlsMaterial, type TlsMaterial, type TlsSettings } from "./tls_settings.ts";

export interface TlsOptions {
  bind: readonly string[];
  /** tls-port; 0 = not at all. */
  port: number;
  backlog: number;
  settings: TlsSettings;
}

/** A peer that connects and then says nothing is dropped after this, milliseconds. */
const HANDSHAKE_MILLISECONDS_MAX = 10_000;

/** Opens all or none; waits until the port is bound. Throws ListenError, also for settings that cannot be honoured. */
export async function listenTls(options: TlsOptions): Promise<Opened> {
  if (options.port === 0) return { listeners: [], warnings: [] };
  const material = loadTlsMaterial(options.settings);
  const isPlain = material.authClients === "no" && material.minVersion !== material.maxVersion;
  if (isPlain) {
    return openPlanned("tls", options, (planned) => new DenoTlsListener(planned, options, material));
  }
  return await openNodeListeners(options, material);
}

async function openNodeListeners(options: TlsOptions, material: TlsMaterial): Promise<Opened> {
  const opened: Opened = { listeners: [], warnings: [] };
  const queue = planSockets(options.bind);
  while (queue.length > 0) {
    const planned = queue.shift()!;
    const listener = new NodeTlsListener(planned, material);
    try {
      await listener.open(options.port, options.backlog);
      opened.listeners.push(listener);
    } catch (error) {
      considerFailure(error, planned, "tls", options.port, queue, opened);
    }
  }
  return opened;
}

class DenoTlsListener implements Listener {
  readonly kind = "tls";
  readonly #listener: Deno.TlsListener;
  readonly #planned: PlannedSocket;

  constructor(planned: PlannedSocket, options: TlsOptions, material: TlsMaterial) {
    const listen: Deno.ListenTlsOptions & Deno.TlsCertifiedKeyPem & { tcpBacklog: number } = {
      hostname: planned.hostname,
      port: options.port,
      tcpBacklog: options.backlog,
      cert: material.cert,
      key: material.key,
    };
    this.#listener = Deno.listenTls(listen);
    this.#planned = planned;
  }

  get address(): string {
    const { hostname, port } = this.#listener.addr;
    return formatAddress(hostname, port);
  }

  async accept(): Promise<Connection | null> {
    for (;;) {
      const socket = await acceptFrom(this.#listener);
      if (socket === null) return null;
      const connection = new DenoConnection(socket, "tls", "");
      if (isWanted(this.#planned, localHostOf(connection))) return connection;
      connection.close();
    }
  }

  close(): void {
    this.#listener.close();
  }
}

class NodeTlsListener implements Listener {
  readonly kind = "tls";
  readonly #server: Server;
  readonly #planned: PlannedSocket;
  #waiting: Connection[] = [];
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(planned: PlannedSocket, material: TlsMaterial) {
    this.#planned = planned;
    this.#server = createServer({
      cert: material.cert,
      key: material.key,
      ca: material.ca.length > 0 ? material.ca : undefined,
      requestCert: material.authClients !== "no",
      // "optional" looks at the outcome itself: no certificate is fine, a bad one is not.
      rejectUnauthorized: material.authClients === "yes",
      minVersion: material.minVersion,
      maxVersion: material.maxVersion,
      handshakeTimeout: HANDSHAKE_MILLISECONDS_MAX,
    }, (socket: TLSSocket) => this.#arrived(socket, material));
    // Handshakes that fail concern their peer alone.
    this.#server.on("tlsClientError", () => {});
  }

  /** Binds the port; rejects where that fails. */
  open(port: number, backlog: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.#planned.hostname, port, backlog }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  get address(): string {
    const { address, port } = this.#server.address() as { address: string; port: number };
    return formatAddress(address, port);
  }

  async accept(): Promise<Connection | null> {
    while (this.#waiting.length === 0 && !this.#closed) await new Promise<void>((wake) => this.#wake = wake);
    return this.#closed ? null : this.#waiting.shift()!;
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
    for (const connection of this.#waiting.splice(0)) connection.close();
    this.#wake?.();
  }

  #arrived(socket: TLSSocket, material: TlsMaterial): void {
    const connection = new NodeTlsConnection(socket);
    const hasCertificate = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
    const isTrusted = material.authClients === "no" || socket.authorized || !hasCertificate;
    if (this.#closed || !isTrusted || !isWanted(this.#planned, localHostOf(connection))) {
      connection.close();
      return;
    }
    this.#waiting.push(connection);
    this.#wake?.();
    this.#wake = null;
  }
}
