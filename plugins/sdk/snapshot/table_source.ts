// The entries of a snapshot, found by walking the key tables of all databases in a consistent view of the arena: what
// a page image makes possible.
import { directoryCount, directoryKeysRoot } from "../../../core/keyspace/database_directory.ts";
import { HashTableReader } from "../../../core/structures/hashtable_reader.ts";
import type { ArenaReader, EntrySource } from "../types.ts";

export class TableSource implements EntrySource {
  database = -1;
  ref = 0;
  private readonly table: HashTableReader;
  private readonly count: number;
  private walking = false;

  constructor(private readonly view: ArenaReader) {
    this.table = new HashTableReader(view);
    this.count = directoryCount(view);
  }

  next(): boolean {
    while (true) {
      this.ref = this.walking ? this.table.next() : 0;
      if (this.ref !== 0) return true;
      this.walking = ++this.database < this.count;
      if (!this.walking) return false;
      const root = directoryKeysRoot(this.view, this.database);
      if (root === 0) this.walking = false;
      else this.table.open(root);
    }
  }

  release(): void {}
}
