// Worker: writes random existing keys at a steady rate until it is told to stop, then reports how many it wrote.
// Started by background_load.ts.
import { CommandStream } from "./command_stream.ts";

const TICK_MILLISECONDS = 1;
/** After a stall of the server at most this much is sent at once, not everything that was missed. */
const BATCH_MAX = 2000;

export interface WriterOrder {
  port: number;
  keys: number;
  valueBytes: number;
  writesPerSecond: number;
}

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<WriterOrder | "stop">) => void) | null;
  postMessage(message: unknown): void;
};

scope.onmessage = (event) => {
  if (event.data !== "stop") run(event.data).catch((error) => scope.postMessage({ failed: String(error) }));
};

async function run(order: WriterOrder): Promise<void> {
  let stopping = false;
  scope.onmessage = () => stopping = true;
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: order.port });
  const discarding = discard(connection);
  const stream = new CommandStream({ words: ["SET", "key:#", "<value>"], valueBytes: order.valueBytes });
  const startedAt = performance.now();
  let due = 0;
  let sent = 0;
  let previous = startedAt;
  while (!stopping) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MILLISECONDS));
    const now = performance.now();
    due += (now - previous) * order.writesPerSecond / 1000;
    previous = now;
    const batch = Math.min(BATCH_MAX, Math.floor(due));
    due = Math.min(due - batch, BATCH_MAX);
    if (batch === 0) continue;
    const bytes = stream.commands(batch, () => Math.floor(Math.random() * order.keys));
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    sent += batch;
  }
  const perSecond = sent / ((performance.now() - startedAt) / 1000);
  await connection.closeWrite();
  await discarding;
  connection.close();
  scope.postMessage({ perSecond });
}

async function discard(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1 << 16);
  while (await connection.read(buffer) !== null);
}
