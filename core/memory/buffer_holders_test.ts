import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { BufferHolders } from "./buffer_holders.ts";

Deno.test("holders are told when swap() drops the buffer, and only then", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  let told = 0;
  const holder = { releaseBuffer: () => void told++ };
  arena.addHolder(holder);
  arena.swap();
  assert.equal(told, 0, "a small arena is emptied in place");
  const reader = arena.openReader();
  arena.swap();
  assert.equal(told, 1);
  reader.close();
});

Deno.test("any number of holders can come", () => {
  const holders = new BufferHolders();
  let told = 0;
  const all = Array.from({ length: 1000 }, () => ({ releaseBuffer: () => void told++ }));
  for (const each of all) holders.add(each);
  holders.releaseAll();
  assert.equal(told, all.length);
});
