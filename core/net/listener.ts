// Places where connections arrive: one type over tcp, tls and unix sockets. Opened by listen_*.ts, served by Acceptor.
import type { Connection, TransportKind } from "./connection.ts";

export interface Listener {
  readonly kind: TransportKind;
  /** `ip:port` with the port that was really bound, or the unix socket's path. */
  readonly address: string;
  /** The next connection; null once the listener is closed. Rejects on errors that may pass (no descriptors left). */
  accept(): Promise<Connection | null>;
  close(): void;
}

/** Listening failed; the message is what the log and the console show. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** What happened beside opening the listeners: warnings for the log. */
export interface Opened {
  listeners: Listener[];
  warnings: string[];
}
