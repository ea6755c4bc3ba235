import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "./arena_dataset.ts";
import { ListpackBuilder } from "./listpack_builder.ts";
import { ListpackReader } from "./listpack_reader.ts";
import { latin1 } from "./recording_sink.ts";

const builder = new ListpackBuilder();
const reader = new ListpackReader();

function build(elements: string[]): Uint8Array {
  builder.begin();
  for (const element of elements) builder.append(latin1Bytes(element), 0, element.length);
  assert.ok(builder.size > 0);
  return builder.bytes.slice(0, builder.finish());
}

function read(listpack: Uint8Array): string[] {
  const elements: string[] = [];
  reader.open(listpack, 0, listpack.length);
  while (reader.next()) elements.push(latin1(reader.valueBytes, reader.valueStart, reader.valueEnd));
  assert.equal(reader.problem, "");
  return elements;
}

Deno.test("elements take the forms that Valkey gives them", () => {
  const body = (element: string) => [...build([element])].slice(6, -1);
  assert.deepEqual([...build([])], [7, 0, 0, 0, 0, 0, 0xff]);
  assert.deepEqual(body("0"), [0, 1]);
  assert.deepEqual(body("127"), [127, 1]);
  assert.deepEqual(body("128"), [0xc0, 128, 2]);
  assert.deepEqual(body("-1"), [0xdf, 0xff, 2]);
  assert.deepEqual(body("-4096"), [0xd0, 0, 2]);
  assert.deepEqual(body("4096"), [0xf1, 0, 0x10, 3]);
  assert.deepEqual(body("-32769"), [0xf2, 0xff, 0x7f, 0xff, 4]);
  assert.deepEqual(body("8388608"), [0xf3, 0, 0, 0x80, 0, 5]);
  assert.deepEqual(body("2147483648"), [0xf4, 0, 0, 0, 0x80, 0, 0, 0, 0, 9]);
  assert.deepEqual(body("-9223372036854775808"), [0xf4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9]);
  assert.deepEqual(body("9223372036854775808").length, 1 + 19 + 1);
  assert.deepEqual(body(""), [0x80, 1]);
  assert.deepEqual(body("01"), [0x82, 48, 49, 3]);
  assert.deepEqual(body("x".repeat(64)).slice(0, 2), [0xe0, 64]);
  assert.deepEqual(body("x".repeat(5000)).slice(0, 5), [0xf0, 0x88, 0x13, 0, 0]);
});

Deno.test("whatever is appended is read back, at every size of the backwards length", () => {
  const sizes = [126, 127, 128, 16380, 16381, 16382, 16383, 16384, 2_097_143, 2_097_146, 2_097_151];
  const large = sizes.map((size) => "s".repeat(size));
  assert.deepEqual(read(build(large)), large);
  const many = Array.from({ length: 70_000 }, (_, k) => `${k}`);
  assert.deepEqual(read(build(many)), many);
  const element = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 80 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => `${value}`),
    fc.integer().map((value) => `${value}`),
  );
  fc.assert(
    fc.property(fc.array(element, { maxLength: 50 }), (elements) => {
      assert.deepEqual(read(build(elements)), elements);
    }),
    { numRuns: 500 },
  );
});
