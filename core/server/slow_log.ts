// A log of the latest commands that were slow, or large: what SLOWLOG and COMMANDLOG tell, newest first.
import type { Arguments } from "../protocol/arguments.ts";

const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;

export interface SlowLogEntry {
  id: number;
  /** Seconds since 1970. */
  time: number;
  /** Microseconds, or bytes. */
  value: number;
  /** At most 32, each at most 128 bytes with a note of what was cut. */
  arguments: Uint8Array[];
  peer: string;
  clientName: string;
}

export class SlowLog {
  private entries: SlowLogEntry[] = [];
  private nextId = 0;

  get length(): number {
    return this.entries.length;
  }

  add(
    args: Arguments,
    value: number,
    time: number,
    client: { peer: string; name: string },
    lengthMax: number,
  ): void {
    if (lengthMax <= 0) {
      this.entries = [];
      return;
    }
    this.entries.unshift({
      id: this.nextId++,
      time,
      value: Math.round(value),
      arguments: trimmed(args),
      peer: client.peer,
      clientName: client.name,
    });
    if (this.entries.length > lengthMax) this.entries.length = lengthMax;
  }

  /** The newest `count` entries; -1 = all. */
  latest(count: number): readonly SlowLogEntry[] {
    return count < 0 ? this.entries : this.entries.slice(0, count);
  }

  reset(): void {
    this.entries = [];
  }
}

function trimmed(args: Arguments): Uint8Array[] {
  const result: Uint8Array[] = [];
  const encoder = new TextEncoder();
  const shown = Math.min(args.count, ARGUMENTS_MAX);
  for (let i = 0; i < shown; i++) {
    if (i === ARGUMENTS_MAX - 1 && args.count > ARGUMENTS_MAX) {
      result.push(encoder.encode(`... (${args.count - ARGUMENTS_MAX + 1} more arguments)`));
      break;
    }
    const length = args.length(i);
    if (length <= ARGUMENT_BYTES_MAX) {
      result.push(args.bytes(i));
      continue;
    }
    const start = args.starts[i];
    const head = args.buffer.slice(start, start + ARGUMENT_BYTES_MAX);
    const tail = encoder.encode(`... (${length - ARGUMENT_BYTES_MAX} more bytes)`);
    const cut = new Uint8Array(head.length + tail.length);
    cut.set(head);
    cut.set(tail, head.length);
    result.push(cut);
  }
  return result;
}
