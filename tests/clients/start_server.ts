// The server that the client tests talk to: Spork, or with CLIENTS_AGAINST=redis-server a real redis-server, which shows
// that the tests themselves ask for nothing that a real server does not do.
import { RedisServer, type ServerOptions, type ServerProcess, SporkServer } from "../harness/mod.ts";

export function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  return Deno.env.get("CLIENTS_AGAINST") === "redis-server"
    ? RedisServer.start(options)
    : SporkServer.start(options);
}
