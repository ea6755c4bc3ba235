// Starts the real redis-server, where the machine has one, for interop tests and comparisons. Tests that need it pass
// `ignore: !hasRedisServer`, so that a run elsewhere shows them as ignored.
import { freePort } from "./free_port.ts";
import { type ServerOptions, ServerProcess } from "./server_process.ts";

/** Whether redis-server can be run here. */
export const hasRedisServer: boolean = canRun("redis-server");
/** Whether redis-cli and redis-benchmark can be run here. */
export const hasRedisTools: boolean = canRun("redis-cli") && canRun("redis-benchmark");

export class RedisServer extends ServerProcess {
  /** A fresh empty redis-server on a free loopback port without save points, ready for commands. */
  static async start(options: ServerOptions = {}): Promise<RedisServer> {
    const port = options.port ?? freePort();
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "spork-redis-" });
    const words = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
    if (options.config) {
      const path = `${dir}/${options.config.file}`;
      await Deno.writeTextFile(path, options.config.text);
      words.unshift(path);
    }
    const launch = { program: "redis-server", args: [...words, ...(options.args ?? [])] };
    const server = new RedisServer("redis-server", port, dir, launch, options);
    try {
      await server.untilReady(options.readyMilliseconds);
    } catch (error) {
      await server.kill();
      await server.removeDirectory();
      throw error;
    }
    return server;
  }
}

function canRun(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}
