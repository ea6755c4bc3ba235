// Log writer aof-offload: a worker writes all that waits and syncs it at once. What the loop appends meanwhile waits for
// the next round: so one sync serves all clients that wrote while the one before ran.
import type { AofFactory } from "../sdk/types.ts";

const aofOffload: AofFactory = () => ({
  flush(log) {
    log.write();
    if (log.syncDue) log.sync();
  },
});
export default aofOffload;
