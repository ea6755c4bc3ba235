// Hashes with expiring fields as the keyspace moves, copies, exchanges and frees them: the database's table of them
// follows, and all memory comes back.
import assert from "node:assert/strict";
import { latin1Bytes } from "../bytes/ascii.ts";
import { Arena, type Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { FLAG_FIELD_EXPIRY } from "./entry_layout.ts";
import { FieldExpiry } from "./field_expiry.ts";
import { HashValue } from "./hash_value.ts";
import { Keyspace } from "./keyspace.ts";

const LIMITS = { hashMaxListpackEntries: 128, hashMaxListpackValue: 64 };
const NOW = 1_000_000;

function newKeyspace(): Keyspace {
  const keyspace = new Keyspace(Arena.create({ bytes: 64 * 1024 * 1024 }), 3);
  keyspace.clock.ms = NOW;
  return keyspace;
}

/** A hash of so many fields, every second of which expires, the first of them at NOW + 1. */
function addHash(keyspace: Keyspace, db: Database, key: string, fields: number): void {
  const hash = new HashValue();
  const value = latin1Bytes("value");
  hash.create(keyspace, LIMITS, 1, 100);
  for (let n = 0; n < fields; n++) {
    const field = latin1Bytes(`field ${n}`);
    hash.setExpiring(field, 0, field.length, value, 0, value.length, n % 2 === 0 ? -1 : NOW + n);
  }
  hash.addTo(db, latin1Bytes(key), 0, key.length);
}

function find(db: Database, key: string): Ref {
  return db.keys.find(latin1Bytes(key), 0, key.length);
}

/** Names of the hashes that the database knows to have expiring fields; checks that their entries say so too. */
function known(keyspace: Keyspace, db: Database): string[] {
  const names: string[] = [];
  db.fieldExpires.forEach((ref) => {
    const name = new TextDecoder().decode(keyspace.entries.keyBytes(ref));
    assert.equal(find(db, name), ref);
    names.push(name);
  });
  db.keys.forEach((ref) => {
    const isMarked = (keyspace.entries.meta(ref) & FLAG_FIELD_EXPIRY) !== 0;
    assert.equal(isMarked, db.fieldExpires.has(ref));
  });
  return names.sort();
}

/** Bytes in use apart from the databases' tables, which keep their buckets. */
function usedOutsideTables(keyspace: Keyspace): number {
  let tables = 0;
  for (const { keys, expires, fieldExpires } of keyspace.databases) {
    tables += keys.overheadBytes + expires.overheadBytes + fieldExpires.overheadBytes;
  }
  return keyspace.arena.stats.used - tables;
}

Deno.test("databases exchange their expiring hashes, and empty ones have none", () => {
  const keyspace = newKeyspace();
  const [first, second, third] = keyspace.databases;
  const used = usedOutsideTables(keyspace);
  addHash(keyspace, first, "one", 10);
  addHash(keyspace, first, "two", 300);
  addHash(keyspace, third, "other", 10);
  keyspace.swapDatabases(first, second);
  assert.deepEqual(known(keyspace, first), []);
  assert.deepEqual(known(keyspace, second), ["one", "two"]);
  keyspace.flushDatabase(second, { inBackground: true });
  assert.deepEqual(known(keyspace, second), []);
  while (!keyspace.lazyFree.run(1000));
  assert.deepEqual(known(keyspace, third), ["other"]);
  third.removeEntry(find(third, "other"));
  assert.equal(usedOutsideTables(keyspace), used);
  addHash(keyspace, first, "one", 10);
  keyspace.flushAll();
  assert.deepEqual(known(keyspace, first), []);
});

Deno.test("an expiring hash keeps its fields' times when its key gets an expiry, moves, is copied or replaced", () => {
  const keyspace = newKeyspace();
  const [first, second] = keyspace.databases;
  const used = usedOutsideTables(keyspace);
  const to = latin1Bytes("another name, longer than the first");
  addHash(keyspace, first, "one", 200);
  addHash(keyspace, second, "two", 6);
  first.setExpire(first.lookupWrite(latin1Bytes("one"), 0, 3), NOW + 1000);
  assert.deepEqual(known(keyspace, first), ["one"]);
  first.copyEntry(find(first, "one"), first, to, 0, to.length);
  assert.deepEqual(known(keyspace, first), ["another name, longer than the first", "one"]);
  first.moveEntry(find(first, "one"), second, latin1Bytes("two"), 0, 3);
  assert.deepEqual(known(keyspace, first), ["another name, longer than the first"]);
  assert.deepEqual(known(keyspace, second), ["two"]);
  first.dropExpire(find(first, "another name, longer than the first"));
  const hash = new HashValue();
  for (const ref of [find(second, "two"), find(first, "another name, longer than the first")]) {
    hash.open(keyspace, ref);
    assert.equal(hash.expiring, 100);
    const field = latin1Bytes("field 199");
    assert.equal(hash.find(field, 0, field.length), true);
    assert.equal(hash.expireAt(), NOW + 199);
  }
  const text = latin1Bytes("text");
  second.setString(latin1Bytes("two"), 0, 3, text, 0, text.length, -1);
  assert.deepEqual(known(keyspace, second), []);
  second.removeEntry(find(second, "two"));
  first.removeEntry(find(first, "another name, longer than the first"));
  while (!keyspace.lazyFree.run(1000));
  assert.equal(usedOutsideTables(keyspace), used);
});

Deno.test("a large expiring hash is freed in the background, order and all", () => {
  const keyspace = newKeyspace();
  const [db] = keyspace.databases;
  const used = usedOutsideTables(keyspace);
  addHash(keyspace, db, "big", 20_000);
  db.unlinkEntry(find(db, "big"));
  assert.equal(keyspace.lazyFree.pending, 1);
  while (!keyspace.lazyFree.run(100));
  assert.equal(usedOutsideTables(keyspace), used);
});

Deno.test("what expires during a snapshot is handed over first, and a copy takes its place where a reader holds it", () => {
  for (const isHeld of [false, true]) {
    const keyspace = newKeyspace();
    const [db] = keyspace.databases;
    addHash(keyspace, db, "one", 20);
    const before = find(db, "one");
    const claimed: Ref[] = [];
    keyspace.cut = {
      congested: false,
      claim(_database, ref) {
        claimed.push(ref);
        return isHeld;
      },
    };
    keyspace.clock.ms = NOW + 10;
    const count = new FieldExpiry(keyspace).reclaim(db, before, 3);
    assert.equal(count, 3);
    assert.deepEqual(claimed, [before]);
    assert.equal(find(db, "one") !== before, isHeld);
    assert.deepEqual(known(keyspace, db), ["one"]);
    const hash = new HashValue();
    hash.open(keyspace, find(db, "one"));
    assert.deepEqual([hash.size, hash.expiring], [17, 7]);
    keyspace.cut = null;
  }
});

Deno.test("a hash without expired fields is not touched, nor claimed", () => {
  const keyspace = newKeyspace();
  const [db] = keyspace.databases;
  addHash(keyspace, db, "one", 4);
  keyspace.cut = { congested: false, claim: () => assert.fail("claimed") };
  assert.equal(new FieldExpiry(keyspace).reclaim(db, find(db, "one"), 10), 0);
  keyspace.honoursExpiry = false;
  keyspace.clock.ms = NOW + 100;
  assert.equal(new FieldExpiry(keyspace).reclaim(db, find(db, "one"), 10), 0);
});
