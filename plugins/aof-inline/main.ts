// Log writer aof-inline: the event loop writes. `always` syncs before the turn's replies go out; `everysec` syncs aside,
// and while that runs puts writes off for two seconds, since the system may let them wait for the sync.
import type { AofFactory } from "../sdk/types.ts";

const POSTPONE_MS = 2_000;

const aofInline: AofFactory = () => {
  /** When the write that is put off should have been made; 0 = none is. */
  let postponedAt = 0;
  return {
    flush(log) {
      if (log.policy === "always") {
        log.write();
        if (log.syncDue) log.sync();
        return;
      }
      if (log.policy === "everysec" && log.syncRunning && log.waitingBytes > 0) {
        if (postponedAt === 0) postponedAt = performance.now();
        if (performance.now() - postponedAt < POSTPONE_MS) return;
      }
      postponedAt = 0;
      log.write();
      if (log.syncDue) log.beginSync();
    },
  };
};
export default aofInline;
