// Clients of the crash test that only look, and note everything that they are told of what writers did: by replies of every
// kind of read, notifications, invalidations, a transaction that WATCH made fail, and MONITOR.
import { ConnectionClosedError, encodeCommands, type Reply, type RespClient } from "../harness/mod.ts";
import type { Random } from "../values/random.ts";
import type { Writer } from "./crash_writer.ts";
import { SEQUENCE, SHARED_DATABASE } from "./crash_writer.ts";

const PAUSE_MILLISECONDS_MAX = 10;
/** Commands that always change something: MONITOR shows others too. */
const CHANGES = /"(SET|APPEND|RPUSH|LPUSH|HSET)"/;

/** What the observers know beside what the writers do. */
export class Observations {
  /** Highest number of the global sequence that anybody saw. */
  sequence = 0;
  /** How many facts were noted, by way. */
  readonly counts = new Map<string, number>();

  constructor(readonly writers: readonly Writer[], readonly ended: () => boolean) {}

  /** Notes what a text proves about a writer, or about all of them. */
  note(how: string, text: string, writers: readonly Writer[] = this.writers): void {
    for (const writer of writers) {
      const index = writer.indexIn(text);
      if (index < 0) continue;
      writer.see(index, how);
      this.counts.set(how, (this.counts.get(how) ?? 0) + 1);
    }
  }

  /** Runs a client until its connection ends. */
  async watch(body: () => Promise<void>): Promise<void> {
    try {
      while (true) await body();
    } catch (error) {
      if (!this.ended()) throw error;
    }
  }
}

function some(random: Random): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, random.below(PAUSE_MILLISECONDS_MAX)));
}

/** Pipelines of reads of a writer's database. */
export function reader(client: RespClient, seen: Observations, random: Random): Promise<void> {
  return seen.watch(async () => {
    const writer = random.pick(seen.writers);
    const commands: string[][] = [["SELECT", `${writer.database}`]];
    // What tells of the whole keyspace holds up all that follows it.
    const first = random.oneIn(3) ? 0 : GLOBAL_READS;
    for (let depth = 1 + random.below(6); depth > 0; depth--) commands.push(read(writer, random, first));
    await client.send(encodeCommands(commands));
    for (const command of commands) noteRead(seen, writer, command, await client.reply());
    await client.send(encodeCommands([["SELECT", `${SHARED_DATABASE}`], ["GET", SEQUENCE]]));
    await client.reply();
    seen.sequence = Math.max(seen.sequence, Number(await client.reply()));
    if (random.oneIn(2)) await some(random);
  });
}

const NAMES_OF_KEYS = ["s:0", "s:1", "s:2", "s:3", "s:renamed", "e:0", "e:1"];

const GLOBAL_READS = 3;
const READS = 16;

/** A read of a kind from `first` on. */
function read(writer: Writer, random: Random, first: number): string[] {
  const unique = writer.uniqueKeys.at(-1 - random.below(8)) ?? "u:none";
  switch (first + random.below(READS - first)) {
    case 0:
      return ["KEYS", "u:*"];
    case 1:
      return ["SCAN", "0", "MATCH", "u:*", "COUNT", "1000"];
    case 2:
      return ["RANDOMKEY"];
    case 3:
      return [random.pick(["EXISTS", "TYPE", "TTL", "STRLEN"]), unique];
    case 4:
      return ["GET", `n:${random.below(4)}`];
    case 5:
      return ["LRANGE", `l:${random.below(4)}`, "0", "-1"];
    case 6:
      return random.oneIn(2)
        ? ["HGETALL", `h:${random.below(4)}`]
        : ["HGET", `h:${random.below(4)}`, `f:${random.below(6)}`];
    case 7:
      return ["MGET", unique, ...NAMES_OF_KEYS];
    case 8:
      return ["SORT", `l:${random.below(4)}`, "BY", "nosort", "GET", "#"];
    case 9:
      return ["GETRANGE", random.pick([writer.watchedKey, ...NAMES_OF_KEYS]), "0", "40"];
    case 10:
    case 11:
      return ["GET", writer.watchedKey];
    default:
      return ["GET", random.oneIn(3) ? unique : random.pick(NAMES_OF_KEYS)];
  }
}

function noteRead(seen: Observations, writer: Writer, command: string[], reply: Reply): void {
  const [name, key] = command;
  const how = `a reader's ${command.slice(0, 2).join(" ")}`;
  switch (name) {
    case "EXISTS":
    case "STRLEN":
      if (reply !== 0) seen.note(how, key, [writer]);
      return;
    case "TYPE":
      if (reply !== "none") seen.note(how, key, [writer]);
      return;
    case "TTL":
      if (reply !== -2) seen.note(how, key, [writer]);
      return;
    case "GET":
      if (key.startsWith("n")) return writer.seeCounter(key, reply, how);
  }
  seen.note(how, JSON.stringify(reply), [writer]);
}

/** Keyspace notifications. */
export async function subscriber(client: RespClient, seen: Observations): Promise<void> {
  await client.call("PSUBSCRIBE", "__key*__:*");
  await seen.watch(async () => seen.note("a notification", JSON.stringify(await client.reply())));
}

/** Invalidations of all keys. */
export async function broadcastTracker(client: RespClient, seen: Observations): Promise<void> {
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON", "BCAST");
  await seen.watch(async () => seen.note("an invalidation", JSON.stringify((await client.takePush()).items)));
}

/** Invalidations of keys that were read before they were there. */
export async function tracker(client: RespClient, seen: Observations, random: Random): Promise<void> {
  await client.call("HELLO", 3);
  await client.call("CLIENT", "TRACKING", "ON");
  await seen.watch(async () => {
    const writer = random.pick(seen.writers);
    await client.pipeline([["SELECT", writer.database], ["MGET", ...writer.futureKeys()]]);
    for (const push of client.pushes.splice(0)) {
      seen.note("an invalidation of a key that was read", JSON.stringify(push.items));
    }
    await some(random);
  });
}

/** A transaction that fails because a watched key has changed since it was read. */
export function watcher(client: RespClient, seen: Observations, random: Random): Promise<void> {
  return seen.watch(async () => {
    const writer = random.pick(seen.writers);
    const key = writer.watchedKey;
    const [, value] = await client.pipeline([["SELECT", writer.database], ["GET", key], ["WATCH", key]]);
    const index = writer.indexIn(String(value));
    await some(random);
    const replies = await client.pipeline([["MULTI"], ["PING"], ["EXEC"]]);
    if (index >= 0 && replies[2] === null) {
      writer.seeChange(index, "an EXEC without success");
      seen.counts.set("a watched key", (seen.counts.get("a watched key") ?? 0) + 1);
    }
  });
}

/** Every command as it is run. */
export async function monitor(client: RespClient, seen: Observations): Promise<void> {
  await client.call("MONITOR");
  await seen.watch(async () => {
    const line = String(await client.reply());
    if (CHANGES.test(line)) seen.note("a line of MONITOR", line);
  });
}

/** Whether an error says that the connection has ended. */
export function isEnd(error: unknown): boolean {
  return error instanceof ConnectionClosedError || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.Interrupted;
}
