import assert from "node:assert/strict";
import fc from "fast-check";
import { ReplyWriter } from "../protocol/reply_writer.ts";
import { CHUNK_BYTES, OutputBuffer } from "./output_buffer.ts";

/** Appends `count` bytes that continue the sequence 0, 1, ... 250, 0, ... at the buffer's absolute position. */
function append(output: OutputBuffer, count: number): void {
  output.reserve(count);
  const from = output.end;
  for (let index = 0; index < count; index++) output.bytes[output.length + index] = (from + index) % 251;
  output.length += count;
}

function isSequence(bytes: Uint8Array, from: number): boolean {
  return bytes.every((byte, index) => byte === (from + index) % 251);
}

Deno.test("any mix of appends, partial writes, limits and shrinking delivers the bytes once and in order", () => {
  const operation = fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      count: fc.oneof(fc.nat(300), fc.nat(3 * CHUNK_BYTES)),
    }),
    fc.record({ kind: fc.constant("begin" as const), count: fc.constant(0) }),
    fc.record({ kind: fc.constant("finish" as const), count: fc.nat(100000) }),
    fc.record({ kind: fc.constant("limit" as const), count: fc.nat(100000) }),
    fc.record({ kind: fc.constant("unlimit" as const), count: fc.constant(0) }),
    fc.record({ kind: fc.constant("shrink" as const), count: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const output = new OutputBuffer();
      let appended = 0;
      let inFlight: Uint8Array | null = null;
      for (const { kind, count } of operations) {
        if (kind === "append") {
          append(output, count);
          appended += count;
        } else if (kind === "begin") {
          inFlight ??= output.next();
          if (inFlight !== null) assert.ok(output.sent + inFlight.length <= output.limit);
        } else if (kind === "finish" && inFlight !== null) {
          assert.ok(isSequence(inFlight, output.sent), "bytes in flight changed");
          output.advance(Math.min(inFlight.length, count));
          inFlight = null;
        } else if (kind === "limit") {
          const given = output.sent + (inFlight?.length ?? 0);
          output.limit = Math.max(output.limit === Infinity ? 0 : output.limit, given + count);
        } else if (kind === "unlimit") {
          output.limit = Infinity;
        } else if (kind === "shrink") {
          output.shrink();
        }
        assert.equal(output.end, appended);
        assert.equal(output.pendingBytes, appended - output.sent);
      }
      output.limit = Infinity;
      for (let view = output.next(); view !== null; view = output.next()) {
        assert.ok(isSequence(view, output.sent));
        output.advance(view.length);
      }
      assert.equal(output.sent, appended);
      assert.equal(output.pendingBytes, 0);
      output.shrink();
      assert.ok(output.memoryBytes <= 1024, "an idle buffer is small");
    }),
    { numRuns: 300 },
  );
});

Deno.test("nothing at or behind the limit is given out, and moving it releases more", () => {
  const output = new OutputBuffer();
  append(output, 100);
  output.limit = 0;
  assert.equal(output.next(), null);
  assert.equal(output.sendableBytes, 0);
  output.limit = 60;
  assert.equal(output.next()!.length, 60);
  output.advance(60);
  assert.equal(output.next(), null);
  output.limit = Infinity;
  assert.equal(output.next()!.length, 40);
});

Deno.test("an open array keeps its chunk in one piece however large it becomes", () => {
  const output = new OutputBuffer();
  const reply = new ReplyWriter(output);
  reply.ok();
  const mark = reply.beginArray();
  for (let index = 0; index < 20000; index++) reply.bulkText("0123456789");
  reply.endArray(mark, 20000);
  let text = "";
  for (let view = output.next(); view !== null; view = output.next()) {
    text += new TextDecoder().decode(view);
    output.advance(view.length);
  }
  assert.equal(text, `+OK\r\n*20000\r\n${"$10\r\n0123456789\r\n".repeat(20000)}`);
  assert.ok(output.memoryBytes <= CHUNK_BYTES, "a burst's memory is given back");
});

Deno.test("sealing is told, and the gauges count sealed chunks", () => {
  const output = new OutputBuffer();
  let sealed = 0;
  output.onSealed = () => sealed++;
  for (let index = 0; index < 5; index++) append(output, CHUNK_BYTES);
  assert.equal(sealed, 4);
  assert.equal(output.sealedCount, 4);
  assert.equal(output.sealedBytes, 4 * CHUNK_BYTES);
  assert.equal(output.memoryBytes, 5 * CHUNK_BYTES);
  output.discardAll();
  assert.equal(output.pendingBytes, 0);
  assert.equal(output.memoryBytes, 0);
  assert.equal(output.end, 5 * CHUNK_BYTES);
});
