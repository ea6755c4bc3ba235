// The doors of the server: opens tcp, TLS and unix listeners as configured, makes clients of what comes through, and
// opens other doors when CONFIG SET says so.
import { Acceptor, type AcceptHost } from "../net/acceptor.ts";
import { Client } from "../net/client.ts";
import type { Connection } from "../net/connection.ts";
import { type Listener, ListenError, type Opened } from "../net/listener.ts";
import { listenTcp } from "../net/listen_tcp.ts";
import { listenTls } from "../net/listen_tls.ts";
import { listenUnix } from "../net/listen_unix.ts";
import type { TlsSettings } from "../net/tls_settings.ts";
import type { Logger } from "../log/logger.ts";
import type { Server } from "./server.ts";
import type { ServerStats } from "./server_stats.ts";

export class Gateway implements AcceptHost {
  private readonly acceptor: Acceptor;
  private opened: Listener[] = [];

  constructor(private readonly server: Server) {
    this.acceptor = new Acceptor(this);
    server.config.onChange(["bind", "port"], () => this.reopenTcp());
  }

  get log(): Logger {
    return this.server.log;
  }

  get counters(): ServerStats {
    return this.server.stats;
  }

  isFull(): boolean {
    return this.server.clients.count >= this.server.config.values.maxclients;
  }

  refusesRemote(): boolean {
    return this.server.config.values.protectedMode && this.server.requiredPassword === null;
  }

  accepted(connection: Connection): void {
    const { clients } = this.server;
    const client = new Client({ id: clients.newId(), connection, host: this.server });
    clients.add(client);
    client.start();
  }

  /** Opens all doors. Rejects with a ListenError where one cannot be opened, or where there is none. */
  async open(): Promise<void> {
    const { values } = this.server.config;
    const path = values.unixsocket;
    this.take(this.openTcp());
    this.take(
      await listenTls({
        bind: values.bind,
        port: values.tlsPort,
        backlog: values.tcpBacklog,
        settings: this.tlsSettings(),
      }),
    );
    this.take(listenUnix({ path, permissions: values.unixsocketperm }));
    if (this.opened.length === 0) {
      throw new ListenError("Configured to not listen anywhere, exiting.");
    }
  }

  private openTcp(): Opened {
    const { values } = this.server.config;
    return listenTcp({
      bind: values.bind,
      port: values.port,
      backlog: values.tcpBacklog,
      keepAliveSeconds: values.tcpKeepalive,
    });
  }

  private take(opened: Opened): void {
    for (const warning of opened.warnings) this.server.log.warning(warning);
    this.opened.push(...opened.listeners);
  }

  private tlsSettings(): TlsSettings {
    const { values } = this.server.config;
    return {
      certFile: values.tlsCertFile,
      keyFile: values.tlsKeyFile,
      keyFilePassword: values.tlsKeyFilePass,
      caCertFile: values.tlsCaCertFile,
      caCertDirectory: values.tlsCaCertDir,
      authClients: values.tlsAuthClients,
      protocols: values.tlsProtocols,
      ciphers: values.tlsCiphers,
      cipherSuites: values.tlsCiphersuites,
      preferServerCiphers: values.tlsPreferServerCiphers,
      dhParamsFile: values.tlsDhParamsFile,
      sessionCaching: values.tlsSessionCaching,
    };
  }

  /** Lets clients in. */
  accept(): void {
    for (const listener of this.opened) this.acceptor.add(listener);
  }

  /** CONFIG SET bind or port: the old tcp doors close only when the new ones are open. */
  private reopenTcp(): string | void {
    const old = this.opened.filter((listener) => listener.kind === "tcp");
    // The same address cannot be bound twice, so the old ones make way and come back where that fails.
    for (const listener of old) this.acceptor.remove(listener);
    this.opened = this.opened.filter((listener) => listener.kind !== "tcp");
    try {
      const opened = this.openTcp();
      this.take(opened);
      for (const listener of opened.listeners) this.acceptor.add(listener);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.server.log.warning(error.message);
      return "Unable to listen on this address and port";
    }
  }

  /** Tells the log, in the words that supervisors and test suites wait for. */
  announce(): void {
    for (const kind of new Set(this.opened.map((listener) => listener.kind))) {
      this.server.log.notice(`Ready to accept connections ${kind}`);
    }
  }

  /** One text for each listener, as INFO server prints them. */
  descriptions(): string[] {
    return this.opened.map((listener) => {
      const at = listener.address.lastIndexOf(":");
      if (listener.kind === "unix") return `name=unix,bind=${listener.address}`;
      return `name=${listener.kind},bind=${listener.address.slice(0, at)},port=${listener.address.slice(at + 1)}`;
    });
  }

  async close(): Promise<void> {
    await this.acceptor.close();
    this.opened = [];
  }
}
