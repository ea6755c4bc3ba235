// The one job of an aof plugin in a worker: runs the log until the server wants it to stop. core/plugins gives it.
import { driveLog, type LogDriveInput } from "../../../core/persistence/aof/writer/log_driver.ts";
import { systemLogFiles } from "../../../core/persistence/aof/writer/log_files.ts";
import type { ControlBlock } from "../control_block.ts";
import type { AofPlugin } from "../types.ts";

export async function runAofJob(
  plugin: AofPlugin,
  input: LogDriveInput,
  control: ControlBlock,
): Promise<void> {
  await driveLog(input, plugin, systemLogFiles, () => control.stopping, (bytes) => control.bytesDone = bytes);
}
