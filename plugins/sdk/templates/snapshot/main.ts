// A snapshot plugin: says where a consistent view of the dataset and its entries come from; the SDK encodes them.
// `job.iterator()` instead of `job.tables(view)` takes the entries from the server's iterator: then the manifest
// provides `entries: iterator`.
import type { SnapshotFactory } from "../../types.ts";

const snapshot: SnapshotFactory = (sdk) => ({
  save(job) {
    const view = job.view();
    const report = job.encode({ view, entries: job.tables(view) });
    sdk.log.notice(`saved ${report.entries} entries, ${report.bytes} bytes`);
    return report;
  },
});
export default snapshot;
