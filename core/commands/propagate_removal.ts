// Commands whose whole effect was that a key went: they are propagated as the deletion that it was.
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";

/**
 * Has the deletion of the key at an argument propagated instead of the command that deleted it. `why` names the setting
 * that tells whether such keys are freed in the background, here and on replicas.
 */
export function propagateRemoval(
  client: CommandClient,
  args: Arguments,
  index: number,
  why: "userDelete" | "serverDelete" | "expire",
): void {
  const { propagation, keyspace } = client.server;
  if (!propagation.active) return;
  propagation.instead(keyspace.lazyFreePolicy[why] ? "UNLINK" : "DEL", 2).argument(args, index);
}
