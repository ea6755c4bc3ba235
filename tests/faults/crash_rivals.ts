// Clients of the crash test that share keys: consumers that take what writers put into queues, by blocking commands most of
// the time, and racers that want the same locks by SETNX.
import { encodeCommands, type RespClient } from "../harness/mod.ts";
import type { Random } from "../values/random.ts";
import type { Observations } from "./crash_observers.ts";
import { queueOf, SHARED_DATABASE } from "./crash_writer.ts";

const PIPELINE_MAX = 4;

/** What consumers took from one queue. */
export class Queue {
  /** Items that consumers were given since the start of the server. */
  readonly taken = new Set<string>();
  /** Items that were gone when the server was started. */
  before = new Set<string>();

  constructor(readonly name: string) {}
}

export class Consumers {
  readonly queues: Map<string, Queue>;
  /** Requests without a reply: each may have taken an item that nobody was told of. */
  pending = 0;

  constructor(writers: number) {
    const names = Array.from({ length: writers }, (_, at) => queueOf(at + 1));
    this.queues = new Map(names.map((name) => [name, new Queue(name)]));
  }

  begin(): void {
    this.pending = 0;
    for (const queue of this.queues.values()) queue.taken.clear();
  }

  async run(client: RespClient, seen: Observations, random: Random): Promise<void> {
    const names = [...this.queues.keys()];
    await client.call("SELECT", SHARED_DATABASE);
    await seen.watch(async () => {
      const commands: string[][] = [];
      for (let depth = 1 + random.below(PIPELINE_MAX); depth > 0; depth--) {
        const name = random.pick(names);
        commands.push(
          random.oneIn(4)
            ? ["LPOP", name]
            : random.oneIn(2)
            ? ["BLPOP", name, "0.05"]
            : ["BLMPOP", "0.05", String(names.length), ...names, "LEFT"],
        );
      }
      this.pending += commands.length;
      await client.send(encodeCommands(commands));
      for (const command of commands) {
        const reply = await client.reply();
        this.pending--;
        if (reply === null) continue;
        const text = JSON.stringify(reply);
        const item = text.match(/@[\d.]+@/)![0];
        const name = command[0] === "LPOP" ? command[1] : (reply as string[])[0];
        this.queues.get(name)!.taken.add(item);
        seen.note(`${command[0]} of a consumer`, item);
      }
    });
  }
}

/** What a racer was told about a lock. */
interface Claim {
  lock: number;
  racer: number;
  won: boolean;
  at: number;
}

export class Racers {
  readonly claims: Claim[] = [];
  #next = 0;

  begin(): void {
    this.claims.length = 0;
    // Requests of before without a reply may have taken locks.
    this.#next += PIPELINE_MAX;
  }

  async run(racer: number, client: RespClient, seen: Observations, random: Random): Promise<void> {
    await client.call("SELECT", SHARED_DATABASE);
    await seen.watch(async () => {
      const first = this.#next;
      const count = 1 + random.below(3);
      const commands = Array.from(
        { length: count },
        (_, at) => ["SETNX", `lock:${first + at}`, `${racer}`],
      );
      await client.send(encodeCommands(commands));
      for (let lock = first; lock < first + count; lock++) {
        const won = await client.reply() === 1;
        this.claims.push({ lock, racer, won, at: performance.now() });
        if (lock >= this.#next) this.#next = lock + 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 2 + random.below(10)));
    });
  }

  /** Locks whose owner is not, or not any more, who it was said to be; `owners` as the server has them. */
  lost(owners: Map<number, string>): Claim[] {
    return this.claims.filter(({ lock, racer, won }) => {
      const owner = owners.get(lock);
      return won ? owner !== `${racer}` : owner === undefined || owner === `${racer}`;
    });
  }
}
