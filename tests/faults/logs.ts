// What tests of a log on a faulty disk share: a server with a log on such a disk, writes whose acknowledgements are counted,
// the check that all of them are there after a loss of power.
import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  encodeCommands,
  eventually,
  pause,
  ReplyError,
  type RespClient,
  SporkServer,
} from "../harness/mod.ts";
import { persistence } from "../integration/saves.ts";
import { Random } from "../values/random.ts";
import type { PowerLossDisk } from "./power_loss.ts";

export type Strategy = "aof-offload" | "aof-inline";
export const STRATEGIES: readonly Strategy[] = ["aof-offload", "aof-inline"];

export interface LogOptions {
  policy: "always" | "everysec" | "no";
  strategy?: string;
  errorPolicy?: "exit" | "read-only";
  args?: string[];
  /** Text of spork.yaml. */
  config?: string;
}

/** A server on the disk, with its log on; killed where it goes out of scope. */
export function startLogged(disk: PowerLossDisk, options: LogOptions): Promise<SporkServer> {
  const { policy, strategy = "aof-offload", errorPolicy = "exit", args = [], config } = options;
  return SporkServer.start({
    dir: disk.data,
    env: disk.env,
    endsBy: "kill",
    config: config === undefined ? undefined : { file: "spork.yaml", text: config },
    args: [
      ["--appendonly", "yes", "--appendfsync", policy, "--aof-strategy", strategy],
      ["--aof-error-policy", errorPolicy, "--auto-aof-rewrite-percentage", "0"],
      args,
    ].flat(),
  });
}

const VALUE_BYTES = 1000;

export function valueOf(key: number): string {
  return `${key}:`.padEnd(VALUE_BYTES, "x");
}

/** Sets `key:N` for N = 0, 1, ... in pipelines, and knows which were acknowledged. */
export class Writes {
  sent = 0;
  readonly acked = new Set<number>();
  /** The first error reply. */
  refusal: string | null = null;
  #isStopped = false;

  /** One pipeline; false: a reply was an error, or the connection has ended. */
  async pipeline(client: RespClient, depth: number): Promise<boolean> {
    const first = this.sent;
    this.sent += depth;
    const commands = Array.from(
      { length: depth },
      (_, at) => ["SET", `key:${first + at}`, valueOf(first + at)],
    );
    let isWell = true;
    try {
      await client.send(encodeCommands(commands));
      for (let key = first; key < first + depth; key++) {
        const reply = await client.reply();
        if (reply === "OK") this.acked.add(key);
        else if (reply instanceof ReplyError) {
          this.refusal ??= reply.message;
          isWell = false;
        } else assert.fail(`SET was answered with ${Deno.inspect(reply)}`);
      }
    } catch (error) {
      if (!isEnd(error)) throw error;
      isWell = false;
    }
    return isWell;
  }

  /** Until something goes wrong, or it is stopped. */
  async untilTrouble(client: RespClient, depth = 10): Promise<void> {
    while (!this.#isStopped && await this.pipeline(client, depth));
  }

  /** No pipeline behind the present one. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Everything that was acknowledged is there, and nothing that was never sent. */
  async check(client: RespClient): Promise<void> {
    const replies = await client.pipeline(
      Array.from({ length: this.sent }, (_, key) => ["GET", `key:${key}`]),
    );
    const lost = [...this.acked].filter((key) => replies[key] === null);
    assert.deepEqual(lost, [], `${lost.length} of ${this.acked.size} acknowledged writes are lost`);
    for (const [key, reply] of replies.entries()) if (reply !== null) assert.equal(reply, valueOf(key));
  }
}

export function isEnd(error: unknown): boolean {
  return error instanceof ConnectionClosedError || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource;
}

/** kill -9, loss of power, restart: all acknowledged writes are there. */
export async function nothingLost(
  disk: PowerLossDisk,
  server: SporkServer,
  options: LogOptions,
  writes: Writes,
): Promise<void> {
  await server.kill();
  disk.faults.heal();
  disk.lose(new Random(writes.sent));
  await using again = await startLogged(disk, options);
  await using client = await again.connect();
  await writes.check(client);
}

/** Waits until the server knows of a fault of its log. */
export async function untilRefusing(client: RespClient): Promise<void> {
  await eventually(async () => (await persistence(client)).aof_last_write_status === "err", {
    what: "the fault is known",
  });
}

/** Waits until writes are taken again. */
export async function untilWritable(server: SporkServer, client: RespClient): Promise<void> {
  try {
    await eventually(async () => await client.call("SET", "probe", "x") === "OK", {
      what: "writes are taken again",
      withinMilliseconds: 20_000,
    });
  } catch (error) {
    const fields = Object.entries(await persistence(client)).filter(([name]) => name.startsWith("aof_"));
    throw new Error(`${(error as Error).message}\n${fields.join(" ")}\n${server.log}`, { cause: error });
  }
  assert.equal((await persistence(client)).aof_last_write_status, "ok");
}

/** The reply to a command that is not there yet, and what it was when it came. */
export class LateReply {
  reply: unknown = undefined;
  isThere = false;
  readonly arrived: Promise<void>;

  constructor(client: RespClient, command: string[]) {
    this.arrived = client.pipeline([command]).then(([reply]) => {
      this.reply = reply;
      this.isThere = true;
    });
    // Whoever waits for it is told.
    this.arrived.catch(() => {});
  }

  /** It has not come while another client asked and was answered several times. */
  async isHeldWhile(other: RespClient): Promise<void> {
    for (let at = 0; at < 10; at++) {
      await other.call("ECHO", "still there");
      await pause(5);
      assert.ok(!this.isThere, `answered with ${Deno.inspect(this.reply)} before it was durable`);
    }
  }
}
