import assert from "node:assert/strict";
import { ControlBlock } from "../sdk/control_block.ts";
import { codecCases } from "../sdk/conformance/codec_suite.ts";
import { createSdk } from "../sdk/sdk.ts";
import type { ByteStage } from "../sdk/types.ts";
import codecLzf from "./main.ts";

const codec = codecLzf(createSdk("codec-lzf", new ControlBlock(), () => {}));

const promises = { provides: { stream: "lzf", block: "lzf" }, declares: ["streaming", "deterministic"] };
for (const { name, run } of codecCases(codec, promises)) Deno.test(`codec-lzf conforms: ${name}`, run);

function pushAll(stage: ByteStage, ...chunks: Uint8Array[]): Uint8Array {
  const out: number[] = [];
  for (const chunk of chunks) stage.push(chunk, (bytes) => out.push(...bytes));
  stage.end((bytes) => out.push(...bytes));
  return Uint8Array.from(out);
}

Deno.test("a stream has the blocks of liblzf's tool, stored and compressed", () => {
  const stored = pushAll(codec.encoder!(), Uint8Array.of(1, 2, 3));
  assert.deepEqual(stored, Uint8Array.of(0x5a, 0x56, 0, 0, 3, 1, 2, 3));
  const packed = pushAll(codec.encoder!(), new Uint8Array(100).fill(97));
  assert.deepEqual(packed.subarray(0, 3), Uint8Array.of(0x5a, 0x56, 1));
  assert.deepEqual(packed.subarray(5, 7), Uint8Array.of(0, 100));
  assert.equal(packed.length, 7 + ((packed[3] << 8) | packed[4]));
});

const BAD: [string, number[], RegExp][] = [
  ["wrong magic", [0x5a, 0x57, 0, 0, 1, 0], /no LZF block begins with bytes 90 87 0/],
  ["unknown type", [0x5a, 0x56, 2, 0, 1, 0], /begins with bytes 90 86 2/],
  ["empty block", [0x5a, 0x56, 0, 0, 0], /length 0/],
  ["cut header", [0x5a, 0x56], /ends inside a block, after 2 bytes/],
  ["cut data", [0x5a, 0x56, 0, 0, 9, 1, 2], /ends inside a block, after 7 bytes/],
  ["wrong length", [0x5a, 0x56, 1, 0, 2, 0, 9, 0, 97], /does not decompress to 9 bytes/],
];

for (const [what, bytes, message] of BAD) {
  Deno.test(`a stream that is none is refused: ${what}`, () => {
    assert.throws(() => pushAll(codec.decoder!(), Uint8Array.from(bytes)), message);
  });
}
