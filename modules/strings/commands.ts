// The string commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { compareAndManyCommands } from "./compare_and_many_commands.ts";
import { counterCommands } from "./counter_commands.ts";
import { getCommands } from "./get_commands.ts";
import { lcsCommands } from "./lcs_command.ts";
import { rangeCommands } from "./range_commands.ts";
import { setCommands } from "./set_commands.ts";

export const stringCommands: CommandSpec[] = [
  ...getCommands,
  ...setCommands,
  ...compareAndManyCommands,
  ...counterCommands,
  ...rangeCommands,
  ...lcsCommands,
];
