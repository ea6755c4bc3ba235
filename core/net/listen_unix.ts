// The unix socket of `unixsocket` and `unixsocketperm`.
import type { Connection } from "./connection.ts";
import { DenoConnection } from "./deno_connection.ts";
import { acceptFrom } from "./listen_tcp.ts";
import { type Listener, ListenError, type Opened } from "./listener.ts";

export interface UnixOptions {
  /** "" = none. */
  path: string;
  /** Mode of the socket file; 0 = leave it as the system makes it. */
  permissions: number;
}

/** Takes the place of a socket file that an earlier server left behind. Throws ListenError. */
export function listenUnix(options: UnixOptions): Opened {
  if (options.path === "") return { listeners: [], warnings: [] };
  try {
    removeStaleSocket(options.path);
    const listener = new UnixListener(options.path);
    if (options.permissions !== 0) Deno.chmodSync(options.path, options.permissions);
    return { listeners: [listener], warnings: [] };
  } catch (error) {
    const reason = (error as Error).message;
    throw new ListenError(`Failed opening Unix socket: ${options.path}: ${reason}`);
  }
}

/** Removes sockets only: a path that names something else by mistake keeps its file, and listening fails. */
function removeStaleSocket(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

class UnixListener implements Listener {
  readonly kind = "unix";
  readonly address: string;
  readonly #listener: Deno.UnixListener;

  constructor(path: string) {
    this.address = path;
    this.#listener = Deno.listen({ transport: "unix", path });
  }

  async accept(): Promise<Connection | null> {
    const socket = await acceptFrom(this.#listener);
    return socket === null ? null : new DenoConnection(socket, "unix", this.address);
  }

  close(): void {
    this.#listener.close();
  }
}
