// The geo commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { placeCommands } from "./place_commands.ts";
import { searchCommands } from "./search_commands.ts";

export const geoCommands: CommandSpec[] = [...placeCommands, ...searchCommands];
