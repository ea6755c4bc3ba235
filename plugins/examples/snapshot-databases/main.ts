// Example of a snapshot plugin that does more than choose its inputs: it wraps the source of entries and passes only
// those of some databases on.
import type { EntrySource, SnapshotFactory } from "../../sdk/types.ts";

const snapshotDatabases: SnapshotFactory = (sdk) => {
  let wanted: Set<number> | undefined;
  return {
    configure(options) {
      wanted = parseDatabases(options.databases as string);
    },
    save(job) {
      const entries = wanted === undefined ? job.iterator() : new SomeDatabases(job.iterator(), wanted);
      const report = job.encode({ view: job.view(), entries });
      sdk.log.notice(
        `saved ${report.entries} entries of ${wanted === undefined ? "all" : [...wanted].join(", ")}`,
      );
      return report;
    },
  };
};
export default snapshotDatabases;

/** The database numbers in a text such as `0,3`; undefined for `all`. */
export function parseDatabases(text: string): Set<number> | undefined {
  if (text === "all") return undefined;
  const numbers = text.split(",").map((word) => /^\s*\d+\s*$/.test(word) ? Number(word) : NaN);
  if (numbers.some(Number.isNaN)) {
    throw new Error(`databases is "${text}"; accepted: all, or numbers such as 0,3`);
  }
  return new Set(numbers);
}

export class SomeDatabases implements EntrySource {
  constructor(private readonly source: EntrySource, private readonly wanted: ReadonlySet<number>) {}

  get database(): number {
    return this.source.database;
  }

  get ref(): number {
    return this.source.ref;
  }

  next(): boolean {
    while (this.source.next()) {
      if (this.wanted.has(this.source.database)) return true;
      this.source.release();
    }
    return false;
  }

  release(): void {
    this.source.release();
  }
}
