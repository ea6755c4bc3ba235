// Snapshot strategy fork-emulated: a page image keeps every byte of the dataset as it was at the cut, so the tables
// themselves say which entries there were. The server does nothing for it but copy pages before they first change.
import type { SnapshotFactory } from "../sdk/types.ts";

const forkEmulated: SnapshotFactory = () => ({
  save(job) {
    const view = job.view();
    return job.encode({ view, entries: job.tables(view) });
  },
});
export default forkEmulated;
