// The tcp listeners of a running server, and how CONFIG SET bind and port exchange them: what stays is not touched, what is
// new is opened before anything is closed, and where that fails everything stays as it was.
import type { Logger } from "../log/logger.ts";
import type { Acceptor } from "./acceptor.ts";
import { type PlannedSocket, planSockets } from "./bind_plan.ts";
import {
  considerFailure,
  listenTcp,
  openTcpSocket,
  type TcpListener,
  type TcpOptions,
} from "./listen_tcp.ts";
import { ListenError, type Opened } from "./listener.ts";

export class TcpDoors {
  readonly #acceptor: Acceptor;
  readonly #log: Logger;
  #options: TcpOptions | null = null;
  #listeners: TcpListener[] = [];
  #accepting = false;
  /** An exchange that had to wait for ports to come free. */
  #exchange: Promise<void> = Promise.resolve();

  constructor(acceptor: Acceptor, log: Logger) {
    this.#acceptor = acceptor;
    this.#log = log;
  }

  get listeners(): readonly TcpListener[] {
    return this.#listeners;
  }

  /** The port that the options in force name; 0 = none. */
  get port(): number {
    return this.#options?.port ?? 0;
  }

  /** Opens the first doors. Throws ListenError. */
  open(options: TcpOptions): void {
    const opened = listenTcp(options);
    this.#warn(opened);
    this.#options = options;
    this.#listeners = opened.listeners as TcpListener[];
  }

  /** Begins to let clients in. */
  accept(): void {
    this.#accepting = true;
    for (const listener of this.#listeners) this.#acceptor.add(listener);
  }

  /**
   * Exchanges doors while the server runs. Throws ListenError, with nothing changed, where a new one cannot be opened.
   * Where new and old claim the same address (a wildcard and one of its addresses), the old one has to go first: then the
   * new ones open a moment after this returns; `settled()` waits for it.
   */
  change(options: TcpOptions): void {
    const planned = options.port === 0 ? [] : planSockets(options.bind);
    const kept = this.#listeners.filter((listener) =>
      planned.some((each) => isSame(listener, each, options.port))
    );
    const missing = planned.filter((each) => !kept.some((listener) => isSame(listener, each, options.port)));
    const opened = this.#openMissing(missing, options);
    if (opened === null) {
      this.#exchange = this.#exchange.then(() => this.#exchangeLater(options));
      return;
    }
    for (const listener of kept) {
      listener.planned = planned.find((each) => isSame(listener, each, options.port))!;
    }
    this.#install([...kept, ...opened], options);
  }

  /** Resolves when no exchange of doors is under way. */
  settled(): Promise<void> {
    return this.#exchange;
  }

  /** Opens what is missing; null where an old door stands in the way. */
  #openMissing(missing: PlannedSocket[], options: TcpOptions): TcpListener[] | null {
    const opened: Opened = { listeners: [], warnings: [] };
    const queue = [...missing];
    while (queue.length > 0) {
      const planned = queue.shift()!;
      try {
        opened.listeners.push(openTcpSocket(planned, options));
      } catch (error) {
        if (error instanceof Deno.errors.AddrInUse && this.#options?.port === options.port) {
          for (const listener of opened.listeners) listener.close();
          return null;
        }
        considerFailure(error, planned, "tcp", options.port, queue, opened);
      }
    }
    this.#warn(opened);
    return opened.listeners as TcpListener[];
  }

  #install(listeners: TcpListener[], options: TcpOptions): void {
    for (const old of this.#listeners) if (!listeners.includes(old)) void this.#acceptor.remove(old);
    if (this.#accepting) {
      for (const listener of listeners) if (!this.#listeners.includes(listener)) this.#acceptor.add(listener);
    }
    this.#listeners = listeners;
    this.#options = options;
  }

  async #exchangeLater(options: TcpOptions): Promise<void> {
    const before = this.#options!;
    await Promise.all(this.#listeners.map((listener) => this.#acceptor.remove(listener)));
    this.#listeners = [];
    for (const attempt of [options, before]) {
      try {
        const opened = listenTcp(attempt);
        this.#warn(opened);
        this.#install(opened.listeners as TcpListener[], attempt);
        return;
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        this.#log.warning(error.message);
      }
    }
  }

  #warn(opened: Opened): void {
    for (const warning of opened.warnings) this.#log.warning(warning);
  }
}

function isSame(listener: TcpListener, planned: PlannedSocket, port: number): boolean {
  return listener.planned.hostname === planned.hostname && listener.port === port;
}
