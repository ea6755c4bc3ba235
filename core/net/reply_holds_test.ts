// Boundaries of held replies: the ring against a plain list, and what a client's socket is given against a plain text.
import assert from "node:assert/strict";
import fc from "fast-check";
import { CHUNK_BYTES, OutputBuffer } from "./output_buffer.ts";
import { ReplyHolds } from "./reply_holds.ts";

Deno.test("a new client holds nothing: no limit, no offset (ClientInitAndReset, SyncReplicationInitSetsDefaults)", () => {
  const holds = new ReplyHolds();
  assert.equal(holds.count, 0);
  assert.equal(holds.firstPosition, Infinity);
  assert.equal(holds.lastOffset, -1);
  holds.add(5, 10, 1.5);
  assert.deepEqual(
    [holds.firstPosition, holds.firstOffset, holds.firstTime],
    [5, 10, 1.5],
  );
  holds.clear();
  assert.equal(holds.firstPosition, Infinity);
});

Deno.test("what is behind a boundary already gets no other one unless it waits longer", () => {
  const holds = new ReplyHolds();
  assert.equal(holds.add(0, 10, 0), true);
  assert.equal(holds.add(5, 10, 0), false);
  assert.equal(holds.add(5, 7, 0), false);
  assert.equal(holds.add(9, 11, 0), true);
  assert.equal(holds.count, 2);
});

Deno.test("the ring is a queue, whatever its length", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 40 }), (steps) => {
      const holds = new ReplyHolds();
      const model: number[] = [];
      let next = 1;
      for (const step of steps) {
        if (step === 0) {
          holds.clear();
          model.length = 0;
        }
        for (let count = 0; count < step; count++) {
          assert.ok(holds.add(next * 3, next, next / 2));
          model.push(next++);
        }
        for (let count = 0; count < -step && model.length > 0; count++) {
          const first = model.shift()!;
          assert.equal(holds.firstPosition, first * 3);
          assert.equal(holds.firstOffset, first);
          assert.equal(holds.firstTime, first / 2);
          holds.shift();
        }
        assert.equal(holds.count, model.length);
        assert.equal(holds.lastOffset, model.at(-1) ?? -1);
        assert.equal(holds.firstPosition, model.length === 0 ? Infinity : model[0] * 3);
      }
    }),
  );
});

Deno.test("sendable or not goes by the position in the output (ClientHasPendingRepliesUsesBufposNotDataLen)", () => {
  const output = new OutputBuffer();
  append(output, 200);
  output.limit = 100;
  output.advance(50);
  assert.equal(output.sendableBytes, 50);
  assert.equal(output.next()!.length, 50);
  output.advance(30);
  assert.equal(output.next()!.length, 20);
  output.advance(20);
  assert.equal(output.sendableBytes, 0, "IsClientReplyBufferLimited");
  assert.equal(output.next(), null);
  assert.equal(output.heldBytes, 100);
  output.limit = 120;
  assert.equal(output.next()!.length, 20);
});

Deno.test("what was held does not count as unread while it is on its way, what comes behind it does", () => {
  const output = new OutputBuffer();
  append(output, 10);
  output.limit = 4;
  assert.equal(output.unreadBytes, 4);
  output.release(7);
  assert.deepEqual([output.sendableBytes, output.unreadBytes], [7, 0]);
  output.release(Infinity);
  append(output, 5);
  assert.equal(output.unreadBytes, 5);
  output.advance(12);
  assert.equal(output.unreadBytes, 3);
});

Deno.test("any mix of output, holds, acks, partial writes and seals: nothing beyond the first boundary, nothing lost", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constantFrom("reply", "held"),
      size: fc.oneof(fc.nat(40), fc.nat(2 * CHUNK_BYTES)),
    }),
    fc.record({ kind: fc.constant("ack"), size: fc.nat(6) }),
    fc.record({ kind: fc.constant("begin"), size: fc.constant(0) }),
    fc.record({ kind: fc.constant("finish"), size: fc.nat(CHUNK_BYTES) }),
    fc.record({ kind: fc.constantFrom("seal", "shrink"), size: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const output = new OutputBuffer();
      const holds = new ReplyHolds();
      /** Position and offset of each boundary that has not been acknowledged. */
      let model: { position: number; offset: number }[] = [];
      let offset = 0;
      let acked = 0;
      let sent = 0;
      let inFlight: Uint8Array | null = null;
      for (const { kind, size } of steps) {
        if (kind === "reply") append(output, size);
        else if (kind === "held") {
          const position = output.end;
          append(output, size);
          offset++;
          if (size > 0) {
            holds.add(position, offset, 0);
            model.push({ position, offset });
          }
        } else if (kind === "ack") {
          acked = Math.min(offset, acked + size);
          while (holds.count > 0 && holds.firstOffset <= acked) holds.shift();
          model = model.filter((each) => each.offset > acked);
        } else if (kind === "begin") inFlight ??= output.next();
        else if (kind === "finish") {
          if (inFlight !== null) {
            const count = Math.min(inFlight.length, size + 1);
            assert.ok(inFlight.subarray(0, count).every((byte, index) => byte === (sent + index) % 251));
            sent += count;
            output.advance(count);
            inFlight = null;
          }
        } else if (inFlight === null) {
          if (kind === "seal") output.seal();
          else output.shrink();
        }
        output.limit = holds.firstPosition;
        const boundary = model[0]?.position ?? Infinity;
        assert.ok(sent <= boundary);
        const next = inFlight === null ? output.next() : inFlight;
        if (next !== null) assert.ok(sent + next.length <= boundary);
        else assert.equal(sent, Math.min(boundary, output.end));
      }
      // With everything acknowledged everything comes.
      output.limit = Infinity;
      for (let view = inFlight ?? output.next(); view !== null; view = output.next()) {
        assert.ok(view.every((byte, index) => byte === (sent + index) % 251));
        sent += view.length;
        output.advance(view.length);
      }
      assert.equal(sent, output.end);
    }),
  );
});

/** Appends bytes that continue the sequence 0, 1, ... 250, 0, ... at the buffer's absolute position. */
function append(output: OutputBuffer, count: number): void {
  output.reserve(count);
  const from = output.end;
  for (let index = 0; index < count; index++) output.bytes[output.length + index] = (from + index) % 251;
  output.length += count;
}
