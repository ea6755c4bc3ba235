// The HyperLogLog commands, as the server registers them.
import type { CommandSpec } from "../../core/commands/command.ts";
import { addCommands } from "./add_command.ts";
import { countCommands } from "./count_commands.ts";
import { debugCommands } from "./debug_commands.ts";

export const hyperLogLogCommands: CommandSpec[] = [...addCommands, ...countCommands, ...debugCommands];
