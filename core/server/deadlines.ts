// Deadlines of many waiting clients with one timer: a binary heap, the earliest on top. An item knows its own place, so
// that taking one out costs O(log n).

/** What can have a deadline. */
export interface Timed {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Place in the heap; -1 = not in it. */
  heapIndex: number;
}

/** Timers cannot wait longer. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Deadlines<T extends Timed> {
  private readonly heap: T[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What the timer was set for. */
  private timerAt = Infinity;

  /** `due` is called where the time of an item may have come; it takes items with `takeDue`. */
  constructor(private readonly due: () => void) {}

  get size(): number {
    return this.heap.length;
  }

  add(item: T): void {
    item.heapIndex = this.heap.length;
    this.heap.push(item);
    this.rise(item);
    if (this.heap[0] === item) this.setTimer();
  }

  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.heap.pop()!;
    if (last === item) return;
    this.heap[index] = last;
    last.heapIndex = index;
    this.rise(last);
    this.sink(last);
  }

  /** Takes out the item with the earliest deadline where that is not after `now`; null where there is none. */
  takeDue(now: number): T | null {
    const first = this.heap[0];
    if (first === undefined || first.deadline > now) return null;
    this.remove(first);
    return first;
  }

  /** Sets the timer for the earliest deadline, unless it is set for that or an earlier time. */
  setTimer(): void {
    const first = this.heap[0];
    if (first === undefined || this.timerAt <= first.deadline) return;
    clearTimeout(this.timer);
    this.timerAt = first.deadline;
    const wait = Math.min(Math.max(first.deadline - Date.now(), 0), TIMER_MS_MAX);
    this.timer = setTimeout(() => {
      this.timerAt = Infinity;
      this.due();
      this.setTimer();
    }, wait);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timerAt = Infinity;
  }

  private rise(item: T): void {
    const { heap } = this;
    let index = item.heapIndex;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent].deadline <= item.deadline) break;
      this.put(heap[parent], index);
      index = parent;
    }
    this.put(item, index);
  }

  private sink(item: T): void {
    const { heap } = this;
    let index = item.heapIndex;
    while (true) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].deadline < heap[child].deadline) child++;
      if (heap[child].deadline >= item.deadline) break;
      this.put(heap[child], index);
      index = child;
    }
    this.put(item, index);
  }

  private put(item: T, index: number): void {
    this.heap[index] = item;
    item.heapIndex = index;
  }
}
