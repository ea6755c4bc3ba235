// The hash commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { counterCommands } from "./counter_commands.ts";
import { randomCommands } from "./random_command.ts";
import { readCommands } from "./read_commands.ts";
import { scanCommands } from "./scan_command.ts";
import { writeCommands } from "./write_commands.ts";

export const hashCommands: CommandSpec[] = [
  ...readCommands,
  ...writeCommands,
  ...counterCommands,
  ...randomCommands,
  ...scanCommands,
];
