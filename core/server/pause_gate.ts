// CLIENT PAUSE: for a time, commands of all clients (or only those that write) wait. Dispatch asks before each
// command; the waiting clients run again when the pause ends.
import type { CommandClient } from "../commands/command_client.ts";

export type PauseMode = "none" | "write" | "all";

export class PauseGate {
  mode: PauseMode = "none";
  /** Milliseconds since 1970. */
  until = 0;
  private readonly waiting = new Set<CommandClient>();

  constructor(private readonly resume: (client: CommandClient) => void) {}

  /** Number of clients that wait. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Starts or extends: the longer time and the stricter mode win. */
  pause(mode: "write" | "all", until: number): void {
    if (this.mode !== "all") this.mode = mode;
    if (until > this.until) this.until = until;
  }

  /** Notes a client whose command waits for the end. */
  wait(client: CommandClient): void {
    this.waiting.add(client);
  }

  forget(client: CommandClient): void {
    this.waiting.delete(client);
  }

  unpause(): void {
    this.mode = "none";
    this.until = 0;
    const clients = [...this.waiting];
    this.waiting.clear();
    for (const client of clients) this.resume(client);
  }
}
