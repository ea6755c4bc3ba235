// The times that the log is annotated with (`aof-timestamp-enabled`): one line before the first bytes of each second.
const encoder = new TextEncoder();

export class Timestamps {
  private last = 0;

  /** The line that goes before bytes of this time, milliseconds; null where the second has one. */
  due(milliseconds: number): Uint8Array | null {
    const seconds = Math.floor(milliseconds / 1000);
    if (seconds <= this.last) return null;
    this.last = seconds;
    return encoder.encode(`#TS:${seconds}\r\n`);
  }

  /** Another file begins: it gets its own. */
  restart(): void {
    this.last = 0;
  }
}
