// The pub/sub commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { publishCommands } from "./publish_commands.ts";
import { pubsubContainer } from "./pubsub_commands.ts";
import { subscribeCommands } from "./subscribe_commands.ts";

export const pubsubCommands: CommandSpec[] = [...subscribeCommands, ...publishCommands, pubsubContainer];
