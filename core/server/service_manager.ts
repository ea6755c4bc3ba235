// Tells a service manager how far the server is (`supervised`): systemd's notification protocol, one datagram a state to
// the socket that NOTIFY_SOCKET names. The server calls it when it is ready and when it ends.
import { errorText } from "../log/error_text.ts";
import type { Logger } from "../log/logger.ts";

export type Supervision = "no" | "auto" | "systemd";

/** Sends a text to a unix datagram socket; rejects where that is impossible. */
export type SendDatagram = (path: string, text: string) => Promise<void>;

export class ServiceManager {
  /** Where states go; empty where nobody wants them. */
  readonly #socket: string;

  constructor(
    supervision: Supervision,
    private readonly log: Logger,
    environment: (name: string) => string | undefined = (name) => Deno.env.get(name),
    private readonly send: SendDatagram = sendDatagram,
  ) {
    const socket = environment("NOTIFY_SOCKET") ?? "";
    const wanted = supervision === "systemd" || (supervision === "auto" && socket !== "");
    this.#socket = wanted ? socket : "";
    if (wanted && socket === "") {
      log.warning("systemd supervision requested or auto-detected, but NOTIFY_SOCKET is not set");
    } else if (wanted) {
      log.notice(
        "supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.",
      );
    }
  }

  ready(): Promise<void> {
    return this.#notify("STATUS=Ready to accept connections\nREADY=1\n");
  }

  stopping(): Promise<void> {
    return this.#notify("STATUS=Saving and shutting down\nSTOPPING=1\n");
  }

  /** Never rejects: a deaf manager is no reason not to run. */
  async #notify(states: string): Promise<void> {
    if (this.#socket === "") return;
    if (this.#socket.startsWith("@")) {
      this.log.warning("Can't notify systemd: the runtime can't send to abstract sockets");
      return;
    }
    try {
      await this.send(this.#socket, states);
    } catch (error) {
      const reason = errorText(error);
      this.log.warning(`Can't send notification to systemd: ${reason}`);
    }
  }
}

/** The runtime sends datagrams from a bound socket only: a short-lived one in a private folder. */
async function sendDatagram(path: string, text: string): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "spork-notify-" });
  try {
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/s` });
    try {
      await socket.send(new TextEncoder().encode(text), { transport: "unixpacket", path });
    } finally {
      socket.close();
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
