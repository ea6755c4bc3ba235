// Scenes with several clients, played on Spork and on a real redis-server alike; every reply has to be the same, byte for
// byte. Used by the tests of transactions and of blocking commands.
import assert from "node:assert/strict";
import { eventually, pause, type RespClient } from "../harness/mod.ts";
import { commandLines, type ServerPair } from "./server_pair.ts";

type Server = ServerPair["spork"] | ServerPair["redis"];

/**
 * Plays the scene on both servers, which are emptied before, and compares. One line is one act: a client's name, then its
 * command (`@B` in it is the number of client B).
 *
 *     A BLPOP k 0 &   the command blocks: go on as soon as it does
 *     A <             the reply to what A sent last
 *     A close         the connection ends
 *     ! FIELD         a field of INFO (how many clients are blocked, how many keys are watched...)
 *     . 30            so many milliseconds pass
 */
export async function playSame(servers: ServerPair, scene: string): Promise<void> {
  const [spork, redis] = await Promise.all([play(servers.spork, scene), play(servers.redis, scene)]);
  assert.deepEqual(spork, redis);
}

async function play(server: Server, scene: string): Promise<string[]> {
  await using stage = await Stage.open(server);
  for (const [name, ...words] of commandLines(scene)) {
    try {
      await stage.act(name, words);
    } catch (error) {
      throw new Error(`${server.name} at "${name} ${words.join(" ")}" behind ${Deno.inspect(stage.told)}`, {
        cause: error,
      });
    }
  }
  return stage.told;
}

interface Actor {
  client: RespClient;
  id: string;
  pending: Promise<string> | null;
}

class Stage implements AsyncDisposable {
  /** What the clients were replied, each reply with the act that it belongs to. */
  readonly told: string[] = [];
  readonly #actors = new Map<string, Actor>();

  private constructor(readonly server: Server, readonly control: RespClient) {}

  static async open(server: Server): Promise<Stage> {
    const control = await server.connect();
    await control.call("FLUSHALL");
    return new Stage(server, control);
  }

  async act(name: string, words: string[]): Promise<void> {
    const act = `${this.told.length} ${name} ${words.join(" ")}`;
    if (name === "!") {
      this.told.push(`${act}: ${(await this.server.info())[words[0]]}`);
    } else if (name === ".") {
      await pause(Number(words[0]));
    } else {
      const actor = this.#actors.get(name) ?? await this.#enter(name);
      if (words[0] === "<") {
        this.told.push(`${act}: ${await actor.pending}`);
        actor.pending = null;
      } else if (words[0] === ">") {
        this.told.push(`${act}: ${await actor.client.rawReply()}`);
      } else if (words[0] === "until") {
        for (let got = ""; !got.includes(words[1]);) {
          got = await actor.client.rawReply();
          this.told.push(`${act}: ${got}`);
        }
      } else if (words[0] === "close") {
        actor.client.close();
        this.#actors.delete(name);
      } else if (words.at(-1) === "&") {
        actor.pending = actor.client.raw(...this.#withIds(words.slice(0, -1)));
        // Whoever takes the reply will see it.
        actor.pending.catch(() => {});
        await eventually(() => this.#isBlocked(actor), { what: act });
      } else {
        const reply = await actor.client.raw(...this.#withIds(words));
        // HELLO tells which server it is.
        if (words[0] !== "HELLO") this.told.push(`${act}: ${reply}`);
      }
    }
  }

  async #enter(name: string): Promise<Actor> {
    const client = await this.server.connect({ replyMilliseconds: 5_000 });
    const actor = { client, id: `${await client.call("CLIENT", "ID")}`, pending: null };
    this.#actors.set(name, actor);
    return actor;
  }

  async #isBlocked(actor: Actor): Promise<boolean> {
    const line = String(await this.control.call("CLIENT", "LIST", "ID", actor.id));
    return /flags=\w*b/.test(line);
  }

  #withIds(words: string[]): string[] {
    return words.map((word) => word.startsWith("@") ? this.#actors.get(word.slice(1))!.id : word);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.control.close();
    for (const { client } of this.#actors.values()) client.close();
    return Promise.resolve();
  }
}
