// The doors of the server: opens tcp, TLS and unix listeners as configured, makes clients of what comes through, and
// opens other doors when CONFIG SET says so.
import { type AcceptHost, Acceptor } from "../net/acceptor.ts";
import { Client } from "../net/client.ts";
import type { Connection } from "../net/connection.ts";
import { type Listener, ListenError, type Opened } from "../net/listener.ts";
import type { TcpOptions } from "../net/listen_tcp.ts";
import { listenTls } from "../net/listen_tls.ts";
import { listenUnix } from "../net/listen_unix.ts";
import { TcpDoors } from "../net/tcp_doors.ts";
import type { TlsSettings } from "../net/tls_settings.ts";
import type { Logger } from "../log/logger.ts";
import type { Server } from "./server.ts";
import type { ServerStats } from "./server_stats.ts";

export class Gateway implements AcceptHost {
  private readonly acceptor: Acceptor;
  private readonly tcp: TcpDoors;
  /** TLS and unix listeners. */
  private others: Listener[] = [];

  constructor(private readonly server: Server) {
    this.acceptor = new Acceptor(this);
    this.tcp = new TcpDoors(this.acceptor, server.log);
    server.config.onChange(["bind", "port"], () => this.changeTcp());
  }

  private get opened(): Listener[] {
    return [...this.tcp.listeners, ...this.others];
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
    const { clients, shutdown } = this.server;
    if (shutdown.ending) {
      connection.close();
      return;
    }
    const client = new Client({ id: clients.newId(), connection, host: this.server });
    clients.add(client);
    client.start();
  }

  /** Opens all doors. Rejects with a ListenError where one cannot be opened, or where there is none. */
  async open(): Promise<void> {
    const { values } = this.server.config;
    const path = values.unixsocket;
    this.tcp.open(this.tcpOptions());
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

  private tcpOptions(): TcpOptions {
    const { values } = this.server.config;
    return {
      bind: values.bind,
      port: values.port,
      backlog: values.tcpBacklog,
      keepAliveSeconds: values.tcpKeepalive,
    };
  }

  private take(opened: Opened): void {
    for (const warning of opened.warnings) this.server.log.warning(warning);
    this.others.push(...opened.listeners);
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
    this.tcp.accept();
    for (const listener of this.others) this.acceptor.add(listener);
  }

  /** CONFIG SET bind or port. Where the new doors cannot be opened, the old ones have stayed. */
  private changeTcp(): string | void {
    const { bind, port } = this.server.config.values;
    const movesPort = this.tcp.port !== port;
    try {
      this.tcp.change(this.tcpOptions());
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.server.log.warning(error.message);
      if (movesPort) return "Unable to listen on this port. Check server logs.";
      return "Failed to bind to specified addresses.";
    }
    this.server.log.notice(`Listening on port ${port} of ${bind.join(" ")}`);
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
      return `name=${listener.kind},bind=${listener.address.slice(0, at)},port=${
        listener.address.slice(at + 1)
      }`;
    });
  }

  async close(): Promise<void> {
    await this.acceptor.close();
    this.others = [];
  }
}
