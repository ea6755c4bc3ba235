// Lists as the keyspace sees them, whatever their encoding is called: copy, free, measure, digest. Registered by Keyspace.
import type { Ref } from "../memory/arena.ts";
import { QuickList } from "../structures/quicklist.ts";
import type { Keyspace } from "./keyspace.ts";
import type { ValueDigest } from "./value_digest.ts";
import { CLONE_BYTES_MAX, type FreeTask, type ValueKind } from "./value_kind.ts";

const NODES_PER_SLICE = 64;
/** A task's phase once its cursor is a node. */
const PHASE_NODES = 1;

export class ListKind implements ValueKind {
  /** Its own flyweight: a command may be in the middle of using another. */
  readonly #list: QuickList;

  constructor(keyspace: Keyspace) {
    this.#list = new QuickList(keyspace.arena);
  }

  copy(value: Ref): Ref {
    return this.#list.copyOf(value);
  }

  free(value: Ref): void {
    this.#list.attach(value).destroy();
  }

  isLarge(value: Ref): boolean {
    return this.#list.attach(value).totalBytes > CLONE_BYTES_MAX;
  }

  freeEffort(value: Ref): number {
    return this.#list.attach(value).nodeCount;
  }

  freeSlice(task: FreeTask): boolean {
    const list = this.#list.attach(task.value);
    const first = task.phase === PHASE_NODES ? task.cursor : list.firstNode;
    task.phase = PHASE_NODES;
    task.cursor = list.freeNodes(first, NODES_PER_SLICE);
    if (task.cursor !== 0) return false;
    list.freeRoot();
    return true;
  }

  sizeEstimate(value: Ref): number {
    return this.#list.attach(value).totalBytes;
  }

  memoryUsage(value: Ref): number {
    return this.#list.attach(value).totalBytes;
  }

  digest(value: Ref, _encoding: number, digest: ValueDigest): void {
    const list = this.#list.attach(value);
    for (let more = list.seek(0); more; more = list.next()) {
      list.read();
      digest.mix(list.bytes, list.start, list.end);
    }
  }
}
