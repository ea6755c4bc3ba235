// Waiting until a client's writes are safe (WAIT, WAITAOF), as command modules see it. core/server/durability implements it.
import type { CommandClient } from "./command_client.ts";

export interface WriteWait {
  /** What has to have them: the log of this server (0 or 1), and so many replicas. */
  local: number;
  replicas: number;
  /** 0 = for ever. */
  timeoutMs: number;
  /** Writes the reply: who has them, whether that is enough or the time is up. */
  reply: (client: CommandClient, local: number, replicas: number) => void;
}

export interface WriteWaiters {
  /** There is a log: something can be durable here. */
  readonly hasLog: boolean;
  /** Replies at once where the client's writes are where they have to be, or it may not block; otherwise it blocks. */
  wait(client: CommandClient, wait: WriteWait): void;
}
