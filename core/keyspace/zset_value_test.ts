import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, ArenaFullError, type Ref } from "../memory/arena.ts";
import { ENCODING_LISTPACK, ENCODING_SKIPLIST, TYPE_ZSET } from "./entry_layout.ts";
import { Keyspace } from "./keyspace.ts";
import { ValueDigest } from "./value_digest.ts";
import { type ZsetLimits, ZsetValue } from "./zset_value.ts";

const MiB = 1024 * 1024;
const encoder = new TextEncoder();
const LIMITS: ZsetLimits = { zsetMaxListpackEntries: 12, zsetMaxListpackValue: 10 };
const ALWAYS_INDEX: ZsetLimits = { zsetMaxListpackEntries: 0, zsetMaxListpackValue: 0 };
const KEY = encoder.encode("key");

const SCORES = [
  0,
  1,
  -1,
  2,
  127,
  128,
  -4097,
  0.1,
  1.5,
  -2.25,
  1e17,
  2 ** 62,
  1e300,
  -1e-7,
  Infinity,
  -Infinity,
];
const texts = [
  "",
  "a",
  "b",
  "ab",
  "0",
  "1",
  "-1",
  "10",
  "9",
  "300",
  "70000",
  "-5000000000",
  "12345678901234",
  "ÿ",
];
const members = texts.map((text) => encoder.encode(text));

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length && index < b.length; index++) {
    if (a[index] !== b[index]) return a[index] - b[index];
  }
  return a.length - b.length;
}

function sorted(model: Map<number, number>): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => x < y ? -1 : x > y ? 1 : compareBytes(members[a], members[b]))
    .map(([member, score]) => [texts[member], score]);
}

function contents(zset: ZsetValue): [string, number][] {
  const all: [string, number][] = [];
  if (zset.size === 0) return all;
  zset.seek(0);
  do {
    zset.readMember();
    const text = new TextDecoder().decode(zset.bytes.slice(zset.start, zset.end));
    zset.readScore();
    all.push([text, zset.score]);
  } while (zset.forward());
  return all;
}

function newKeyspace(bytes = 8 * MiB): Keyspace {
  return new Keyspace(Arena.create({ bytes }), 1);
}

function set(zset: ZsetValue, member: number, score: number): void {
  const bytes = members[member];
  if (zset.find(bytes, 0, bytes.length)) zset.setScore(bytes, 0, bytes.length, score);
  else zset.insert(bytes, 0, bytes.length, score);
}

Deno.test("a sorted set behaves like a sorted array in either encoding, and through the change", () => {
  const keyspace = newKeyspace();
  const { arena } = keyspace;
  const zset = new ZsetValue();
  const kind = keyspace.kinds[TYPE_ZSET];
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
      fc.constantFrom(
        LIMITS,
        { ...LIMITS, zsetMaxListpackEntries: 100, zsetMaxListpackValue: 100 },
        ALWAYS_INDEX,
      ),
      (operations, limits) => {
        const start = arena.stats.used;
        zset.create(keyspace, limits, 1, 1, 0);
        const model = new Map<number, number>();
        let wasIndex = limits === ALWAYS_INDEX;
        for (const operation of operations) {
          const member = (operation >>> 4) % members.length;
          const bytes = members[member];
          const score = SCORES[(operation >>> 12) % SCORES.length];
          const isThere = model.has(member);
          const order = sorted(model);
          switch (operation & 15) {
            default:
              set(zset, member, score);
              if (model.get(member) !== score) model.set(member, score);
              break;
            case 8:
            case 9:
              assert.equal(zset.find(bytes, 0, bytes.length), isThere);
              if (isThere) zset.removeFound();
              model.delete(member);
              break;
            case 10: {
              assert.equal(zset.find(bytes, 0, bytes.length), isThere);
              if (!isThere) break;
              assert.equal(zset.score, model.get(member));
              const rank = order.findIndex(([text]) => text === texts[member]);
              assert.equal(zset.rank(), rank);
              break;
            }
            case 11: {
              assert.equal(zset.countBelowScore(score), order.filter(([, other]) => other < score).length);
              assert.equal(zset.countToScore(score), order.filter(([, other]) => other <= score).length);
              break;
            }
            case 12: {
              if (order.length === 0) break;
              const rank = (operation >>> 4) % order.length;
              zset.seek(rank);
              zset.readMember();
              const text = new TextDecoder().decode(zset.bytes.slice(zset.start, zset.end));
              assert.equal(text, order[rank][0]);
              assert.equal(zset.backward(), rank > 0);
              if (rank > 0) {
                zset.readScore();
                assert.equal(zset.score, order[rank - 1][1]);
              }
              break;
            }
            case 13: {
              if (order.length === 0) break;
              const rank = (operation >>> 4) % order.length;
              const count = Math.min(order.length - rank, 1 + (operation >>> 20) % 3);
              if (count === 1) {
                zset.seek(rank);
                zset.removeSought();
              } else zset.removeRange(rank, count);
              for (const [text] of order.slice(rank, rank + count)) model.delete(texts.indexOf(text));
              break;
            }
            case 14: {
              const seen = new Set<string>();
              let cursor = 0;
              do {
                cursor = zset.scan(cursor, (place) => {
                  zset.place = place;
                  zset.readMember();
                  seen.add(new TextDecoder().decode(zset.bytes.slice(zset.start, zset.end)));
                });
              } while (cursor !== 0);
              assert.deepEqual([...seen].sort(), order.map(([text]) => text).sort());
              break;
            }
          }
          assert.equal(zset.size, model.size);
          const mustBeIndex = model.size > limits.zsetMaxListpackEntries;
          assert.ok(!(wasIndex || mustBeIndex) || zset.encoding === ENCODING_SKIPLIST);
          wasIndex ||= zset.encoding === ENCODING_SKIPLIST;
          assert.ok(wasIndex === !zset.isPacked);
        }
        assert.deepEqual(contents(zset), sorted(model));
        kind.free(zset.root, zset.encoding);
        assert.equal(arena.stats.used, start, "everything was freed");
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("members of one score are counted by their texts", () => {
  const keyspace = newKeyspace();
  const zset = new ZsetValue();
  for (const limits of [LIMITS, ALWAYS_INDEX]) {
    zset.create(keyspace, limits, 1, 1, 0);
    for (let member = 0; member < 12; member++) set(zset, member, 7);
    for (const bytes of [...members, encoder.encode("zz")]) {
      const below = members.slice(0, 12).filter((other) => compareBytes(other, bytes) < 0).length;
      const equal = members.slice(0, 12).some((other) => compareBytes(other, bytes) === 0) ? 1 : 0;
      assert.equal(zset.countBelowMember(bytes, 0, bytes.length), below);
      assert.equal(zset.countToMember(bytes, 0, bytes.length), below + equal);
    }
    zset.discard();
  }
});

Deno.test("a long member, a member too many: the entry learns of the new encoding", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  const zset = new ZsetValue();
  const long = encoder.encode("longer than ten");
  zset.create(keyspace, LIMITS, 1, 1, 0);
  zset.addTo(database, KEY, 0, KEY.length);
  set(zset, 1, 1);
  const ref = database.lookupWrite(KEY, 0, KEY.length);
  assert.equal(keyspace.entries.encoding(ref), ENCODING_LISTPACK);
  zset.open(keyspace, ref, LIMITS);
  assert.equal(zset.find(long, 0, long.length), false);
  zset.insert(long, 0, long.length, 0);
  assert.equal(keyspace.entries.encoding(ref), ENCODING_SKIPLIST);
  assert.equal(keyspace.entries.valueRef(ref), zset.root);
  zset.open(keyspace, ref, LIMITS);
  assert.deepEqual(contents(zset), [["longer than ten", 0], ["a", 1]]);
});

Deno.test("a full arena leaves a sorted set as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (operations) => {
      const keyspace = newKeyspace(MiB);
      const { arena } = keyspace;
      const zset = new ZsetValue();
      zset.create(keyspace, LIMITS, 1, 1, 0);
      const model = new Map<number, number>();
      const taken: Ref[] = [];
      for (const bytes of [65536, 4096, 1024, 256, 64, 16]) {
        try {
          while (true) taken.push(arena.allocate(bytes));
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
        }
      }
      for (const operation of operations) {
        for (let n = operation & 3; n > 0 && taken.length > 0; n--) arena.free(taken.pop()!);
        const member = (operation >>> 4) % members.length;
        const score = SCORES[(operation >>> 12) % SCORES.length];
        try {
          set(zset, member, score);
          if (model.get(member) !== score) model.set(member, score);
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
        }
        assert.deepEqual(contents(zset), sorted(model));
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("copies, slices of freeing, sizes and digests", () => {
  const keyspace = newKeyspace();
  const { arena } = keyspace;
  const kind = keyspace.kinds[TYPE_ZSET];
  const zset = new ZsetValue();
  const digests: string[] = [];
  for (const limits of [{ ...LIMITS, zsetMaxListpackEntries: 100 }, ALWAYS_INDEX]) {
    const start = arena.stats.used;
    zset.create(keyspace, limits, 1, 1, 0);
    for (let member = 0; member < members.length; member++) set(zset, member, SCORES[member]);
    const { root, encoding } = zset;
    const expected = contents(zset);
    assert.equal(kind.isLarge(root, encoding), encoding === ENCODING_SKIPLIST);
    assert.equal(kind.freeEffort(root, encoding), encoding === ENCODING_SKIPLIST ? members.length : 1);
    const copy = kind.copy(root, encoding);
    kind.free(root, encoding);
    zset.openValue(keyspace, encoding, copy);
    assert.deepEqual(contents(zset), expected);
    assert.equal(kind.memoryUsage(copy, encoding, 0), arena.stats.used - start);
    assert.ok(kind.sizeEstimate(copy, encoding) > 0);
    const digest = new ValueDigest();
    kind.digest(copy, encoding, digest);
    digests.push(digest.toString());
    const task = { value: copy, encoding, cursor: 0, phase: 0 };
    let slices = 1;
    while (!kind.freeSlice(task)) slices++;
    assert.ok(slices < 1000);
    assert.equal(arena.stats.used, start);
  }
  assert.equal(digests[0], digests[1]);
});

Deno.test("a big index is freed in many slices, none of them long", () => {
  const keyspace = newKeyspace(64 * MiB);
  const { arena } = keyspace;
  const start = arena.stats.used;
  const kind = keyspace.kinds[TYPE_ZSET];
  const zset = new ZsetValue();
  zset.create(keyspace, ALWAYS_INDEX, 1, 1, 0);
  const member = new Uint8Array(4);
  for (let n = 0; n < 50_000; n++) {
    new DataView(member.buffer).setUint32(0, n);
    zset.find(member, 0, 4);
    zset.insert(member, 0, 4, (n * 7919) % 50_000);
  }
  const task = { value: zset.root, encoding: ENCODING_SKIPLIST, cursor: 0, phase: 0 };
  let slices = 1;
  for (let used = arena.stats.used; !kind.freeSlice(task); slices++) {
    const left = arena.stats.used;
    assert.ok(used - left < MiB, `${used - left} bytes in one slice`);
    used = left;
  }
  assert.ok(slices > 100);
  assert.equal(arena.stats.used, start);
});
