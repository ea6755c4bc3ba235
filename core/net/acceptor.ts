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
  readonly #listeners = new Set<Listener>();
  readonly #loops = new Set<Promise<void>>();

  constructor(host: AcceptHost) {
    this.#host = host;
  }

  /** The listeners being served. */
  get listeners(): Listener[] {
    return [...this.#listeners];
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    const loop = this.#serve(listener);
    this.#loops.add(loop);
    loop.finally(() => this.#loops.delete(loop));
  }

  /** Stops listening there; connections it gave stay. */
  remove(listener: Listener): void {
    if (this.#listeners.delete(listener)) listener.close();
  }

  /** Stops listening everywhere; resolves when no accept is under way any more, so that ports are free. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    await Promise.all(this.#loops);
  }

  async #serve(listener: Listener): Promise<void> {
    while (this.#listeners.has(listener)) {
      let connection;
      try {
        connection = await listener.accept();
      } catch (error) {
        this.#host.log.warning(`Accepting client connection: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
        continue;
      }
      if (connection === null) return;
      if (this.#listeners.has(listener)) this.#consider(connection);
      else connection.close();
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
