import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { Listpack } from "./listpack.ts";
import { ListpackCursor, listpackLength, listpackProblem } from "./listpack_bytes.ts";

const MiB = 1024 * 1024;

function newListpacks(bytes = 64 * MiB): { arena: Arena; listpacks: Listpack } {
  const arena = Arena.create({ bytes });
  return { arena, listpacks: new Listpack(arena) };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

/** The format written down a second time, as simply as possible. */
function encode(elements: string[]): Uint8Array {
  const parts: number[] = [];
  for (const text of elements) {
    const head: number[] = [];
    let data = text;
    const value = /^(0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : null;
    if (value !== null && BigInt.asIntN(64, value) === value) {
      data = "";
      const little = (bits: number) => {
        for (let shift = 0; shift < bits; shift += 8) head.push(Number((value >> BigInt(shift)) & 0xffn));
      };
      const fits = (bits: number) => BigInt.asIntN(bits, value) === value;
      if (value >= 0n && value <= 127n) head.push(Number(value));
      else if (fits(13)) head.push(0xc0 | Number((value >> 8n) & 0x1fn), Number(value & 0xffn));
      else if (fits(16)) head.push(0xf1), little(16);
      else if (fits(24)) head.push(0xf2), little(24);
      else if (fits(32)) head.push(0xf3), little(32);
      else head.push(0xf4), little(64);
    } else if (text.length < 64) head.push(0x80 | text.length);
    else if (text.length < 4096) head.push(0xe0 | (text.length >> 8), text.length & 0xff);
    else head.push(0xf0, text.length & 0xff, (text.length >> 8) & 0xff, text.length >> 16, 0);
    const size = head.length + data.length;
    const back = [size & 0x7f];
    const backBytes = size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : 4;
    for (let shift = 7; back.length < backBytes; shift += 7) {
      back[0] |= 0x80;
      back.unshift((size >> shift) & 0x7f);
      for (let index = 1; index < back.length; index++) back[index] |= 0x80;
    }
    parts.push(...head);
    for (let index = 0; index < data.length; index++) parts.push(data.charCodeAt(index));
    parts.push(...back);
  }
  const total = parts.length + 7;
  const count = Math.min(elements.length, 0xffff);
  return Uint8Array.from(
    [
      total & 0xff,
      (total >> 8) & 0xff,
      (total >> 16) & 0xff,
      total >> 24,
      count & 0xff,
      count >> 8,
      ...parts,
      0xff,
    ],
  );
}

function bytesOf(arena: Arena, listpacks: Listpack, ref: number): Uint8Array {
  return arena.u8.slice(ref * 16, ref * 16 + listpacks.bytes(ref));
}

function elementsOf(listpacks: Listpack, ref: number): string[] {
  const texts: string[] = [];
  for (let position = listpacks.first(ref); position !== 0; position = listpacks.next(ref, position)) {
    const element = listpacks.read(ref, position);
    texts.push(textOf(element.bytes, element.start, element.end));
  }
  return texts;
}

const edges = [127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648];
const integers = [0, 1, ...edges].flatMap((edge) => [`${edge}`, `${-edge - 1}`, `${-edge}`]);
const odd = ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "9223372036854775807", "9223372036854775808"];
const more = [
  "-9223372036854775808",
  "-9223372036854775809",
  "9007199254740993",
  "-9007199254740993",
  "\0\xff",
];
const lengths = [62, 63, 64, 65, 124, 125, 126, 127, 128, 4094, 4095, 4096];
const pool = [
  ...integers,
  ...odd,
  ...more,
  ...lengths.map((length) => "s".repeat(length)),
  "a",
  "b",
  "field",
  "value",
];

Deno.test("listpack behaves like an array under any sequence of operations, to the byte", () => {
  const { arena, listpacks } = newListpacks();
  const start = arena.stats.used;
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 200, maxLength: 200 }), (operations) => {
      let ref = listpacks.create();
      const model: string[] = [];
      for (const operation of operations) {
        const text = pool[(operation >>> 5) % pool.length];
        const bytes = latin1(text);
        const index = model.length === 0 ? -1 : (operation >>> 12) % model.length;
        const position = index < 0 ? 0 : listpacks.seek(ref, operation & 32 ? index : index - model.length);
        switch (operation & 15) {
          case 0:
          case 1:
            ref = listpacks.append(ref, bytes, 0, bytes.length);
            model.push(text);
            break;
          case 2: {
            const second = pool[(operation >>> 13) % pool.length];
            const secondBytes = latin1(second);
            ref = listpacks.appendPair(ref, bytes, 0, bytes.length, secondBytes, 0, secondBytes.length);
            model.push(text, second);
            assert.equal(listpacks.position, listpacks.seek(ref, -2));
            break;
          }
          case 3:
            ref = listpacks.prepend(ref, bytes, 0, bytes.length);
            model.unshift(text);
            break;
          case 4:
            if (index < 0) break;
            ref = listpacks.insertBefore(ref, position, bytes, 0, bytes.length);
            model.splice(index, 0, text);
            assert.ok(listpacks.equals(ref, listpacks.position, bytes, 0, bytes.length));
            break;
          case 5:
            if (index < 0) break;
            ref = listpacks.insertAfter(ref, position, bytes, 0, bytes.length);
            model.splice(index + 1, 0, text);
            assert.equal(listpacks.position, listpacks.seek(ref, index + 1));
            break;
          case 6:
          case 7:
            if (index < 0) break;
            ref = listpacks.replace(ref, position, bytes, 0, bytes.length);
            model[index] = text;
            assert.equal(listpacks.position, position);
            break;
          case 8:
          case 9:
            if (index < 0) break;
            ref = listpacks.delete(ref, position);
            model.splice(index, 1);
            assert.equal(listpacks.position, index === model.length ? 0 : position);
            break;
          case 10:
            if (index < 0) break;
            ref = listpacks.deleteRange(ref, position, operation & 7);
            model.splice(index, operation & 7);
            break;
          case 11: {
            const skip = (operation >>> 9) & 1;
            const found = listpacks.find(ref, listpacks.first(ref), bytes, 0, bytes.length, skip);
            const at = model.findIndex((element, n) => element === text && n % (skip + 1) === 0);
            assert.equal(found, at < 0 ? 0 : listpacks.seek(ref, at));
            break;
          }
          case 12: {
            const copy = listpacks.copyOf(ref);
            listpacks.free(ref);
            ref = listpacks.fit(copy);
            break;
          }
          case 13: {
            const value = (operation - 2 ** 30) * (operation & 256 ? 4194304 : 1);
            ref = operation & 512 || index < 0
              ? listpacks.appendNumber(ref, value)
              : listpacks.replaceNumber(ref, position, value);
            if (operation & 512 || index < 0) model.push(`${value}`);
            else model[index] = `${value}`;
            break;
          }
          case 14: {
            const backwards: string[] = [];
            for (let at = listpacks.last(ref); at !== 0; at = listpacks.previous(ref, at)) {
              const element = listpacks.read(ref, at);
              backwards.unshift(textOf(element.bytes, element.start, element.end));
            }
            assert.deepEqual(backwards, model);
            break;
          }
          case 15:
            assert.equal(listpacks.seek(ref, model.length), 0);
            assert.equal(listpacks.seek(ref, -model.length - 1), 0);
            assert.deepEqual(elementsOf(listpacks, ref), model);
        }
        assert.equal(listpacks.length(ref), model.length);
        assert.ok(arena.sizeOf(ref) >= listpacks.bytes(ref));
      }
      const bytes = bytesOf(arena, listpacks, ref);
      assert.deepEqual(bytes, encode(model));
      assert.equal(listpackProblem(bytes, 0, bytes.length), "");
      const again = listpacks.createFrom(bytes, 0, bytes.length);
      assert.deepEqual(elementsOf(listpacks, again), model);
      listpacks.free(ref);
      listpacks.free(again);
      assert.equal(arena.stats.used, start, "everything was freed");
    }),
    { numRuns: 1000 },
  );
});

Deno.test("an integer element tells its value, beyond 53 bits too", () => {
  const { listpacks } = newListpacks();
  let ref = listpacks.create();
  for (const text of ["9223372036854775807", "-17", "17x"]) {
    ref = listpacks.append(ref, latin1(text), 0, text.length);
  }
  const element = listpacks.read(ref, listpacks.first(ref));
  assert.ok(element.isInteger && !element.integer.isSafe);
  assert.equal(textOf(element.bytes, element.start, element.end), "9223372036854775807");
  listpacks.read(ref, listpacks.seek(ref, 1));
  assert.ok(element.isInteger && element.integer.isSafe);
  assert.equal(element.integer.toNumber(), -17);
  listpacks.read(ref, listpacks.seek(ref, 2));
  assert.equal(element.isInteger, false);
  assert.equal(element.length, 3);
});

Deno.test("a listpack of more than 65,534 elements counts by walking", () => {
  const { arena, listpacks } = newListpacks();
  let ref = listpacks.create(512 * 1024);
  const total = 65_600;
  for (let n = 0; n < total; n++) ref = listpacks.appendNumber(ref, n & 127);
  assert.equal(listpacks.length(ref), total);
  const bytes = bytesOf(arena, listpacks, ref);
  assert.equal(bytes[4] | (bytes[5] << 8), 0xffff);
  assert.equal(listpackLength(bytes, 0), total);
  assert.equal(listpackProblem(bytes, 0, bytes.length), "");
  assert.equal(listpacks.read(ref, listpacks.seek(ref, 65_590)).integer.toNumber(), 65_590 & 127);
  assert.equal(listpacks.read(ref, listpacks.seek(ref, -2)).integer.toNumber(), (total - 2) & 127);
  assert.equal(listpacks.seek(ref, total), 0);
  assert.equal(listpacks.seek(ref, -total - 1), 0);
  ref = listpacks.deleteRange(ref, listpacks.first(ref), 300);
  assert.equal(listpacks.length(ref), total - 300);
  // Unknown stays unknown, as others expect it.
  assert.equal(listpackProblem(bytesOf(arena, listpacks, ref), 0, listpacks.bytes(ref)), "");
});

Deno.test("long elements: 12-bit and 32-bit lengths, and backward lengths of up to four bytes", () => {
  const { arena, listpacks } = newListpacks();
  let ref = listpacks.create();
  const model: string[] = [];
  for (const length of [16_377, 16_378, 16_379, 2_097_145, 2_097_146, 70_000]) {
    const text = String.fromCharCode(97 + model.length).repeat(length);
    model.push(text);
    ref = listpacks.append(ref, latin1(text), 0, length);
  }
  const reference = encode(model);
  const same = bytesOf(arena, listpacks, ref).every((byte, at) => byte === reference[at]);
  assert.ok(same && reference.length === listpacks.bytes(ref));
  for (let position = listpacks.last(ref), n = model.length - 1; position !== 0; n--) {
    const element = listpacks.read(ref, position);
    assert.equal(element.length, model[n].length);
    assert.equal(element.bytes[element.start], model[n].charCodeAt(0));
    position = listpacks.previous(ref, position);
  }
  const cursor = new ListpackCursor().open(bytesOf(arena, listpacks, ref), 0);
  for (const text of model) assert.ok(cursor.next() && cursor.element.length === text.length);
  assert.equal(cursor.next(), false);
});

Deno.test("room that was asked for stays while the listpack grows, and goes with fit", () => {
  const { arena, listpacks } = newListpacks();
  const start = arena.stats.used;
  const ref = listpacks.create(4096);
  const bytes = latin1("text");
  assert.equal(listpacks.append(ref, bytes, 0, bytes.length), ref);
  assert.equal(listpacks.appendPair(ref, bytes, 0, 4, bytes, 1, 3), ref);
  const fitted = listpacks.fit(ref);
  assert.ok(arena.sizeOf(fitted) < 64);
  assert.deepEqual(elementsOf(listpacks, fitted), ["text", "text", "ex"]);
  assert.equal(listpacks.fit(fitted), fitted);
  listpacks.free(fitted);
  assert.equal(arena.stats.used, start);
});

Deno.test("a full arena leaves the listpack as it was", () => {
  const { arena, listpacks } = newListpacks(1 * MiB);
  let ref = listpacks.create();
  const text = latin1("x".repeat(1000));
  let count = 0;
  assert.throws(() => {
    for (;; count++) ref = listpacks.append(ref, text, 0, text.length);
  }, { code: "ARENA_FULL" });
  assert.ok(count > 100);
  assert.equal(listpacks.length(ref), count);
  const bytes = bytesOf(arena, listpacks, ref);
  assert.equal(listpackProblem(bytes, 0, bytes.length), "");
  ref = listpacks.deleteRange(ref, listpacks.first(ref), count);
  assert.equal(listpacks.bytes(ref), 7);
  assert.ok(arena.sizeOf(ref) <= 16);
});

Deno.test("a position that is none and a size beyond the limit are refused", () => {
  const { listpacks } = newListpacks();
  const ref = listpacks.create();
  assert.throws(() => listpacks.delete(ref, 0), /Position 0/);
  assert.equal(listpacks.isSafeToAdd(ref, 2 ** 30 - 7), true);
  assert.equal(listpacks.isSafeToAdd(ref, 2 ** 30 - 6), false);
});
