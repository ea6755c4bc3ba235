// MONITOR: clients that are shown every command as it runs. The dispatcher feeds it behind each command, so that secrets
// which the handler has redacted stay out of it.
import type { Client } from "../net/client.ts";
import type { Arguments } from "../protocol/arguments.ts";

const PLUS = 0x2b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Control characters with a letter of their own. */
const LETTERS: Readonly<Record<number, string>> = { 7: "a", 8: "b", 9: "t", 10: "n", 13: "r" };
const HEX = "0123456789abcdef";

export class Monitors {
  readonly #clients = new Set<Client>();

  /** Whether anybody looks; asked once a command. */
  active = false;
  #keepsPlaces = false;
  /** Where the lines begin that were shown since the last `takeLines`; kept while lines may have to wait for the log. */
  #places = new Map<Client, number>();

  add(client: Client): void {
    client.isMonitor = true;
    this.#clients.add(client);
    this.active = true;
  }

  remove(client: Client): void {
    if (!client.isMonitor) return;
    client.isMonitor = false;
    this.#clients.delete(client);
    this.active = this.#clients.size > 0;
  }

  keepPlaces(on: boolean): void {
    this.#keepsPlaces = on;
    this.#places.clear();
  }

  /** Who was shown something since the last call, and the position in his output where it begins. */
  takeLines(): Map<Client, number> {
    const places = this.#places;
    this.#places = new Map();
    return places;
  }

  get hasLines(): boolean {
    return this.#places.size > 0;
  }

  /** Shows what `client` ran in database `db`. */
  feed(client: Client, db: number, args: Arguments): void {
    const line = monitorLine(Date.now(), performance.now(), db, client.peer, args);
    for (const monitor of this.#clients) {
      if (this.#keepsPlaces && !this.#places.has(monitor)) this.#places.set(monitor, monitor.output.end);
      monitor.reply.raw(line);
      monitor.scheduleFlush();
    }
  }
}

/**
 * The line that a monitor gets: `+seconds.micros [db peer] "word" "word"`, with C's escapes. `milliseconds` since 1970;
 * the microseconds below them are those of the monotonic `precise` clock (milliseconds).
 */
export function monitorLine(
  milliseconds: number,
  precise: number,
  db: number,
  peer: string,
  args: Arguments,
): Uint8Array {
  const micros = Math.floor(precise * 1000) % 1000;
  const fraction = String(milliseconds % 1000).padStart(3, "0") + String(micros).padStart(3, "0");
  const head = `${Math.floor(milliseconds / 1000)}.${fraction} [${db} ${
    peer.startsWith("/") ? "unix:" : ""
  }${peer}]`;
  const bytes: number[] = [PLUS];
  for (let i = 0; i < head.length; i++) bytes.push(head.charCodeAt(i) & 0xff);
  for (let i = 0; i < args.count; i++) {
    bytes.push(SPACE, QUOTE);
    for (let at = args.starts[i]; at < args.ends[i]; at++) pushEscaped(bytes, args.buffer[at]);
    bytes.push(QUOTE);
  }
  bytes.push(13, 10);
  return Uint8Array.from(bytes);
}

function pushEscaped(bytes: number[], byte: number): void {
  if (byte === QUOTE || byte === BACKSLASH) bytes.push(BACKSLASH, byte);
  else if (byte >= SPACE && byte < 0x7f) bytes.push(byte);
  else if (LETTERS[byte] !== undefined) bytes.push(BACKSLASH, LETTERS[byte].charCodeAt(0));
  else bytes.push(BACKSLASH, 0x78, HEX.charCodeAt(byte >> 4), HEX.charCodeAt(byte & 15));
}
