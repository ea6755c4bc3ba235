// The file that tells service managers and scripts the process id. Written at start and removed at the end; trouble with
// it is logged and stops nothing, as in Valkey.
import { errorText } from "../log/error_text.ts";
import type { Logger } from "../log/logger.ts";

/** Does nothing where `path` is empty. */
export function writePidFile(path: string, log: Logger): void {
  if (path === "") return;
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (error) {
    log.warning(`Failed to write PID file: ${errorText(error)}`);
  }
}

export function removePidFile(path: string, log: Logger): void {
  if (path === "") return;
  try {
    Deno.removeSync(path);
  } catch (error) {
    // Somebody may have removed it already; what matters is that it is gone.
    if (error instanceof Deno.errors.NotFound) return;
    log.warning(`Failed to remove PID file: ${errorText(error)}`);
  }
}
