// TCP listeners for the addresses of `bind`, and the way to open one socket for each of them, which TLS shares.
import { isWanted, localHostOf, type PlannedSocket, planSockets } from "./bind_plan.ts";
import { type Connection, formatAddress } from "./connection.ts";
import { DenoConnection } from "./deno_connection.ts";
import { type Listener, ListenError, type Opened } from "./listener.ts";

export interface TcpOptions {
  /** Addresses as in `bind`: `*`, `::*`, literal addresses, names; `-` before one makes it optional. */
  bind: readonly string[];
  /** 0 = not at all. */
  port: number;
  /** tcp-backlog */
  backlog: number;
  /** tcp-keepalive, seconds; 0 = off. Deno switches keep-alive on or off only: the interval is the system's. */
  keepAliveSeconds: number;
}

/** Opens all or none. Throws ListenError. */
export function listenTcp(options: TcpOptions): Opened {
  return openPlanned("tcp", options, (planned) => new TcpListener(planned, options));
}

/** One socket. Throws what the system says. */
export function openTcpSocket(planned: PlannedSocket, options: TcpOptions): TcpListener {
  return new TcpListener(planned, options);
}

/** Opens one listener for each planned socket; where one fails that is not optional, closes all and throws ListenError. */
export function openPlanned(
  transport: "tcp" | "tls",
  options: { bind: readonly string[]; port: number },
  open: (planned: PlannedSocket) => Listener,
): Opened {
  const opened: Opened = { listeners: [], warnings: [] };
  if (options.port === 0) return opened;
  const queue = planSockets(options.bind);
  while (queue.length > 0) {
    const planned = queue.shift()!;
    try {
      opened.listeners.push(open(planned));
    } catch (error) {
      considerFailure(error, planned, transport, options.port, queue, opened);
    }
  }
  return opened;
}

/**
 * Decides what the failure to open one socket means: its fallback is queued, or it is skipped with a warning, or
 * everything opened so far is closed and ListenError is thrown.
 */
export function considerFailure(
  error: unknown,
  planned: PlannedSocket,
  transport: "tcp" | "tls",
  port: number,
  queue: PlannedSocket[],
  opened: Opened,
): void {
  const code = (error as { code?: string }).code ?? "";
  const hasNoFamily = NO_FAMILY_CODES.includes(code);
  if (planned.fallback !== null && (hasNoFamily || code === "EADDRNOTAVAIL")) {
    queue.unshift(planned.fallback);
    return;
  }
  const reason = (error as Error).message.replace(/ \(os error \d+\)$/, "");
  const warning =
    `Warning: Could not create server TCP listening socket ${planned.name}:${port}: bind: ${reason}`;
  opened.warnings.push(warning);
  if (hasNoFamily || (planned.optional && code === "EADDRNOTAVAIL")) return;
  for (const listener of opened.listeners) listener.close();
  throw new ListenError(`${warning}\nFailed listening on port ${port} (${transport}), aborting.`);
}

/** The machine does not know the address family: it has no IPv6. */
const NO_FAMILY_CODES = ["EAFNOSUPPORT", "EPROTONOSUPPORT", "EPFNOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT"];

export class TcpListener implements Listener {
  readonly kind = "tcp";
  /** Which peers are wanted may change while the socket stays. */
  planned: PlannedSocket;
  readonly #listener: Deno.TcpListener;
  readonly #keepAlive: boolean;

  constructor(planned: PlannedSocket, options: TcpOptions) {
    const { port, backlog } = options;
    // Deno takes the backlog, though its published types do not say so.
    const listen: Deno.TcpListenOptions & { tcpBacklog: number } = {
      hostname: planned.hostname,
      port,
      tcpBacklog: backlog,
    };
    this.#listener = Deno.listen(listen);
    this.planned = planned;
    this.#keepAlive = options.keepAliveSeconds > 0;
  }

  get address(): string {
    return formatAddress(this.#listener.addr.hostname, this.port);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async accept(): Promise<Connection | null> {
    for (;;) {
      const socket = await acceptFrom(this.#listener);
      if (socket === null) return null;
      const connection = new DenoConnection(socket, "tcp", "");
      if (isWanted(this.planned, localHostOf(connection)) && this.#prepare(socket)) return connection;
      connection.close();
    }
  }

  close(): void {
    this.#listener.close();
  }

  /** False where the peer is gone already. */
  #prepare(socket: Deno.TcpConn): boolean {
    try {
      socket.setNoDelay(true);
      if (this.#keepAlive) socket.setKeepAlive(true);
      return true;
    } catch {
      return false;
    }
  }
}

/** The next socket, or null once the listener is closed. */
export async function acceptFrom<T extends Deno.Conn>(listener: Deno.Listener<T>): Promise<T | null> {
  try {
    return await listener.accept();
  } catch (error) {
    if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return null;
    throw error;
  }
}
