// The sorted set commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { combineCommands } from "./combine_commands.ts";
import { popCommands } from "./pop_commands.ts";
import { randomCommands } from "./random_command.ts";
import { rangeCommands } from "./range_commands.ts";
import { readCommands } from "./read_commands.ts";
import { removeRangeCommands } from "./remove_range_commands.ts";
import { scanCommands } from "./scan_command.ts";
import { writeCommands } from "./write_commands.ts";

export const sortedSetCommands: CommandSpec[] = [
  ...readCommands,
  ...writeCommands,
  ...rangeCommands,
  ...removeRangeCommands,
  ...popCommands,
  ...combineCommands,
  ...randomCommands,
  ...scanCommands,
];
