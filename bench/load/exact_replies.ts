// Load for commands that redis-benchmark cannot make: batches over several connections, each batch answered before the
// next is sent. Every command's reply has a known length, so the replies are counted, not parsed: little work for the
// generator. Called by the scenarios of streams and ranges.

export interface ExactLoad {
  port: number;
  connections: number;
  /** Batches that each connection sends. */
  batches: number;
  /** The bytes of a batch of this connection; valid until its next call. */
  batch: (connection: number) => Uint8Array<ArrayBuffer>;
  /** Bytes of the replies to one batch. */
  replyBytes: number;
}

/** Seconds that it took. Throws where a reply is an error or has another length. */
export async function exactReplies(load: ExactLoad): Promise<number> {
  const connections = await Promise.all(
    Array.from({ length: load.connections }, () => Deno.connect({ hostname: "127.0.0.1", port: load.port })),
  );
  try {
    const start = performance.now();
    await Promise.all(connections.map((connection, index) => runOne(connection, index, load)));
    return (performance.now() - start) / 1000;
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function runOne(connection: Deno.TcpConn, index: number, load: ExactLoad): Promise<void> {
  connection.setNoDelay(true);
  const buffer = new Uint8Array(1 << 16);
  for (let batch = 0; batch < load.batches; batch++) {
    const bytes = load.batch(index);
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    let received = 0;
    while (received < load.replyBytes) {
      const length = await connection.read(buffer);
      if (length === null) throw new Error("the server closed the connection");
      // An error, or null: nothing more would come.
      if (received === 0 && (buffer[0] === 45 || buffer[1] === 45)) throw unexpected(buffer, length);
      received += length;
    }
    if (received !== load.replyBytes) throw unexpected(buffer, Math.min(200, buffer.length));
  }
}

function unexpected(buffer: Uint8Array, length: number): Error {
  return new Error(`an unexpected reply: ${new TextDecoder().decode(buffer.subarray(0, length))}`);
}

/** Bytes of a command as clients send it. */
export function commandText(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
