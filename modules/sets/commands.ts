// The set commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { intersectionCommands } from "./intersection_commands.ts";
import { randomCommands } from "./random_commands.ts";
import { readCommands } from "./read_commands.ts";
import { scanCommands } from "./scan_command.ts";
import { unionCommands } from "./union_commands.ts";
import { writeCommands } from "./write_commands.ts";

export const setCommands: CommandSpec[] = [
  ...readCommands,
  ...writeCommands,
  ...randomCommands,
  ...intersectionCommands,
  ...unionCommands,
  ...scanCommands,
];
