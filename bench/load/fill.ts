// Fills a server with keys 0 to n-1 over one pipelined connection, as fast as it takes them.
import { type CommandShape, CommandStream } from "./command_stream.ts";

const COMMANDS_PER_WRITE = 1000;

/**
 * Sends `count` commands of the shape with keys 0 to count-1 and waits for all replies, each of `linesPerReply` lines;
 * throws on an error reply.
 */
export async function fill(
  port: number,
  shape: CommandShape,
  count: number,
  linesPerReply = 1,
): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const stream = new CommandStream(shape);
    const answered = readLines(connection, count * linesPerReply);
    for (let sent = 0; sent < count;) {
      const batch = Math.min(COMMANDS_PER_WRITE, count - sent);
      const bytes = stream.commands(batch, (index) => sent + index);
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
      sent += batch;
    }
    await answered;
  } finally {
    connection.close();
  }
}

async function readLines(connection: Deno.Conn, count: number): Promise<void> {
  const buffer = new Uint8Array(1 << 16);
  let atLineStart = true;
  for (let lines = 0; lines < count;) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error("the server closed the connection while it was filled");
    for (let at = 0; at < length; at++) {
      if (atLineStart && buffer[at] === 45) {
        throw new Error(
          `error reply while filling: ${new TextDecoder().decode(buffer.subarray(at, length))}`,
        );
      }
      atLineStart = buffer[at] === 10;
      if (atLineStart) lines++;
    }
  }
}
