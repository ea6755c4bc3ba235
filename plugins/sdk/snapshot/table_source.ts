// The entries of a snapshot, found by walking the key tables of all databases in a consistent view of the arena: what
// a page image makes possible.
import { directoryCount, directoryKeysRoot } from "../../../core/keyspace/database_directory.ts";
import { HashTableReader } from "../../../core/structures/hashtable_reader.ts";
import type { ControlBlock } from "../control_block.ts";
import type { ArenaReader, EntrySource } from "../types.ts";

export class TableSource implements EntrySource {
  database = -1;
  ref = 0;
  private readonly table: HashTableReader;
  private readonly count: number;
  private walking = false;
  /** Whether there is a current entry that has not been released. */
  private holds = false;

  /** `poll` is called now and then, and throws where the save was cancelled. */
  constructor(private readonly view: ArenaReader, poll: () => void, private readonly control: ControlBlock) {
    this.table = new HashTableReader(view, poll);
    this.count = directoryCount(view);
  }

  /** The entry before is released where nobody did so. */
  next(): boolean {
    this.release();
    while (true) {
      this.ref = this.walking ? this.table.next() : 0;
      if (this.ref !== 0) {
        this.holds = true;
        return true;
      }
      this.walking = ++this.database < this.count;
      if (!this.walking) return false;
      const root = directoryKeysRoot(this.view, this.database);
      if (root === 0) this.walking = false;
      else this.table.open(root);
    }
  }

  /** Nothing waits for it: the image keeps every page. Counts. */
  release(): void {
    if (!this.holds) return;
    this.holds = false;
    this.control.processed++;
  }
}
