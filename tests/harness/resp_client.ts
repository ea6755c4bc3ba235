// A small RESP2/RESP3 client of our own for tests: values or raw bytes, pipelines, half commands, pushes. Used by every
// test that talks to a server process, Spork's or a real redis-server's.
import {
  type Argument,
  ByteSource,
  ConnectionClosedError,
  encodeCommands,
  latin1,
  Push,
  readReply,
  type Reply,
  ReplyError,
} from "./resp_reply.ts";

const REPLY_MILLISECONDS_MAX = 60_000;

export interface ConnectOptions {
  hostname?: string;
  port?: number;
  /** Unix socket; then host and port do not matter. */
  path?: string;
  /** TLS with these PEM certificates as the only roots. */
  tls?: { caCerts: string[]; cert?: string; key?: string };
  /** A reply that takes longer fails the call and closes the connection. Default 60 s. */
  replyMilliseconds?: number;
}

export class RespClient implements AsyncDisposable {
  /** Push messages (RESP3) in the order of their arrival; `takePush` waits for the next one. */
  readonly pushes: Push[] = [];
  readonly #connection: Deno.Conn;
  readonly #source: ByteSource;
  readonly #replyMilliseconds: number;
  #sending: Promise<void> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(connection: Deno.Conn, replyMilliseconds: number) {
    this.#connection = connection;
    this.#replyMilliseconds = replyMilliseconds;
    this.#source = new ByteSource((into) => connection.read(into));
  }

  static async connect(options: ConnectOptions): Promise<RespClient> {
    const { hostname = "127.0.0.1", port = 6379, path, tls, replyMilliseconds } = options;
    const connection = path
      ? await Deno.connect({ transport: "unix", path })
      : tls
      ? await Deno.connectTls({ hostname, port, ...tls } as Deno.ConnectTlsOptions)
      : await Deno.connect({ hostname, port });
    return new RespClient(connection, replyMilliseconds ?? REPLY_MILLISECONDS_MAX);
  }

  /** Sends one command and returns its reply; an error reply is thrown as ReplyError. */
  async call(...command: Argument[]): Promise<Reply> {
    const [reply] = await this.pipeline([command]);
    if (reply instanceof ReplyError) {
      throw new ReplyError(reply.message, { cause: `reply to ${describe(command)}` });
    }
    return reply;
  }

  /** Sends one command that must fail and returns the error's text (without the dash). */
  async error(...command: Argument[]): Promise<string> {
    const [reply] = await this.pipeline([command]);
    if (reply instanceof ReplyError) return reply.message;
    throw new Error(`expected an error reply to ${describe(command)}, got ${Deno.inspect(reply)}`);
  }

  /** Sends one command and returns the bytes of its reply, one character a byte. */
  async raw(...command: Argument[]): Promise<string> {
    return (await this.rawPipeline([command]))[0];
  }

  /** Sends all commands at once; the replies in order, error replies as ReplyError values. */
  async pipeline(commands: Argument[][]): Promise<Reply[]> {
    const sent = this.send(encodeCommands(commands));
    const replies = this.#inTurn(async () => {
      const taken: Reply[] = [];
      while (taken.length < commands.length) taken.push(await this.#nextReply());
      return taken;
    });
    return (await Promise.all([replies, sent]))[0];
  }

  /** Like `pipeline`, each reply as its bytes. */
  async rawPipeline(commands: Argument[][]): Promise<string[]> {
    const sent = this.send(encodeCommands(commands));
    const replies = this.#inTurn(async () => {
      const taken: string[] = [];
      while (taken.length < commands.length) taken.push(await this.#nextRawReply());
      return taken;
    });
    return (await Promise.all([replies, sent]))[0];
  }

  /** Sends bytes as they are (text as UTF-8): inline commands, broken protocol, half commands. */
  send(bytes: Uint8Array | string): Promise<void> {
    const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.#sending = this.#sending.then(async () => {
      for (let sent = 0; sent < all.length;) sent += await this.#connection.write(all.subarray(sent));
    });
    return this.#sending;
  }

  /** The next reply that is no push message. */
  reply(): Promise<Reply> {
    return this.#inTurn(() => this.#nextReply());
  }

  /** The bytes of the next reply or push message, one character a byte. */
  rawReply(): Promise<string> {
    return this.#inTurn(() => this.#nextRawReply());
  }

  /** The next push message: one that came with earlier replies, or else the next on the wire. */
  async takePush(): Promise<Push> {
    const early = this.pushes.shift();
    if (early) return early;
    const reply = await this.#inTurn(() => readReply(this.#source));
    if (reply instanceof Push) return reply;
    throw new Error(`expected a push message, got ${Deno.inspect(reply)}`);
  }

  /** What the server still sends until it closes the connection, one character a byte. */
  untilClosed(): Promise<string> {
    return this.#inTurn(async () => latin1(await this.#source.rest()));
  }

  close(): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async #nextReply(): Promise<Reply> {
    while (true) {
      const reply = await readReply(this.#source);
      if (!(reply instanceof Push)) return reply;
      this.pushes.push(reply);
    }
  }

  #nextRawReply(): Promise<string> {
    return this.#source.record(() => readReply(this.#source));
  }

  /** Replies are taken in the order in which they were asked for, each with a time limit. */
  #inTurn<T>(take: () => Promise<T>): Promise<T> {
    const taken = this.#reading.then(() => this.#limited(take));
    this.#reading = taken.catch(() => {});
    return taken;
  }

  async #limited<T>(take: () => Promise<T>): Promise<T> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.close();
    }, this.#replyMilliseconds);
    try {
      return await take();
    } catch (error) {
      if (late) throw new Error(`no reply within ${this.#replyMilliseconds} ms`, { cause: error });
      if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
        throw new ConnectionClosedError(`the server closed the connection: ${error.message}`, {
          cause: error,
        });
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function describe(command: Argument[]): string {
  const words = command.map((word) => word instanceof Uint8Array ? `<${word.length} bytes>` : String(word));
  const text = words.join(" ");
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
