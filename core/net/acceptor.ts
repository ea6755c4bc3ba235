// Takes connections from listeners and turns away those the server does not want: too many, or from elsewhere in
// protected mode. What remains goes to core/server, which makes a Client of it.
import type { Logger } from "../log/logger.ts";
import * as errors from "../protocol/errors.ts";
import type { Connection } from "./connection.ts";
import type { Listener } from "./listener.ts";

export interface AcceptHost {
  readonly log: Logger;
  readonly counters: { connections: number; rejectedConnections: number };
  /** `maxclients` clients are connected. */
  isFull(): boolean;
  /** protected-mode is on and the default user has no password. */
  refusesRemote(): boolean;
  /** Takes over the connection. */
  accepted(connection: Connection): void;
}

/** How long accepting rests after an error, milliseconds: the usual one is that no descriptor is left. */
const REST_MILLISECONDS = 100;

export class Acceptor {
  readonly #host: AcceptHost;
  readonly #loops = new Map<Listener, Promise<void>>();

  constructor(host: AcceptHost) {
    this.#host = host;
  }

  /** The listeners being served. */
  get listeners(): Listener[] {
    return [...this.#loops.keys()];
  }

  add(listener: Listener): void {
    // The loop asks whether it is still wanted only after its first await, so it finds itself in the map.
    this.#loops.set(listener, this.#serve(listener));
  }

  /** Stops listening there; connections it gave stay. Resolves when the port is free. */
  async remove(listener: Listener): Promise<void> {
    const loop = this.#loops.get(listener);
    if (loop === undefined) return;
    this.#loops.delete(listener);
    listener.close();
    await loop;
  }

  /** Stops listening everywhere; resolves when the ports are free. */
  async close(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => this.remove(listener)));
  }

  async #serve(listener: Listener): Promise<void> {
    for (;;) {
      let connection;
      try {
        connection = await listener.accept();
      } catch (error) {
        this.#host.log.warning(`Accepting client connection: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
        if (!this.#loops.has(listener)) return;
        continue;
      }
      if (connection === null) return;
      if (!this.#loops.has(listener)) {
        connection.close();
        return;
      }
      this.#consider(connection);
    }
  }

  #consider(connection: Connection): void {
    const { counters, log } = this.#host;
    if (this.#host.isFull()) {
      counters.rejectedConnections++;
      refuse(connection, errors.MAX_CLIENTS);
    } else if (!connection.isLocal && this.#host.refusesRemote()) {
      counters.rejectedConnections++;
      refuse(connection, errors.PROTECTED_MODE);
    } else {
      counters.connections++;
      log.verbose(`Accepted ${connection.remoteAddress}`);
      this.#host.accepted(connection);
    }
  }
}

/** Says why and hangs up, without waiting for a TLS handshake: that peer just sees the end. */
function refuse(connection: Connection, text: string): void {
  if (connection.kind === "tls") {
    connection.close();
    return;
  }
  const done = () => connection.close();
  connection.write(new TextEncoder().encode(`-${text}\r\n`)).then(done, done);
}
