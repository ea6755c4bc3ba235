// The doors of the server.
import { Client } from "../net/client.ts";
import { DenoConnection } from "../net/deno_connection.ts";
import type { Server } from "./server.ts";

export class Gateway {
  private listeners: Deno.Listener[] = [];

  constructor(private readonly server: Server) {}

  open(): Promise<void> {
    const { values } = this.server.config;
    this.listeners.push(Deno.listen({ hostname: "127.0.0.1", port: values.port }));
    return Promise.resolve();
  }

  accept(): void {
    for (const listener of this.listeners) void this.run(listener);
  }

  private async run(listener: Deno.Listener): Promise<void> {
    try {
      for await (const socket of listener) {
        if ("setNoDelay" in socket) (socket as Deno.TcpConn).setNoDelay(true);
        const { clients } = this.server;
        const client = new Client({
          id: clients.newId(),
          connection: new DenoConnection(socket, "tcp", ""),
          host: this.server,
        });
        this.server.stats.connections++;
        clients.add(client);
        client.start();
      }
    } catch {
      // closed
    }
  }

  announce(): void {
    this.server.log.notice("Ready to accept connections tcp");
  }

  descriptions(): string[] {
    return [];
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
  }
}
