// Snapshot strategy threadsave: the server's iterator says which entries there were at the cut and hands each over
// before it changes; a page image comes into being only where a large value changes while it is being read.
import type { SnapshotFactory } from "../sdk/types.ts";

const threadsave: SnapshotFactory = () => ({
  save: (job) => job.encode({ view: job.view(), entries: job.iterator() }),
});
export default threadsave;
