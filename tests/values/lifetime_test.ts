// Values of every type and encoding from their making to their end, by every way there is: nothing stays in the arena.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { valueDigest } from "../../core/keyspace/digest.ts";
import { GENERIC, READS, WRITES } from "./exercises.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { type Sample, SAMPLES } from "./samples.ts";

const ARENA_BYTES = 128 * 1024 * 1024;
const EXERCISES = 60;
/** A key's part of the tables of a database that is nearly empty. */
const TABLE_SHARE_BYTES = 200;

function newRig(): FullRig {
  return new FullRig({ arenaBytes: ARENA_BYTES, config: [["rdb-version", "80"]] });
}

function make(rig: FullRig, sample: Sample, key: string, random: Random, size = 1): void {
  for (const words of sample.make(key, random, size)) {
    const reply = rig.run(words);
    assert.ok(!reply.startsWith("-"), `${words.join(" ").slice(0, 100)}: ${reply}`);
  }
}

function digestOf(rig: FullRig, key: string): string {
  const [database] = rig.keyspace.databases;
  return valueDigest(rig.keyspace, database.peek(latin1Bytes(key), 0, key.length));
}

/** The integer of an integer reply. */
function numberIn(reply: string): number {
  assert.match(reply, /^:\d+\r\n$/);
  return Number(reply.slice(1));
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name}: encoding, size and copies`, () => {
    const rig = newRig();
    const random = new Random(1);
    const empty = rig.usedBytes();
    make(rig, sample, "k", random);
    assert.equal(
      rig.run(["OBJECT", "ENCODING", "k"]),
      `$${sample.encoding.length}\r\n${sample.encoding}\r\n`,
    );
    const used = rig.usedBytes() - empty;
    const measured = numberIn(rig.run(["MEMORY", "USAGE", "k", "SAMPLES", 0]));
    assert.ok(measured >= used * 0.8 && measured <= used * 1.2 + TABLE_SHARE_BYTES, `${measured} of ${used}`);
    const sampled = numberIn(rig.run(["MEMORY", "USAGE", "k"]));
    assert.ok(sampled > used / 3 && sampled < used * 3 + TABLE_SHARE_BYTES, `${sampled} of ${used} bytes`);
    assert.match(
      rig.run(["DEBUG", "OBJECT", "k"]),
      new RegExp(`^\\+Value at:0x\\w+ refcount:1 encoding:${sample.encoding} serializedlength:\\d+ lru:`),
    );
    assert.equal(rig.run(["COPY", "k", "copy"]), ":1\r\n");
    assert.equal(digestOf(rig, "copy"), digestOf(rig, "k"));
    assert.equal(rig.restore("restored", rig.dump("k")), "+OK\r\n");
    assert.equal(digestOf(rig, "restored"), digestOf(rig, "k"));
    assert.equal(
      rig.run(["OBJECT", "ENCODING", "restored"]),
      `$${sample.encoding.length}\r\n${sample.encoding}\r\n`,
    );
    assert.equal(rig.run(["DEL", "k", "copy", "restored"]), ":3\r\n");
    assert.equal(rig.usedBytes(), empty);
  });

  Deno.test(`${sample.name}: nothing is left, whichever way it ends`, () => {
    const rig = newRig();
    const { keyspace } = rig;
    const random = new Random(2);
    const empty = rig.usedBytes();
    const ends: [string, () => void][] = [
      ["DEL", () => void rig.run(["DEL", "k"])],
      ["UNLINK", () => void rig.run(["UNLINK", "k"])],
      ["SET over it", () => void rig.run(["SET", "k", "x"])],
      ["RENAME over it", () => {
        rig.run(["SET", "other", "x"]);
        rig.run(["RENAME", "other", "k"]);
      }],
      ["RESTORE over it", () => {
        rig.run(["SET", "other", "x"]);
        rig.raw("RESTORE", "k", "0", rig.dump("other"), "REPLACE");
      }],
      ["expiry", () => {
        rig.run(["PEXPIRE", "k", 1]);
        keyspace.clock.ms += 10_000;
        keyspace.databases[0].peek(latin1Bytes("k"), 0, 1);
      }],
      ["FLUSHDB ASYNC", () => {
        rig.run(["COPY", "k", "k", "DB", 1]);
        keyspace.flushDatabase(keyspace.databases[0], { inBackground: true });
      }],
      ["FLUSHDB", () => {
        rig.run(["COPY", "k", "k", "DB", 1]);
        keyspace.flushDatabase(keyspace.databases[0], { inBackground: false });
      }],
    ];
    for (const [name, end] of ends) {
      for (const lazy of [true, false]) {
        keyspace.lazyFreePolicy.serverDelete = lazy;
        keyspace.lazyFreePolicy.expire = lazy;
        make(rig, sample, "k", random, 3);
        end();
        for (const database of keyspace.databases) {
          const refs: number[] = [];
          database.keys.forEach((ref) => void refs.push(ref));
          for (const ref of refs) database.removeEntry(ref);
        }
        assert.equal(rig.usedBytes(), empty, name);
      }
    }
    keyspace.arena.verify();
  });

  Deno.test(`${sample.name}: nothing is left after many changes`, () => {
    const seed = Date.now() % 1_000_000;
    const random = new Random(seed);
    const rig = newRig();
    const empty = rig.usedBytes();
    for (let round = 0; round < 10; round++) {
      make(rig, sample, "k", random);
      for (let step = 0; step < EXERCISES; step++) {
        const kinds = random.oneIn(10) ? GENERIC : random.oneIn(3) ? READS : WRITES;
        const makers = Array.isArray(kinds) ? kinds : kinds[sample.type];
        const reply = rig.run(random.pick(makers)("k", random));
        assert.ok(!reply.startsWith("-ERR unknown"), reply);
      }
      rig.run([random.oneIn(2) ? "DEL" : "UNLINK", "k", "k:copy"]);
      assert.equal(rig.usedBytes(), empty, `seed ${seed}`);
    }
    rig.keyspace.arena.verify();
  });
}
