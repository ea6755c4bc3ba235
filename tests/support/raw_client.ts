// A RESP client for tests that keeps replies as the bytes on the wire (one latin1 string each), so that two servers can
// be compared byte for byte. Used by interop and property tests against Spork and against a real redis-server.

export type CommandArgument = string | Uint8Array;

const encoder = new TextEncoder();

export class RawClient {
  #connection: Deno.Conn;
  #pending = "";
  #buffer = new Uint8Array(1 << 16);

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends one command and returns its raw reply. */
  async call(...args: CommandArgument[]): Promise<string> {
    return (await this.pipeline([args]))[0];
  }

  /** Sends all commands at once and returns their raw replies in order. */
  async pipeline(commands: CommandArgument[][]): Promise<string[]> {
    const sending = this.#send(encodeCommands(commands));
    const replies: string[] = [];
    while (replies.length < commands.length) replies.push(await this.readReply());
    await sending;
    return replies;
  }

  /** The next reply or push message. */
  async readReply(): Promise<string> {
    let end = replyEnd(this.#pending, 0);
    while (end < 0) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error(`connection closed in the middle of a reply: ${this.#pending}`);
      this.#pending += latin1(this.#buffer.subarray(0, count));
      end = replyEnd(this.#pending, 0);
    }
    const reply = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end);
    return reply;
  }

  close(): void {
    this.#connection.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
  }
}

/** RESP bytes of commands; string arguments are sent as UTF-8. */
export function encodeCommands(commands: CommandArgument[][]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const command of commands) {
    parts.push(encoder.encode(`*${command.length}\r\n`));
    for (const argument of command) {
      const bytes = typeof argument === "string" ? encoder.encode(argument) : argument;
      parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
    }
  }
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Offset behind the reply that starts at `start`, or -1 when it is not complete. */
function replyEnd(text: string, start: number): number {
  const line = text.indexOf("\r\n", start);
  if (line < 0) return -1;
  const length = Number(text.slice(start + 1, line));
  switch (text[start]) {
    case "$":
    case "=":
    case "!": {
      const end = length < 0 ? line + 2 : line + 4 + length;
      return end <= text.length ? end : -1;
    }
    case "*":
    case "~":
    case ">":
      return elementsEnd(text, line + 2, length);
    case "%":
      return elementsEnd(text, line + 2, length * 2);
    default:
      return line + 2;
  }
}

function elementsEnd(text: string, start: number, count: number): number {
  let at = start;
  for (let element = 0; element < count && at >= 0; element++) at = replyEnd(text, at);
  return at;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += 4096) {
    text += String.fromCharCode(...bytes.subarray(from, from + 4096));
  }
  return text;
}
