// All connected clients: by number, in order of connection, with their numbers for INFO and their cron.
import type { Client } from "../net/client.ts";

/** Each client's cron runs about once a second. */
const CRON_PERIOD_MS = 1000;

export class ClientRegistry {
  private readonly clients = new Map<number, Client>();
  private nextId = 1;
  private lastCron = 0;

  newId(): number {
    return this.nextId++;
  }

  add(client: Client): void {
    this.clients.set(client.id, client);
  }

  remove(client: Client): void {
    this.clients.delete(client.id);
  }

  get(id: number): Client | undefined {
    return this.clients.get(id);
  }

  get count(): number {
    return this.clients.size;
  }

  get blockedCount(): number {
    let count = 0;
    for (const client of this.clients.values()) if (client.isBlocked) count++;
    return count;
  }

  all(): IterableIterator<Client> {
    return this.clients.values();
  }

  memoryBytes(): number {
    let total = 0;
    for (const client of this.clients.values()) total += client.memoryBytes;
    return total;
  }

  /** Largest input and output buffers now, bytes. */
  largestBuffers(): { inputMax: number; outputMax: number } {
    let inputMax = 0;
    let outputMax = 0;
    for (const client of this.clients.values()) {
      inputMax = Math.max(inputMax, client.parser.memoryBytes);
      outputMax = Math.max(outputMax, client.output.memoryBytes);
    }
    return { inputMax, outputMax };
  }

  cron(nowMs: number): void {
    if (nowMs - this.lastCron < CRON_PERIOD_MS && nowMs >= this.lastCron) return;
    this.lastCron = nowMs;
    for (const client of [...this.clients.values()]) client.cron(nowMs);
  }
}
