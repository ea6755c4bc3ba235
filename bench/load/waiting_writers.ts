// Worker: several clients that each set a random key, wait for the reply and go on, until it is told to stop; then reports
// how many they set a second. With a rate they wait a little longer, so that another server gets the same load.
// Started by waiting_load.ts.
import { CommandStream } from "./command_stream.ts";

export interface WaitingWritersOrder {
  port: number;
  clients: number;
  keys: number;
  valueBytes: number;
  /** Writes of all clients together; undefined: as many as the server takes. */
  perSecond?: number;
}

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<WaitingWritersOrder | "stop">) => void) | null;
  postMessage(message: unknown): void;
};

let stopping = false;

scope.onmessage = (event) => {
  if (event.data !== "stop") run(event.data).catch((error) => scope.postMessage({ failed: String(error) }));
};

async function run(order: WaitingWritersOrder): Promise<void> {
  scope.onmessage = () => stopping = true;
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: order.clients }, () => write(order)));
  const seconds = (performance.now() - startedAt) / 1000;
  scope.postMessage({ perSecond: counts.reduce((sum, count) => sum + count, 0) / seconds });
}

/** One client; returns how many replies it has had. */
async function write({ port, clients, keys, valueBytes, perSecond }: WaitingWritersOrder): Promise<number> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const stream = new CommandStream({ words: ["SET", "key:#", "<value>"], valueBytes });
  const buffer = new Uint8Array(64);
  const interval = perSecond === undefined ? 0 : clients * 1000 / perSecond;
  let due = performance.now() + Math.random() * interval;
  let count = 0;
  while (!stopping) {
    const wait = due - performance.now();
    if (interval > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    due += interval;
    await connection.write(stream.commands(1, () => Math.floor(Math.random() * keys)));
    const length = await connection.read(buffer);
    if (length === null) throw new Error("the server closed a writer's connection");
    if (buffer[0] !== 0x2b) {
      throw new Error(`SET got ${new TextDecoder().decode(buffer.subarray(0, length))}`);
    }
    count++;
  }
  connection.close();
  return count;
}
