// The hash commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { counterCommands } from "./counter_commands.ts";
import { expireCommands } from "./expire_commands.ts";
import { getSetExpireCommands } from "./get_set_expire_commands.ts";
import { randomCommands } from "./random_command.ts";
import { readCommands } from "./read_commands.ts";
import { scanCommands } from "./scan_command.ts";
import { writeCommands } from "./write_commands.ts";

export const hashCommands: CommandSpec[] = [
  ...readCommands,
  ...writeCommands,
  ...counterCommands,
  ...expireCommands,
  ...getSetExpireCommands,
  ...randomCommands,
  ...scanCommands,
];
