// The stream commands, in one table.
import type { CommandSpec } from "../../core/commands/command.ts";
import { addCommands } from "./add_commands.ts";
import { claimCommands } from "./claim_commands.ts";
import { groupCommands } from "./group_commands.ts";
import { infoCommands } from "./info_commands.ts";
import { pendingCommands } from "./pending_commands.ts";
import { rangeCommands } from "./range_commands.ts";
import { readCommands } from "./read_commands.ts";

export const streamCommands: CommandSpec[] = [
  ...addCommands,
  ...rangeCommands,
  ...readCommands,
  ...groupCommands,
  ...pendingCommands,
  ...claimCommands,
  ...infoCommands,
];
