// DEBUG's levers on the log, on replies that wait for it and on saves: freezing what is known to be durable, chunked
// output, slow writes, saves that fail.
import type { Handler } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { MUST_BE_POSITIVE } from "../../core/protocol/errors.ts";
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

/** Whoever writes the log sleeps before each write. */
export const slowLogWrites: Handler = (client, args) => {
  const micros = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (!(micros >= 0)) {
    client.reply.error(MUST_BE_POSITIVE);
    return;
  }
  client.server.aof.writeDelay = micros / 1000;
  client.reply.ok();
};

/** The save or rewrite that runs fails, as where its child is killed elsewhere. */
export const killSave: Handler = (client) => {
  if (client.server.saves.fail("killed by DEBUG KILL-SAVE")) client.reply.ok();
  else client.reply.error("ERR No save or rewrite is running");
};
