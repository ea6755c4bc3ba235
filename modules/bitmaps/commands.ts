// The bitmap commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { bitfieldCommands } from "./bitfield_commands.ts";
import { bitopCommands } from "./bitop_command.ts";
import { rangeCommands } from "./range_commands.ts";
import { singleBitCommands } from "./single_bit_commands.ts";

export const bitmapCommands: CommandSpec[] = [
  ...singleBitCommands,
  ...rangeCommands,
  ...bitopCommands,
  ...bitfieldCommands,
];
