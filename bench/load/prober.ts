// Worker: one client that gets a random key about every millisecond and notes how long each answer took, as a user's
// request would see it. Started by background_load.ts.
import { CommandStream } from "./command_stream.ts";

export interface ProberOrder {
  port: number;
  keys: number;
}

/** One probe: when it was sent (ms of the epoch, so that threads agree) and how long the answer took (ms). */
export interface ProbeLog {
  sentAt: Float64Array;
  took: Float64Array;
}

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ProberOrder | "stop">) => void) | null;
  postMessage(message: unknown): void;
};

scope.onmessage = (event) => {
  if (event.data !== "stop") run(event.data).catch((error) => scope.postMessage({ failed: String(error) }));
};

async function run(order: ProberOrder): Promise<void> {
  let stopping = false;
  scope.onmessage = () => stopping = true;
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: order.port });
  connection.setNoDelay(true);
  const stream = new CommandStream({ words: ["GET", "key:#"], valueBytes: 0 });
  const buffer = new Uint8Array(1 << 16);
  const sentAt: number[] = [];
  const took: number[] = [];
  while (!stopping) {
    const start = performance.now();
    await connection.write(stream.commands(1, () => Math.floor(Math.random() * order.keys)));
    let last = 0;
    // A value of letters: the second line feed ends the reply.
    for (let lines = 0; lines < 2;) {
      const length = await connection.read(buffer);
      if (length === null) throw new Error("the server closed the probing connection");
      for (let at = 0; at < length; at++) if (buffer[at] === 10) lines++;
      last = performance.now();
    }
    sentAt.push(performance.timeOrigin + start);
    took.push(last - start);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  connection.close();
  const log: ProbeLog = { sentAt: Float64Array.from(sentAt), took: Float64Array.from(took) };
  scope.postMessage(log);
}
