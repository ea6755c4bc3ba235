// The keyspace against a plain model: random operations over several databases, with and without a snapshot cut that
// claims entries. Also: nothing leaks, and a cut's entries keep their bytes while everything changes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, ARENA_FULL, type Ref } from "../memory/arena.ts";
import { KEEP_EXPIRE } from "./database.ts";
import { WORD_EPOCH } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { SnapshotCut } from "./hooks.ts";
import { Keyspace } from "./keyspace.ts";

const DATABASES = 3;
const encoder = new TextEncoder();

type Model = Map<string, { value: string; expireAt: number }>[];

const key = fc.integer({ min: 0, max: 12 }).map((n) =>
  n % 3 === 0 ? `key:${"long".repeat(n)}:${n}` : `k${n}`
);
const value = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: 0, max: 60 }).map((n) => "v".repeat(n)),
  fc.integer({ min: 0, max: 9000 }).map((n) => "w".repeat(n)),
);
const database = fc.integer({ min: 0, max: DATABASES - 1 });
const ttl = fc.integer({ min: 1, max: 1000 });

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant("set" as const), database, key, value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("setex" as const), database, key, value, ttl }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("setkeep" as const), database, key, value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("del" as const), database, key }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("expire" as const), database, key, ttl }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("persist" as const), database, key }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("append" as const), database, key, value }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("rename" as const), database, key, to: key }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("copy" as const), database, key, to: key, target: database }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("move" as const), database, key, target: database }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("swap" as const), database, target: database }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("tick" as const), ttl }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function apply(keyspace: Keyspace, model: Model, operation: Operation): void {
  if (operation.op === "tick") {
    keyspace.clock.ms += operation.ttl;
    for (const database of model) {
      for (const [name, { expireAt }] of database) {
        if (expireAt !== NO_EXPIRE && keyspace.clock.ms > expireAt) database.delete(name);
      }
    }
    return;
  }
  const db = keyspace.databases[operation.database];
  const expected = model[operation.database];
  if (operation.op === "swap") {
    if (operation.database === operation.target) return;
    keyspace.swapDatabases(db, keyspace.databases[operation.target]);
    [model[operation.database], model[operation.target]] = [model[operation.target], expected];
    return;
  }
  const name = encoder.encode(operation.key);
  const known = expected.get(operation.key);
  switch (operation.op) {
    case "set":
    case "setex":
    case "setkeep": {
      const bytes = encoder.encode(operation.value);
      let at = NO_EXPIRE;
      if (operation.op === "setex") at = keyspace.clock.ms + operation.ttl;
      if (operation.op === "setkeep") at = KEEP_EXPIRE;
      db.setString(name, 0, name.length, bytes, 0, bytes.length, at);
      const expireAt = at === KEEP_EXPIRE ? known?.expireAt ?? NO_EXPIRE : at;
      expected.set(operation.key, { value: operation.value, expireAt });
      break;
    }
    case "del":
      assert.equal(db.remove(name, 0, name.length), expected.delete(operation.key));
      break;
    case "expire": {
      const ref = db.lookupWrite(name, 0, name.length);
      assert.equal(ref !== 0, known !== undefined);
      if (known === undefined) break;
      known.expireAt = keyspace.clock.ms + operation.ttl;
      db.setExpire(ref, known.expireAt);
      break;
    }
    case "persist": {
      const ref = db.lookupWrite(name, 0, name.length);
      if (known === undefined) break;
      assert.equal(db.dropExpire(ref), known.expireAt !== NO_EXPIRE);
      known.expireAt = NO_EXPIRE;
      break;
    }
    case "append": {
      const ref = db.lookupWrite(name, 0, name.length);
      if (known === undefined) break;
      const bytes = encoder.encode(operation.value);
      const old = keyspace.entries.stringLength(ref);
      const grown = db.resizeString(ref, old + bytes.length);
      keyspace.arena.copyIn(keyspace.entries.stringAddress(grown) + old, bytes, 0, bytes.length);
      known.value += operation.value;
      break;
    }
    case "rename": {
      if (known === undefined || operation.key === operation.to) break;
      const to = encoder.encode(operation.to);
      db.moveEntry(db.lookupWrite(name, 0, name.length), db, to, 0, to.length);
      expected.delete(operation.key);
      expected.set(operation.to, known);
      break;
    }
    case "copy": {
      if (known === undefined) break;
      if (operation.key === operation.to && operation.database === operation.target) break;
      const to = encoder.encode(operation.to);
      const target = keyspace.databases[operation.target];
      db.copyEntry(db.lookupReadQuietly(name, 0, name.length), target, to, 0, to.length);
      model[operation.target].set(operation.to, { ...known });
      break;
    }
    case "move": {
      if (known === undefined || operation.database === operation.target) break;
      const target = keyspace.databases[operation.target];
      if (target.peek(name, 0, name.length) !== 0) break;
      db.moveEntry(db.lookupWrite(name, 0, name.length), target, name, 0, name.length);
      expected.delete(operation.key);
      model[operation.target].set(operation.key, known);
      break;
    }
  }
}

function text(keyspace: Keyspace, ref: Ref): string {
  const bytes = new Uint8Array(keyspace.entries.stringLength(ref));
  keyspace.arena.copyOut(keyspace.entries.stringAddress(ref), bytes.length, bytes, 0);
  return new TextDecoder().decode(bytes);
}

function compare(keyspace: Keyspace, model: Model): void {
  for (let id = 0; id < DATABASES; id++) {
    const db = keyspace.databases[id];
    let expiring = 0;
    for (const [name, { value, expireAt }] of model[id]) {
      const bytes = encoder.encode(name);
      const ref = db.peek(bytes, 0, bytes.length);
      assert.notEqual(ref, 0, `database ${id} lost ${name}`);
      assert.equal(text(keyspace, ref), value);
      assert.equal(keyspace.entries.expireAt(ref), expireAt);
      assert.equal(db.expires.has(ref), expireAt !== NO_EXPIRE);
      if (expireAt !== NO_EXPIRE) expiring++;
    }
    const present: Ref[] = [];
    db.keys.forEach((ref) => present.push(ref));
    assert.equal(present.filter((ref) => !db.isExpired(ref)).length, model[id].size);
    const due: Ref[] = [];
    db.expires.forEach((ref) => due.push(ref));
    assert.equal(due.filter((ref) => !db.isExpired(ref)).length, expiring);
  }
}

function freshKeyspace(): Keyspace {
  const keyspace = new Keyspace(Arena.create({ bytes: 64 * 1024 * 1024 }), DATABASES);
  keyspace.clock.ms = 1_000_000;
  return keyspace;
}

Deno.test("random operations leave what the model says, and nothing leaks", () => {
  const keyspace = freshKeyspace();
  const outsideTables = (): number => {
    let tables = 0;
    for (const { keys, expires } of keyspace.databases) tables += keys.overheadBytes + expires.overheadBytes;
    return keyspace.arena.stats.used - tables;
  };
  const empty = outsideTables();
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
      const model: Model = Array.from({ length: DATABASES }, () => new Map());
      for (const each of operations) apply(keyspace, model, each);
      compare(keyspace, model);
      for (const db of keyspace.databases) {
        const all: Ref[] = [];
        db.keys.forEach((ref) => all.push(ref));
        for (const ref of all) db.removeEntry(ref);
        assert.equal(db.expires.size, 0);
      }
      assert.equal(outsideTables(), empty);
    }),
    { numRuns: 300 },
  );
});

/** A cut that, like the background iterator, takes each entry once, and remembers what it said at that time. */
class RecordingCut implements SnapshotCut {
  readonly taken: { database: number; ref: Ref; key: string; value: string; expireAt: number }[] = [];
  readonly epoch: number;
  readonly congested = false;

  constructor(private readonly keyspace: Keyspace) {
    this.epoch = keyspace.entries.epoch;
    keyspace.entries.epoch += 2;
    for (const db of keyspace.databases) db.cutId = db.id;
    keyspace.cut = this;
  }

  claim(cutDatabase: number, ref: Ref, _large: boolean): boolean {
    const epoch = this.keyspace.arena.u32[ref * 4 + WORD_EPOCH];
    if (epoch > this.epoch + 1) return false;
    if (epoch <= this.epoch) this.take(cutDatabase, ref);
    return true;
  }

  take(database: number, ref: Ref): void {
    this.keyspace.arena.setU32(ref * 4 + WORD_EPOCH, this.epoch + 1);
    const { entries } = this.keyspace;
    this.taken.push({
      database,
      ref,
      key: new TextDecoder().decode(entries.keyBytes(ref)),
      value: text(this.keyspace, ref),
      expireAt: entries.expireAt(ref),
    });
  }
}

Deno.test("a cut gets every entry as it was, and its blocks stay as they are until the reader has passed", () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 100, size: "max" }),
      fc.array(operation, { maxLength: 100, size: "max" }),
      (before, during) => {
        const keyspace = freshKeyspace();
        const model: Model = Array.from({ length: DATABASES }, () => new Map());
        for (const each of before) apply(keyspace, model, each);
        // What has expired but is still there belongs to the cut: look at the tables, not at the model.
        const atCut = new Map<string, string>();
        for (const db of keyspace.databases) {
          db.keys.forEach((ref) => {
            const name = new TextDecoder().decode(keyspace.entries.keyBytes(ref));
            atCut.set(`${db.id}/${name}`, `${text(keyspace, ref)}@${keyspace.entries.expireAt(ref)}`);
          });
        }
        const reader = keyspace.arena.openReader();
        const cut = new RecordingCut(keyspace);
        for (const each of during) apply(keyspace, model, each);
        for (const db of keyspace.databases) {
          const pending: Ref[] = [];
          db.keys.forEach((ref) => {
            if (keyspace.arena.u32[ref * 4 + WORD_EPOCH] <= cut.epoch) pending.push(ref);
          });
          for (const ref of pending) cut.take(db.cutId, ref);
        }
        keyspace.cut = null;
        assert.equal(cut.taken.length, atCut.size);
        for (const each of cut.taken) {
          const expected = atCut.get(`${each.database}/${each.key}`);
          assert.equal(`${each.value}@${each.expireAt}`, expected);
          assert.equal(new TextDecoder().decode(keyspace.entries.keyBytes(each.ref)), each.key);
          assert.equal(text(keyspace, each.ref), each.value, "a block changed while the reader held it");
        }
        compare(keyspace, model);
        reader.close();
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a rename for which a table has no room leaves nothing behind, whether the value stays or is copied", () => {
  for (const length of [100, 4000, 9000]) {
    const keyspace = freshKeyspace();
    const [db] = keyspace.databases;
    const name = encoder.encode("short");
    // A value of 4000 bytes fits beside the short name, but not beside the long one.
    const longName = encoder.encode("long".repeat(100));
    const value = encoder.encode("v".repeat(length));
    db.setString(name, 0, name.length, value, 0, value.length, NO_EXPIRE);
    const used = keyspace.arena.usedBytes;
    db.keys.insert = () => {
      throw ARENA_FULL;
    };
    const ref = db.lookupWrite(name, 0, name.length);
    assert.throws(() => db.moveEntry(ref, db, longName, 0, longName.length), ARENA_FULL);
    assert.equal(keyspace.arena.usedBytes, used);
    assert.equal(text(keyspace, db.peek(name, 0, name.length)).length, length);
    keyspace.arena.verify();
  }
});

Deno.test("what the tables remember of the last lookup never leads to another entry", () => {
  const keyspace = freshKeyspace();
  const [db] = keyspace.databases;
  const set = (key: string) => {
    const name = encoder.encode(key);
    return db.setString(name, 0, name.length, name, 0, name.length, NO_EXPIRE);
  };
  const find = (key: string) => {
    const name = encoder.encode(key);
    return db.peek(name, 0, name.length);
  };
  const [a, b] = [set("a"), set("b")];
  // A lookup past the database, as DEBUG makes it, between the lookup and the removal of another key.
  assert.equal(find("a"), a);
  assert.equal(db.keys.find(encoder.encode("b"), 0, 1), b);
  db.removeEntry(a);
  assert.deepEqual([find("a"), find("b")], [0, b]);

  // A new key for which there was no room.
  const c = set("c");
  assert.equal(find("c"), c);
  db.keys.insertAfterFind = () => {
    throw ARENA_FULL;
  };
  assert.throws(() => set("d"), ARENA_FULL);
  db.deleteExpired(c);
  assert.deepEqual([find("b"), find("c"), find("d")], [b, 0, 0]);
});
