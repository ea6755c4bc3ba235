// An aof plugin: says when the log is written and synced. This one syncs when the policy wants it, and besides whenever
// so many bytes were written, so that no sync has to bring much to the disk at once.
import type { AofFactory } from "../../types.ts";

const aof: AofFactory = () => {
  let syncBytes = 0;
  return {
    configure(options) {
      syncBytes = options["sync-bytes"] as number;
    },

    flush(log) {
      log.write();
      if (log.syncDue || log.unsyncedBytes >= syncBytes) log.sync();
    },
  };
};
export default aof;
