// deno bench core/structures/intset_bench.ts
// An intset of 512 members (the largest by default) in each width: finding, adding and removing one, reading all.
import { Arena } from "../memory/arena.ts";
import { Int64Words } from "./int64_words.ts";
import { Intset } from "./intset.ts";

const MEMBERS = 512;
const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const intsets = new Intset(arena);
const words = new Int64Words();

for (const [name, factor] of [["16 bits", 60], ["32 bits", 70_000], ["64 bits", 5_000_000_000]] as const) {
  let ref = intsets.create();
  for (let member = 0; member < MEMBERS; member++) {
    words.setNumber(member * factor);
    ref = intsets.add(ref, words);
  }
  let next = 0;

  Deno.bench(`find one, ${name}`, { group: name }, () => {
    words.setNumber((next = (next + 197) % MEMBERS) * factor);
    if (!intsets.find(ref, words)) throw new Error("a member is missing");
  });

  Deno.bench(`add and remove one, ${name}`, { group: name }, () => {
    words.setNumber((next = (next + 197) % MEMBERS) * factor + 1);
    ref = intsets.add(ref, words);
    ref = intsets.remove(ref, words);
  });

  Deno.bench(`read all, ${name}`, { group: name }, () => {
    for (let index = 0; index < MEMBERS; index++) intsets.read(ref, index, words);
  });
}
