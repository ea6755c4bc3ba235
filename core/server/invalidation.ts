// The message that tells a client to drop keys from its cache: a push under RESP3; under RESP2 one of pub/sub, for a client
// that other clients redirect theirs to.
import { latin1Bytes } from "../bytes/ascii.ts";
import type { Sendable } from "./pubsub.ts";

const CHANNEL = "__redis__:invalidate";
const PUSH_HEAD = ">2\r\n$10\r\ninvalidate\r\n";
const MESSAGE_HEAD = `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n`;

export class Invalidation implements Sendable {
  #resp2: Uint8Array | null = null;
  #resp3: Uint8Array | null = null;

  /** For these keys (latin1); null: for all. */
  constructor(private readonly keys: readonly string[] | null) {}

  bytesFor(protocol: number): Uint8Array {
    if (protocol === 2) return this.#resp2 ??= latin1Bytes(MESSAGE_HEAD + encodeKeys(this.keys, "$-1\r\n"));
    return this.#resp3 ??= latin1Bytes(PUSH_HEAD + encodeKeys(this.keys, "_\r\n"));
  }
}

/** Tells a client under RESP3 that the one which was to get its messages is gone. */
export class RedirectBroken implements Sendable {
  constructor(private readonly redirect: number) {}

  bytesFor(_protocol: number): Uint8Array {
    return latin1Bytes(`>2\r\n$21\r\ntracking-redir-broken\r\n:${this.redirect}\r\n`);
  }
}

function encodeKeys(keys: readonly string[] | null, none: string): string {
  if (keys === null) return none;
  let text = `*${keys.length}\r\n`;
  for (const key of keys) text += `$${key.length}\r\n${key}\r\n`;
  return text;
}
