// DEBUG's levers on replies that wait for the log: freezing what is known to be durable, and chunked output.
import type { Handler } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import type { ServerServices } from "../../core/commands/server_services.ts";

type Durability = ServerServices["durability"];

const NO_PROVIDER = "ERR No such reply-blocking provider";

export const pauseReplyBlocking: Handler = (client, args) =>
  onProvider(client, args, (durability) => durability.pause());

export const resumeReplyBlocking: Handler = (client, args) =>
  onProvider(client, args, (durability) => durability.resume());

function onProvider(client: CommandClient, args: Arguments, act: (durability: Durability) => void): void {
  if (!args.is(2, "aof")) {
    client.reply.error(NO_PROVIDER);
    return;
  }
  act(client.server.durability);
  client.reply.ok();
}

/** Replies that may wait end their chunk of output, so that the next one begins in another. */
export const enforceReplyList: Handler = (client, args) => {
  client.server.durability.sealsReplies = args.latin1(2) !== "0";
  client.reply.ok();
};
