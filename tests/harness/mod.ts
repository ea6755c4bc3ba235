// What tests that start servers import: server processes (Spork and a real redis-server), a RESP client, waiting.
export { eventually, eventuallyPasses, pause } from "./eventually.ts";
export { freePort } from "./free_port.ts";
export { hasRedisServer, hasRedisTools, RedisServer } from "./redis_server.ts";
export { type ConnectOptions, RespClient } from "./resp_client.ts";
export {
  type Argument,
  ConnectionClosedError,
  encodeCommands,
  Push,
  type Reply,
  ReplyError,
} from "./resp_reply.ts";
export { parseInfo, type RunResult, runToEnd, type ServerOptions, ServerProcess } from "./server_process.ts";
export { projectDirectory, sporkLaunch, SporkServer } from "./spork_server.ts";
