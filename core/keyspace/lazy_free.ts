// Frees big values and whole tables a slice at a time, so that no turn of the event loop is long (UNLINK,
// FLUSHDB ASYNC, lazyfree-* options). The loop calls `run` in its cron and idle turns.
import type { Ref } from "../memory/arena.ts";
import { encodingOf, TYPE_STRING, typeOf } from "./entry_layout.ts";
import type { EntryStore } from "./entry_store.ts";
import type { EntryTable } from "./entry_table.ts";
import { freeTableSlice, PHASE_TABLE, type TableProgress } from "./free_table.ts";
import type { FreeTask, ValueKind } from "./value_kind.ts";

/** A value that takes more than this to free is worth freeing in the background. */
const EFFORT_MIN = 64;

/** A value (`kind` says how it is freed), or a table of entries. */
type Task =
  | FreeTask & { readonly kind: ValueKind }
  | TableProgress & { readonly kind: null; readonly root: Ref };

export class LazyFree {
  /** Objects (values or keys) waiting to be freed. */
  pending = 0;
  /** Objects freed since the last reset of statistics. */
  freed = 0;
  private readonly tasks: Task[] = [];
  private current: Task | null = null;
  private readonly freeEntry = (ref: Ref) => {
    if (!this.addValueOf(ref)) this.entries.free(ref);
    this.pending--;
    this.freed++;
  };

  constructor(
    private readonly entries: EntryStore,
    private readonly kinds: readonly ValueKind[],
    private readonly table: EntryTable,
  ) {}

  get idle(): boolean {
    return this.current === null && this.tasks.length === 0;
  }

  /** Takes over an entry that is in no table any more, where its value is big; false where it is not. */
  addValueOf(ref: Ref): boolean {
    const meta = this.entries.meta(ref);
    if (typeOf(meta) === TYPE_STRING) return false;
    const kind = this.kinds[typeOf(meta)];
    const encoding = encodingOf(meta);
    const value = this.entries.valueRef(ref);
    if (kind.freeEffort(value, encoding) <= EFFORT_MIN) return false;
    this.pending++;
    this.tasks.push({ kind, value, encoding, cursor: 0, phase: 0 });
    this.entries.freeEntryBlock(ref);
    return true;
  }

  /** Takes over the key table of a database with all its entries. */
  addEntries(root: Ref): void {
    this.pending += this.table.attach(root).size;
    this.tasks.push({ kind: null, root, cursor: 0, phase: 0 });
  }

  /** Takes over a table of entries that belong to another table. */
  addTable(root: Ref): void {
    this.tasks.push({ kind: null, root, cursor: 0, phase: PHASE_TABLE });
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
      do {
        if (!this.slice(task)) continue;
        this.current = null;
        break;
      } while (performance.now() < until);
      if (performance.now() >= until) return this.idle;
    }
  }

  /** True when the task is done. */
  private slice(task: Task): boolean {
    if (task.kind === null) return freeTableSlice(this.table, task.root, task, this.freeEntry);
    if (!task.kind.freeSlice(task)) return false;
    this.pending--;
    this.freed++;
    return true;
  }
}
