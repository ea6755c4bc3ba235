// A writer of the crash test: sends pipelines of random commands to a database of its own, checks every reply, and knows of
// each of its steps whether it was acknowledged or seen by somebody. Every value has a token in it that names the step.
import assert from "node:assert/strict";
import { encodeCommands, type Reply, ReplyError, type RespClient } from "../harness/mod.ts";
import type { Random } from "../values/random.ts";
import { ANY, type Command, type Expected, Model } from "./crash_model.ts";

/** The database that all share: the global sequence, the queues, the locks. */
export const SHARED_DATABASE = 0;
export const SEQUENCE = "sequence";
const DEPTHS = [1, 1, 2, 5, 20, 64];
const UNIQUE_KEYS_MAX = 200;
const FUTURE_KEYS = 40;
const LONG_EXPIRY_MILLISECONDS = 1_000_000;
const TOKEN = /@(\d+)\.(\d+)\.(\d+)@/g;

/** What is sent as one and happens as a whole: a command or a transaction. */
interface Step {
  /** Those of them that change the writer's own database. */
  own: Command[];
  /** It is one of the global sequence; its number, once known. */
  sequence?: { number: number | null };
  /** What it appends to the writer's queue. */
  queued?: string;
  ackedAt: number;
}

interface SentStep {
  step: Step;
  commands: Command[];
  expected: Expected[];
}

export function queueOf(writer: number): string {
  return `queue:${writer}`;
}

export class Writer {
  readonly steps: Step[] = [];
  /** Numbers of steps: sent, acknowledged, seen by anybody, and certain when the server was started last. */
  sent = 0;
  acked = 0;
  seen = 0;
  base = 0;
  /** How the last step that was seen became known. */
  seenBy = "";
  /** Keys that exist once only, the newest last; some may not be there yet. */
  readonly uniqueKeys: string[] = [];
  #life = 0;
  #model = new Model();
  #counters = new Map<string, number>();
  /** Steps that changed the watched key. */
  #watched: number[] = [];

  constructor(readonly id: number) {}

  get database(): number {
    return this.id;
  }

  get watchedKey(): string {
    return `w${this.id}`;
  }

  get queue(): string {
    return queueOf(this.id);
  }

  /** Goes on behind step `kept` of those before: the others have not happened. */
  begin(life: number, kept: number): void {
    this.#life = life;
    this.steps.length = kept;
    this.sent =
      this.acked =
      this.seen =
      this.base =
        kept;
    this.#model = this.modelAt(kept);
    this.uniqueKeys.length = 0;
    this.#counters.clear();
    this.#watched = [];
    for (const key of this.#model.keys()) {
      if (key.startsWith("u")) this.uniqueKeys.push(key);
      const value = this.#model.describe(key)!.text;
      if (key.startsWith("n")) this.#counters.set(`${key}=${JSON.parse(value.split(" ")[0])}`, 0);
    }
  }

  /** The database behind so many steps. */
  modelAt(count: number): Model {
    const model = new Model();
    const touched = new Set<string>();
    for (let at = 0; at < count; at++) {
      for (const command of this.steps[at].own) model.run(command, touched);
    }
    return model;
  }

  /** Sends until the connection ends. `ended` says that it may. */
  async run(client: RespClient, random: Random, ended: () => boolean): Promise<void> {
    try {
      await client.call("SELECT", this.database);
      while (true) {
        const batch: SentStep[] = [];
        for (let depth = random.pick(DEPTHS); depth > 0; depth--) batch.push(this.#next(random));
        this.sent = this.steps.length;
        const sending = client.send(encodeCommands(batch.flatMap((sent) => sent.commands)));
        for (const sent of batch) await this.#take(client, sent);
        await sending;
        if (random.oneIn(4)) await new Promise((resolve) => setTimeout(resolve, random.below(8)));
      }
    } catch (error) {
      if (!ended() || error instanceof assert.AssertionError) throw error;
    }
  }

  /** A step that somebody was told about. */
  see(index: number, how: string): void {
    if (index < this.seen) return;
    this.seen = index + 1;
    this.seenBy = how;
  }

  seeCounter(key: string, value: Reply, how: string): void {
    const index = this.#counters.get(`${key}=${value}`);
    if (index !== undefined) this.see(index, how);
  }

  /** The watched key has changed since it had the value of step `index`. */
  seeChange(index: number, how: string): void {
    const next = this.#watched.find((step) => step > index);
    assert.ok(next !== undefined, `${this.watchedKey} changed (${how}), but nobody has changed it since`);
    this.see(next, how);
  }

  /** Names of unique keys that the next steps may make. */
  futureKeys(): string[] {
    return Array.from(
      { length: FUTURE_KEYS },
      (_, at) => `u:@${this.id}.${this.#life}.${this.steps.length + at}@`,
    );
  }

  /** The step of a token of this writer and life; -1 otherwise. */
  indexIn(text: string): number {
    let last = -1;
    for (const [, writer, life, index] of text.matchAll(TOKEN)) {
      if (Number(writer) === this.id && Number(life) === this.#life) last = Math.max(last, Number(index));
    }
    return last;
  }

  async #take(client: RespClient, { step, expected, commands }: SentStep): Promise<void> {
    for (const [at, one] of expected.entries()) {
      const reply = await client.reply();
      if (!isAsExpected(reply, one)) {
        const shown = reply instanceof ReplyError ? reply.message : Deno.inspect(reply);
        assert.fail(
          `writer ${this.id}, step ${this.acked}: ${
            commands[at].join(" ").slice(0, 200)
          } was answered with ${shown}` +
            ` and not with ${Deno.inspect(one)}`,
        );
      }
      if (step.sequence && Array.isArray(reply)) step.sequence.number = reply[1] as number;
    }
    step.ackedAt = performance.now();
    this.acked++;
  }

  #next(random: Random): SentStep {
    const token = `@${this.id}.${this.#life}.${this.steps.length}@`;
    if (random.oneIn(12)) return this.#sequenceStep(random, token);
    if (random.oneIn(500)) return this.#transaction([["FLUSHDB"], ["SET", this.watchedKey, token]]);
    if (random.oneIn(10)) {
      const commands: Command[] = [];
      for (let count = 2 + random.below(4); count > 0; count--) commands.push(this.#command(random, token));
      return this.#transaction(commands);
    }
    const command = this.#command(random, token);
    const step: Step = { own: [command], ackedAt: 0 };
    return this.#added({ step, commands: [command], expected: this.#runOwn(step) });
  }

  #transaction(own: Command[]): SentStep {
    const step: Step = { own, ackedAt: 0 };
    const results = this.#runOwn(step);
    return this.#added({
      step,
      commands: [["MULTI"], ...own, ["EXEC"]],
      expected: ["OK", ...own.map(() => "QUEUED"), results],
    });
  }

  /** Takes a number of the global sequence, in two databases at once. */
  #sequenceStep(random: Random, token: string): SentStep {
    const step: Step = { own: [["SET", this.watchedKey, token]], sequence: { number: null }, ackedAt: 0 };
    const shared: Command[] = [["SELECT", SHARED_DATABASE], ["INCR", SEQUENCE]];
    if (random.oneIn(2)) {
      step.queued = token;
      shared.push(["RPUSH", this.queue, token]);
    }
    const own = this.#runOwn(step);
    const commands: Command[] = [["MULTI"], ...shared, ["SELECT", this.database], ...step.own, ["EXEC"]];
    const queued = commands.slice(1, -1).map(() => "QUEUED");
    const results: Expected[] = ["OK", ANY, ...(step.queued ? [ANY] : []), "OK", ...own];
    return this.#added({ step, commands, expected: ["OK", ...queued, results] });
  }

  #runOwn(step: Step): Expected[] {
    const touched = new Set<string>();
    const expected = step.own.map((command) => {
      const result = this.#model.run(command, touched);
      if (command[0] === "INCRBY") {
        const counter = `${command[1]}=${result as number}`;
        if (!this.#counters.has(counter)) this.#counters.set(counter, this.steps.length);
      }
      return result;
    });
    if (touched.has(this.watchedKey)) this.#watched.push(this.steps.length);
    return expected;
  }

  #added(sent: SentStep): SentStep {
    this.steps.push(sent.step);
    return sent;
  }

  #command(random: Random, token: string): Command {
    const text = () => token + random.text(random.oneIn(40) ? random.below(6000) : random.below(60));
    const key = (type: string, count: number) => `${type}:${random.below(count)}`;
    switch (random.below(20)) {
      case 0:
      case 1:
        return ["SET", key("s", 8), text()];
      case 2:
        return ["SETNX", key("s", 8), text()];
      case 3: {
        const name = key("s", 8);
        const long = (this.#model.describe(name)?.text.length ?? 0) > 2000;
        return [long ? "SET" : "APPEND", name, text()];
      }
      case 4:
        return ["INCRBY", key("n", 4), 1 + random.below(5)];
      case 5:
        return ["RPUSH", key("l", 4), text(), text()];
      case 6:
        return random.oneIn(2) ? ["LPUSH", key("l", 4), text()] : ["LTRIM", key("l", 4), -20, -1];
      case 7:
        return [random.oneIn(2) ? "LPOP" : "RPOP", key("l", 4)];
      case 8:
        return ["HSET", key("h", 4), key("f", 6), text()];
      case 9:
        return random.oneIn(2) ? ["HDEL", key("h", 4), key("f", 6)] : ["HINCRBY", key("h", 4), "count", 2];
      case 10:
        return [random.oneIn(2) ? "SADD" : "SREM", key("t", 4), key("m", 12)];
      case 11:
      case 12:
        return ["SET", key("e", 6), text(), "PXAT", Date.now() + 20 + random.below(2000)];
      case 13:
        return ["SET", key("s", 8), text(), "PXAT", Date.now() + LONG_EXPIRY_MILLISECONDS];
      case 14:
        return random.oneIn(2)
          ? ["PERSIST", key("s", 8)]
          : ["PEXPIREAT", key("l", 4), Date.now() + LONG_EXPIRY_MILLISECONDS + random.below(1000)];
      case 15:
        return random.oneIn(2)
          ? ["RENAME", key("s", 8), "s:renamed"]
          : ["COPY", "s:renamed", "s:0", "REPLACE"];
      case 16:
        return ["DEL", key(random.pick(["s", "n", "l", "h", "t"]), 4)];
      default: {
        if (this.uniqueKeys.length > UNIQUE_KEYS_MAX) return ["DEL", this.uniqueKeys.shift()!];
        const unique = `u:${token}`;
        if (!this.uniqueKeys.includes(unique)) this.uniqueKeys.push(unique);
        return ["SET", unique, text()];
      }
    }
  }
}

function isAsExpected(reply: Reply, expected: Expected): boolean {
  if (expected === ANY) return true;
  if (!Array.isArray(expected)) return reply === expected;
  return Array.isArray(reply) && reply.length === expected.length &&
    reply.every((item, at) => isAsExpected(item, expected[at]));
}
