import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, type Ref } from "../memory/arena.ts";
import { HashTable } from "../structures/hashtable.ts";
import { hashBytes } from "../structures/hash.ts";
import { FLAG_EXPIRE, keyOffset, WORD_KEY_LENGTH, WORD_META } from "./entry_layout.ts";
import { EntryTable } from "./entry_table.ts";

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });

function newEntry(key: Uint8Array, flags: number): Ref {
  const ref = arena.allocate(keyOffset(flags) + key.length);
  arena.setU32(ref * 4 + WORD_META, flags);
  arena.setU32(ref * 4 + WORD_KEY_LENGTH, key.length);
  arena.copyIn(ref * 16 + keyOffset(flags), key, 0, key.length);
  return ref;
}

Deno.test("entries with and without expiry are found by their keys, by the general lookup too", () => {
  const table = new EntryTable(arena);
  const key = fc.uint8Array({ maxLength: 70 });
  const keys = fc.uniqueArray(key, { maxLength: 200, selector: (bytes) => bytes.join() });
  fc.assert(fc.property(keys, fc.array(key, { maxLength: 20 }), (present, others) => {
    table.create();
    const refs = present.map((bytes, n) => newEntry(bytes, n % 3 === 0 ? FLAG_EXPIRE : 0));
    for (const ref of refs) table.insert(ref);
    for (const bytes of [...present, ...others]) {
      const placed = new Uint8Array(bytes.length + 9).fill(0x5a);
      placed.set(bytes, 4);
      const index = present.findIndex((other) => other.join() === bytes.join());
      const wanted = index < 0 ? 0 : refs[index];
      assert.equal(table.find(placed, 4, 4 + bytes.length), wanted);
      assert.equal(HashTable.prototype.find.call(table, placed, 4, 4 + bytes.length), wanted);
      if (wanted !== 0) assert.equal(table.hashOfElement(wanted), hashBytes(bytes, 0, bytes.length));
    }
    for (const ref of refs) {
      assert.equal(table.removeRef(ref), true);
      arena.free(ref);
    }
    table.destroy();
    assert.equal(arena.stats.used, 0);
  }));
});

Deno.test("what was found last is found again while it is there, and not when it moved, went or was replaced", () => {
  const names = Array.from(
    { length: 60 },
    (_, n) => new TextEncoder().encode(`${n % 7 === 0 ? "k" : "key:"}${n}`),
  );
  const step = fc.tuple(
    fc.constantFrom(
      "find",
      "insert",
      "insert",
      "remove",
      "removeRef",
      "removeFound",
      "replace",
      "replaceRef",
    ),
    fc.nat(names.length - 1),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
    const table = new EntryTable(arena);
    table.create();
    const model = new Map<number, Ref>();
    const free = (ref: Ref) => arena.free(ref);
    for (const [what, n] of steps) {
      const key = names[n];
      const held = model.get(n) ?? 0;
      // Twice: the second time by what is remembered.
      assert.equal(table.find(key, 0, key.length), held);
      assert.equal(table.find(key, 0, key.length), held);
      if (what === "insert" && held === 0) {
        const ref = newEntry(key, 0);
        table.insertAfterFind(ref);
        model.set(n, ref);
      } else if (what.startsWith("remove") && held !== 0) {
        if (what === "remove") assert.equal(table.remove(key, 0, key.length), held);
        else if (what === "removeRef") assert.equal(table.removeRef(held), true);
        else assert.equal(table.removeFound(), held);
        model.delete(n);
        free(held);
      } else if (what.startsWith("replace") && held !== 0) {
        const ref = newEntry(key, 0);
        if (what === "replace") table.replaceFound(ref);
        else table.replaceRef(held, ref);
        model.set(n, ref);
        free(held);
      }
      assert.equal(table.find(key, 0, key.length), model.get(n) ?? 0);
    }
    for (const ref of model.values()) {
      assert.equal(table.removeRef(ref), true);
      free(ref);
    }
    table.destroy();
    assert.equal(arena.stats.used, 0);
  }));
});
