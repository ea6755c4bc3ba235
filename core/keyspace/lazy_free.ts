// Frees big values and whole tables a slice at a time, so that no turn of the event loop is long (UNLINK,
// FLUSHDB ASYNC, lazyfree-* options). The loop calls `run` in its cron and idle turns.
import type { Arena, Ref } from "../memory/arena.ts";
import type { HashTable } from "../structures/hashtable.ts";
import type { FieldTable } from "../structures/field_table.ts";
import type { EntryStore } from "./entry_store.ts";
import type { EntryTable } from "./entry_table.ts";

/** A value with more elements than this is worth freeing in the background. */
export const LAZY_FREE_ELEMENTS_MIN = 64;

/** Work between two looks at the clock: buckets whose elements are freed, or segments of a table without elements. */
const BUCKETS_PER_STEP = 16;
const SEGMENTS_PER_STEP = 8;

interface Task {
  kind: "fields" | "entries";
  root: Ref;
  cursor: number;
  /** All elements are freed; the table itself remains. */
  emptied: boolean;
}

export class LazyFree {
  /** Objects (values or keys) waiting to be freed. */
  pending = 0;
  /** Objects freed since the last reset of statistics. */
  freed = 0;
  private readonly tasks: Task[] = [];
  private current: Task | null = null;
  private readonly freeField = (ref: Ref) => this.arena.retire(ref);
  private readonly freeEntry = (ref: Ref) => {
    this.entries.free(ref);
    this.pending--;
    this.freed++;
  };

  constructor(
    private readonly arena: Arena,
    private readonly entries: EntryStore,
    private readonly fields: FieldTable,
    private readonly table: EntryTable,
  ) {}

  get idle(): boolean {
    return this.current === null && this.tasks.length === 0;
  }

  /** Takes over a hash table of fields. */
  addFields(root: Ref): void {
    this.pending++;
    this.tasks.push({ kind: "fields", root, cursor: 0, emptied: false });
  }

  /** Takes over the key table of a database with all its entries. */
  addEntries(root: Ref): void {
    this.pending += this.table.attach(root).size;
    this.tasks.push({ kind: "entries", root, cursor: 0, emptied: false });
  }

  /** Takes over a table of entries that belong to another table. */
  addTable(root: Ref): void {
    this.tasks.push({ kind: "entries", root, cursor: 0, emptied: true });
  }

  /** Forgets everything: the arena that held it is gone. */
  clear(): void {
    this.freed += this.pending;
    this.pending = 0;
    this.tasks.length = 0;
    this.current = null;
  }

  /** Frees for at most about `micros` microseconds; true where nothing is left. */
  run(micros: number): boolean {
    const until = performance.now() + micros / 1000;
    while (true) {
      this.current ??= this.tasks.shift() ?? null;
      const task = this.current;
      if (task === null) return true;
      const table: HashTable = task.kind === "fields" ? this.fields : this.table;
      const visit = task.kind === "fields" ? this.freeField : this.freeEntry;
      do {
        if (!task.emptied) {
          task.emptied = freeElements(task, table, visit);
        } else if (!table.attach(task.root).destroyStep(SEGMENTS_PER_STEP)) {
          if (task.kind === "fields") {
            this.pending--;
            this.freed++;
          }
          this.current = null;
          break;
        }
      } while (performance.now() < until);
      if (performance.now() >= until) return this.idle;
    }
  }
}

// Frees the elements of some buckets; true when all have been freed. `visit` may attach the table elsewhere.
function freeElements(task: Task, table: HashTable, visit: (ref: Ref) => void): boolean {
  for (let bucket = 0; bucket < BUCKETS_PER_STEP; bucket++) {
    task.cursor = table.attach(task.root).scan(task.cursor, visit);
    if (task.cursor === 0) return true;
  }
  return false;
}
