// Whatever changes a value or its expiry tells so: random commands of every type, and after each one all keys against how
// they were before. Caches of clients (CLIENT TRACKING) and transactions (WATCH) hang on it.
import assert from "node:assert/strict";
import { latin1Text } from "../../core/bytes/ascii.ts";
import { valueDigest } from "../../core/keyspace/digest.ts";
import type { TrackedKeys } from "../../core/keyspace/hooks.ts";
import { WRITES } from "./exercises.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { SAMPLES, type ValueType, type Word } from "./samples.ts";
import { testSeed } from "../harness/test_seed.ts";

const KEYS = 8;
const ROUNDS = 6;
const COMMANDS_A_ROUND = 60;

class Told implements TrackedKeys {
  readonly keys = new Set<string>();

  touched(_class: string, key: Uint8Array, start: number, end: number): void {
    this.keys.add(latin1Text(key, start, end));
  }

  flushed(): void {
    for (let key = 0; key < KEYS; key++) this.keys.add(`k${key}`);
  }
}

class Round {
  readonly rig = new FullRig({ arenaBytes: 64 * 1024 * 1024 });
  readonly told = new Told();

  constructor(private readonly random: Random) {
    this.rig.keyspace.tracked = this.told;
    for (let key = 0; key < KEYS; key++) {
      for (const words of random.pick(SAMPLES).make(`k${key}`, random)) this.rig.run(words);
    }
  }

  /** Every key with what is in it. */
  now(): Map<string, string> {
    const { keyspace } = this.rig;
    const all = new Map<string, string>();
    keyspace.databases[0].keys.forEach((ref) => {
      const key = keyspace.entries.keyBytes(ref);
      const text = `${keyspace.entries.expireAt(ref)} ${valueDigest(keyspace, ref)}`;
      all.set(latin1Text(key, 0, key.length), text);
    });
    return all;
  }

  next(): Word[] {
    const { random, rig } = this;
    const key = `k${random.below(KEYS)}`;
    const other = `k${random.below(KEYS)}`;
    const type = rig.run(["TYPE", key]).slice(1, -2);
    switch (random.below(16)) {
      case 0:
        return [random.pick(["DEL", "UNLINK", "GETDEL"]), key];
      case 1:
        return [random.pick(["RENAME", "RENAMENX"]), key, other];
      case 2:
        return ["COPY", key, other, "REPLACE"];
      case 3:
        return random.oneIn(10) ? ["FLUSHDB"] : ["MOVE", key, 1];
      case 4:
        return random.pick([["PERSIST", key], ["PEXPIRE", key, 1 + random.below(100_000)], [
          "PEXPIRE",
          key,
          -1,
        ]]);
      case 5:
        return random.pick(random.pick(SAMPLES).make(key, random).slice(0, 20));
      case 6:
        return ["SORT", key, "ALPHA", "STORE", other];
    }
    return type in WRITES ? random.pick(WRITES[type as ValueType])(key, random) : ["SET", key, "new"];
  }
}

Deno.test("no command changes a value without telling so", () => {
  const seed = testSeed();
  const random = new Random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const game = new Round(random);
    Object.assign(game.rig.server, { saves: { abortForFlush: () => {}, saveEmptied: () => {} } });
    let before = game.now();
    for (let i = 0; i < COMMANDS_A_ROUND; i++) {
      game.told.keys.clear();
      const words = game.next();
      game.rig.run(words);
      const after = game.now();
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter((key) =>
        before.get(key) !== after.get(key)
      );
      const untold = changed.filter((key) => !game.told.keys.has(key));
      assert.deepEqual(untold, [], `seed ${seed}: ${words.join(" ").slice(0, 200)}`);
      before = after;
    }
  }
});
