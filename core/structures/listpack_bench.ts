// deno bench core/structures/listpack_bench.ts
// A hash of 16 fields and one of 128 (the largest that is a listpack by default), values of 16 bytes.
import { Arena } from "../memory/arena.ts";
import { Listpack } from "./listpack.ts";
import { hashListpackProblem } from "./listpack_bytes.ts";

const encoder = new TextEncoder();
const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const listpacks = new Listpack(arena);
const value = encoder.encode("value of 16 byte");
const number = encoder.encode("1234567");

for (const fields of [16, 128]) {
  const names = Array.from({ length: fields }, (_, n) => encoder.encode(`field:${n}`));
  let ref = listpacks.create();
  for (const name of names) {
    ref = listpacks.append(ref, name, 0, name.length);
    ref = listpacks.append(ref, value, 0, value.length);
  }
  const bytes = arena.u8.slice(ref * 16, ref * 16 + listpacks.bytes(ref));
  const middle = names[fields >> 1];
  const group = `${fields} fields`;

  Deno.bench(`find the middle field of ${fields}`, { group }, () => {
    listpacks.find(ref, listpacks.first(ref), middle, 0, middle.length, 1);
  });

  Deno.bench(`replace its value, ${fields}`, { group }, () => {
    const field = listpacks.find(ref, listpacks.first(ref), middle, 0, middle.length, 1);
    ref = listpacks.replace(ref, listpacks.next(ref, field), value, 0, value.length);
  });

  Deno.bench(`read all, ${fields}`, { group }, () => {
    for (let position = listpacks.first(ref); position !== 0; position = listpacks.next(ref, position)) {
      listpacks.read(ref, position);
    }
  });

  Deno.bench(`append a pair and delete it, ${fields}`, { group }, () => {
    ref = listpacks.append(ref, number, 0, number.length);
    const field = listpacks.position;
    ref = listpacks.append(ref, value, 0, value.length);
    ref = listpacks.deleteRange(ref, field, 2);
  });

  Deno.bench(`check foreign bytes, ${fields}`, { group }, () => {
    if (hashListpackProblem(bytes, 0, bytes.length) !== "") throw new Error("a good listpack was refused");
  });
}
