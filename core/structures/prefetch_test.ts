import assert from "node:assert/strict";
import { Arena } from "../memory/arena.ts";
import { SetTable } from "./set_table.ts";
import { Prefetch, PREFETCH_KEYS_MAX } from "./prefetch.ts";

Deno.test("prefetching is harmless: empty and full tables, absent keys, more keys than it takes", () => {
  const arena = Arena.create({ bytes: 16 * 1024 * 1024 });
  const table = new SetTable(arena);
  const prefetch = new Prefetch(arena);
  const key = new Uint8Array([107, 0, 0]);
  table.create(100_000);
  for (let round = 0; round < 3; round++) {
    const used = arena.stats.used;
    for (let n = 0; n < 2 * PREFETCH_KEYS_MAX; n++) {
      key[1] = n;
      prefetch.add(table.root, key, 0, 3);
    }
    assert.equal(prefetch.count, PREFETCH_KEYS_MAX);
    prefetch.run();
    assert.equal(prefetch.count, 0);
    assert.equal(arena.stats.used, used);
    for (let n = 0; n < 256; n += 2) {
      key[1] = n;
      assert.equal(table.add(key, 0, 3), round === 0);
    }
  }
  assert.equal(table.size, 128);
});
