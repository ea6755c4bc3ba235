// RESP2 and RESP3 on the client's side, for tests: commands to bytes, bytes to values. Written apart from
// core/protocol on purpose, so that the two check each other. Used by resp_client.ts only.

/** A string is sent as UTF-8, bytes as they are. */
export type Argument = string | number | bigint | Uint8Array;

/** An error reply as a value: `message` is the text without the dash, `code` its first word. */
export class ReplyError extends Error {
  override name = "ReplyError";
  get code(): string {
    return this.message.split(" ", 1)[0];
  }
}

/** A RESP3 push message (`>`). */
export class Push {
  constructor(readonly items: Reply[]) {}
}

/**
 * A decoded reply. Strings that are valid UTF-8 are strings, other bytes stay a Uint8Array; integers beyond 2^53 are
 * bigint; null stands for all of RESP's nulls.
 */
export type Reply =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Push
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

export function encodeCommands(commands: Argument[][]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  // Text is gathered and encoded in one go; only arguments that are bytes interrupt it.
  let text = "";
  const flush = () => {
    if (text !== "") parts.push(encoder.encode(text));
    text = "";
  };
  for (const command of commands) {
    text += `*${command.length}\r\n`;
    for (const argument of command) {
      if (argument instanceof Uint8Array) {
        text += `$${argument.length}\r\n`;
        flush();
        parts.push(argument);
        text += "\r\n";
      } else {
        const word = String(argument);
        text += `$${utf8Length(word)}\r\n${word}\r\n`;
      }
    }
  }
  flush();
  return concatenate(parts);
}

function utf8Length(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 127) return encoder.encode(text).length;
  }
  return text.length;
}

export function concatenate(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** One character for each byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += 4096) {
    text += String.fromCharCode(...bytes.subarray(from, from + 4096));
  }
  return text;
}

/** Bytes of a connection, read when they are needed. `null` from `fill` means that the peer closed. */
export class ByteSource {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;
  #tape: string[] | null = null;

  constructor(private readonly read: (into: Uint8Array<ArrayBuffer>) => Promise<number | null>) {}

  /** Everything taken while `take` runs, one character a byte. */
  async record(take: () => Promise<unknown>): Promise<string> {
    this.#tape = [];
    await take();
    const text = this.#tape.join("");
    this.#tape = null;
    return text;
  }

  /** The bytes up to the next CRLF, without it, as latin1 text. */
  line(): string | Promise<string> {
    return this.#lineAtHand() ?? this.#longLine();
  }

  /** Without a wait, the common case: the line is short and all of it is here. */
  #lineAtHand(): string | undefined {
    const limit = Math.min(this.#end - 1, this.#start + 64);
    for (let at = this.#start; at < limit; at++) {
      if (this.#buffer[at] !== 13 || this.#buffer[at + 1] !== 10) continue;
      const text = String.fromCharCode(...this.#buffer.subarray(this.#start, at));
      this.#start = at + 2;
      this.#tape?.push(text, "\r\n");
      return text;
    }
    return undefined;
  }

  async #longLine(): Promise<string> {
    let from = this.#start;
    while (true) {
      const at = this.#buffer.subarray(0, this.#end).indexOf(13, from);
      if (at >= 0 && at + 1 < this.#end) {
        if (this.#buffer[at + 1] === 10) {
          const text = latin1(this.#buffer.subarray(this.#start, at));
          this.#start = at + 2;
          this.#tape?.push(text, "\r\n");
          return text;
        }
        from = at + 1;
        continue;
      }
      const known = this.#end - this.#start;
      await this.#fill();
      from = this.#start + Math.max(0, known - 1);
    }
  }

  /** Exactly `length` bytes (a copy). */
  async bytes(length: number): Promise<Uint8Array> {
    while (this.#end - this.#start < length) await this.#fill();
    const copy = this.#buffer.slice(this.#start, this.#start + length);
    this.#start += length;
    this.#tape?.push(latin1(copy));
    return copy;
  }

  /** Everything until the peer closes. */
  async rest(): Promise<Uint8Array> {
    try {
      while (true) await this.#fill();
    } catch (error) {
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
    const copy = this.#buffer.slice(this.#start, this.#end);
    this.#start = this.#end;
    return copy;
  }

  async #fill(): Promise<void> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const count = await this.read(this.#buffer.subarray(this.#end));
    if (count === null) {
      const left = latin1(this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + 200)));
      throw new ConnectionClosedError(`the server closed the connection; unread: ${JSON.stringify(left)}`);
    }
    this.#end += count;
  }
}

export class ConnectionClosedError extends Error {
  override name = "ConnectionClosedError";
}

/** Takes one complete reply off the source. */
export async function readReply(source: ByteSource): Promise<Reply> {
  const line = await source.line();
  const text = line.slice(1);
  switch (line[0]) {
    case "+":
      return utf8(text);
    case "-":
      return new ReplyError(utf8(text));
    case ":":
      return integer(text);
    case "$":
      return text === "-1" ? null : await readBulk(source, Number(text));
    case "!": {
      const message = await readBulk(source, Number(text));
      return new ReplyError(typeof message === "string" ? message : latin1(message as Uint8Array));
    }
    case "=": {
      const verbatim = await readBulk(source, Number(text));
      return typeof verbatim === "string" ? verbatim.slice(4) : verbatim;
    }
    case "_":
      return null;
    case "#":
      return text === "t";
    case ",":
      return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
    case "(":
      return BigInt(text);
    case "*":
      return text === "-1" ? null : await readMany(source, Number(text));
    case "~":
      return new Set(await readMany(source, Number(text)));
    case ">":
      return new Push(await readMany(source, Number(text)));
    case "%": {
      const flat = await readMany(source, Number(text) * 2);
      const map = new Map<Reply, Reply>();
      for (let at = 0; at < flat.length; at += 2) map.set(flat[at], flat[at + 1]);
      return map;
    }
    case "|":
      // Attributes say something about the reply that follows; nobody here wants to know.
      await readMany(source, Number(text) * 2);
      return await readReply(source);
    default:
      throw new Error(`not a RESP reply: ${JSON.stringify(line.slice(0, 200))}`);
  }
}

async function readMany(source: ByteSource, count: number): Promise<Reply[]> {
  const items: Reply[] = [];
  for (let index = 0; index < count; index++) items.push(await readReply(source));
  return items;
}

async function readBulk(source: ByteSource, length: number): Promise<string | Uint8Array> {
  const bytes = await source.bytes(length);
  const end = await source.bytes(2);
  if (end[0] !== 13 || end[1] !== 10) {
    throw new Error(`a bulk string of ${length} bytes does not end in CRLF`);
  }
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return bytes;
  }
}

function integer(text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`not an integer reply: ${JSON.stringify(text)}`);
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function utf8(latin1Text: string): string {
  const bytes = Uint8Array.from(latin1Text, (character) => character.charCodeAt(0));
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return latin1Text;
  }
}
