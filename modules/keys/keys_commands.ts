// All commands on keys, whatever they hold.
import type { CommandSpec } from "../../core/commands/command.ts";
import { deleteCommands } from "./delete_commands.ts";
import { dumpCommands } from "./dump_commands.ts";
import { expireCommands } from "./expire_commands.ts";
import { flushCommands } from "./flush_commands.ts";
import { migrateCommands } from "./migrate_command.ts";
import { moveCommands } from "./move_commands.ts";
import { objectCommands } from "./object_commands.ts";
import { scanCommands } from "./scan_commands.ts";

export const keysCommands: CommandSpec[] = [
  ...deleteCommands,
  ...expireCommands,
  ...moveCommands,
  ...scanCommands,
  ...flushCommands,
  ...objectCommands,
  ...dumpCommands,
  ...migrateCommands,
];
