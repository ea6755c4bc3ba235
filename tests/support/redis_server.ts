// Starts the real redis-server, where the machine has one, for interop and property tests. Tests that need it pass
// `ignore: !hasRedisServer` so that the run shows them as ignored elsewhere.
import { RawClient } from "./raw_client.ts";

const PROGRAM = "redis-server";
const START_MILLISECONDS_MAX = 10_000;

/** Whether a redis-server can be run here. */
export const hasRedisServer: boolean = canRun();

export class RedisServer {
  readonly port: number;
  #process: Deno.ChildProcess;
  #directory: string;

  private constructor(port: number, process: Deno.ChildProcess, directory: string) {
    this.port = port;
    this.#process = process;
    this.#directory = directory;
  }

  /** A fresh empty server without persistence on a free loopback port, plus the given `--option value` words. */
  static async start(...options: string[]): Promise<RedisServer> {
    const directory = await Deno.makeTempDir({ prefix: "spork-redis-" });
    const port = freePort();
    const process = new Deno.Command(PROGRAM, {
      args: ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", directory, ...options],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new RedisServer(port, process, directory);
    await server.#untilReady();
    return server;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #untilReady(): Promise<void> {
    const giveUpAt = Date.now() + START_MILLISECONDS_MAX;
    while (true) {
      try {
        const client = await this.connect();
        await client.call("PING");
        client.close();
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused) || Date.now() > giveUpAt) {
          await this.stop();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** A loopback TCP port that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

function canRun(): boolean {
  try {
    return new Deno.Command(PROGRAM, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}
