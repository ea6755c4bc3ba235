// A connection that this server opens to another one: commands out, one-line replies in, a time limit for every step.
// The migrator uses it.
import { errorText } from "../log/error_text.ts";

export type PeerStep = "connect" | "write" | "read";

/** A step failed or took too long. */
export class PeerError extends Error {
  override name = "PeerError";
  constructor(readonly step: PeerStep, readonly timedOut: boolean, reason: string) {
    super(`${step}: ${reason}`);
  }
}

export interface PeerConnection {
  /** Sends commands, each an array of words. Rejects with a PeerError. */
  send(commands: readonly (readonly Uint8Array[])[], timeoutMs: number): Promise<void>;
  /** The next line without its end: a status, an error (with its `-`), an integer. Rejects with a PeerError. */
  line(timeoutMs: number): Promise<string>;
  close(): void;
}

const CHUNK_BYTES = 64 * 1024;
/** A reply of one line that is longer is no reply. */
const LINE_BYTES_MAX = 64 * 1024;
const encoder = new TextEncoder();

export async function connectPeer(host: string, port: number, timeoutMs: number): Promise<PeerConnection> {
  const connecting = Deno.connect({ hostname: host, port });
  // One that comes too late is closed.
  const abandon = () => void connecting.then((late) => late.close(), () => {});
  const socket = await within("connect", timeoutMs, connecting, abandon);
  socket.setNoDelay(true);
  return new SocketPeer(socket);
}

class SocketPeer implements PeerConnection {
  readonly #socket: Deno.TcpConn;
  #rest = "";
  #closed = false;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  async send(commands: readonly (readonly Uint8Array[])[], timeoutMs: number): Promise<void> {
    let pending = new Uint8Array(CHUNK_BYTES);
    let used = 0;
    const flush = async () => {
      let written = 0;
      while (written < used) {
        written += await within(
          "write",
          timeoutMs,
          this.#socket.write(pending.subarray(written, used)),
          () => this.close(),
        );
      }
      used = 0;
    };
    const put = async (bytes: Uint8Array) => {
      if (used + bytes.length > pending.length) await flush();
      if (bytes.length > pending.length) pending = new Uint8Array(bytes.length);
      pending.set(bytes, used);
      used += bytes.length;
    };
    for (const words of commands) {
      await put(encoder.encode(`*${words.length}\r\n`));
      for (const word of words) {
        await put(encoder.encode(`$${word.length}\r\n`));
        await put(word);
        await put(encoder.encode("\r\n"));
      }
    }
    await flush();
  }

  async line(timeoutMs: number): Promise<string> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const end = this.#rest.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        return line;
      }
      if (this.#rest.length > LINE_BYTES_MAX) throw new PeerError("read", false, "a line without end");
      const count = await within("read", timeoutMs, this.#socket.read(chunk), () => this.close());
      if (count === null) throw new PeerError("read", false, "the other side closed the connection");
      for (let i = 0; i < count; i++) this.#rest += String.fromCharCode(chunk[i]);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

/** What `work` gives, or a PeerError where it fails or takes longer; then `abandon` makes it end. */
async function within<T>(
  step: PeerStep,
  timeoutMs: number,
  work: Promise<T>,
  abandon: () => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PeerError(step, true, `no end after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    work.catch(() => {});
    if (error instanceof PeerError) {
      abandon();
      throw error;
    }
    throw new PeerError(step, false, errorText(error));
  } finally {
    clearTimeout(timer);
  }
}
