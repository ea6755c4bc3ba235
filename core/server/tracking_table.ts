// Which clients may have which keys in their caches: keys of all databases, each with the clients that have read it. Keys
// are latin1 texts, because a text costs far less memory than a typed array. ClientTracking owns it.

interface TrackedKey {
  readonly key: string;
  /** Mostly one. Clients that are gone stay in here until the key is. */
  clients: number | Set<number>;
  /** Its place in the list that the random choice is made from. */
  position: number;
}

export class TrackingTable {
  /** Pairs of key and client. */
  itemCount = 0;
  readonly #keys = new Map<string, TrackedKey>();
  readonly #list: TrackedKey[] = [];

  get keyCount(): number {
    return this.#list.length;
  }

  /** Notes that the client has the key. */
  add(key: string, client: number): void {
    const tracked = this.#keys.get(key);
    if (tracked === undefined) {
      const added = { key, clients: client, position: this.#list.length };
      this.#keys.set(key, added);
      this.#list.push(added);
      this.itemCount++;
      return;
    }
    const { clients } = tracked;
    if (typeof clients === "number") {
      if (clients === client) return;
      tracked.clients = new Set([clients, client]);
    } else {
      if (clients.has(client)) return;
      clients.add(client);
    }
    this.itemCount++;
  }

  /** Forgets the key; returns the numbers of the clients that had it, in order of their numbers. */
  take(key: string): number[] {
    const tracked = this.#keys.get(key);
    if (tracked === undefined) return [];
    this.#keys.delete(key);
    const last = this.#list.pop()!;
    if (last !== tracked) {
      this.#list[tracked.position] = last;
      last.position = tracked.position;
    }
    const { clients } = tracked;
    const ids = typeof clients === "number" ? [clients] : [...clients].sort((a, b) => a - b);
    this.itemCount -= ids.length;
    return ids;
  }

  /** Any key, each as likely as the others; the table must not be empty. */
  randomKey(): string {
    return this.#list[Math.floor(Math.random() * this.#list.length)].key;
  }

  clear(): void {
    this.#keys.clear();
    this.#list.length = 0;
    this.itemCount = 0;
  }
}
