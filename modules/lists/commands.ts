// All list commands.
import type { CommandSpec } from "../../core/commands/command.ts";
import { blockingCommands } from "./blocking_commands.ts";
import { editCommands } from "./edit_commands.ts";
import { moveCommands } from "./move_commands.ts";
import { popCommands } from "./pop_commands.ts";
import { pushCommands } from "./push_commands.ts";
import { readCommands } from "./read_commands.ts";

export const listCommands: CommandSpec[] = [
  ...pushCommands,
  ...popCommands,
  ...readCommands,
  ...editCommands,
  ...moveCommands,
  ...blockingCommands,
];
