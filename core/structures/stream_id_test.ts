import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../bytes/ascii.ts";
import { STREAM_ID_TEXT_BYTES_MAX, StreamId } from "./stream_id.ts";

const MAX = 2n ** 64n - 1n;
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, MAX - 1n, MAX),
);

function idOf(ms: bigint, seq: bigint): StreamId {
  return new StreamId().set(
    Number(ms >> 32n),
    Number(ms & 0xffffffffn),
    Number(seq >> 32n),
    Number(seq & 0xffffffffn),
  );
}

function parsed(text: string): string | null {
  const id = new StreamId();
  const bytes = latin1Bytes(text);
  return id.parseMs(bytes, 0, bytes.length) ? id.toString().split("-")[0] : null;
}

Deno.test("stream id: text, bytes and words agree with bigint", () => {
  fc.assert(fc.property(uint64, uint64, (ms, seq) => {
    const id = idOf(ms, seq);
    assert.equal(id.toString(), `${ms}-${seq}`);
    const target = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);
    assert.equal(id.format(target, 0), `${ms}-${seq}`.length);
    const bytes = new Uint8Array(16);
    id.storeBytes(bytes, 0);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0), ms);
    assert.equal(new DataView(bytes.buffer).getBigUint64(8), seq);
    assert.ok(new StreamId().loadBytes(bytes, 0).equals(id));
    const again = new StreamId();
    const msText = latin1Bytes(`${ms}`);
    const seqText = latin1Bytes(`${seq}`);
    assert.ok(again.parseMs(msText, 0, msText.length) && again.parseSeq(seqText, 0, seqText.length));
    assert.ok(again.equals(id));
    assert.equal(id.isZero, ms === 0n && seq === 0n);
    assert.equal(id.isMax, ms === MAX && seq === MAX);
  }));
});

Deno.test("stream id: order, next and previous agree with bigint", () => {
  fc.assert(
    fc.property(uint64, uint64, uint64, uint64, fc.boolean(), (ms, seq, otherMs, otherSeq, sameMs) => {
      const second = sameMs ? ms : otherMs;
      const a = (ms << 64n) | seq;
      const b = (second << 64n) | otherSeq;
      const words = new Int32Array(5);
      const other = idOf(second, otherSeq);
      words.set([other.msHigh, other.msLow, other.seqHigh, other.seqLow], 1);
      assert.equal(Math.sign(idOf(ms, seq).compare(other)), a < b ? -1 : a > b ? 1 : 0);
      assert.equal(Math.sign(idOf(ms, seq).compareWords(words, 1)), a < b ? -1 : a > b ? 1 : 0);
      const next = idOf(ms, seq);
      assert.equal(next.increment(), a !== 2n ** 128n - 1n);
      const up = (a + 1n) & (2n ** 128n - 1n);
      assert.equal(next.toString(), `${up >> 64n}-${up & MAX}`);
      const before = idOf(ms, seq);
      assert.equal(before.decrement(), a !== 0n);
      const down = (a - 1n) & (2n ** 128n - 1n);
      assert.equal(before.toString(), `${down >> 64n}-${down & MAX}`);
    }),
  );
});

Deno.test("stream id: what is taken as a number and what is not", () => {
  assert.equal(parsed("0"), "0");
  assert.equal(parsed("007"), "7");
  assert.equal(parsed("+5"), "5");
  assert.equal(parsed(" 5"), "5");
  assert.equal(parsed("18446744073709551615"), "18446744073709551615");
  assert.equal(parsed("00018446744073709551615"), "18446744073709551615");
  for (
    const text of [
      "",
      " ",
      "+",
      "18446744073709551616",
      "99999999999999999999",
      "1x",
      "x",
      "1 ",
      "9007199254740993x",
    ]
  ) {
    assert.equal(parsed(text), null, text);
  }
});

Deno.test("stream id: ids told one after the other, of one millisecond or of several by turns", () => {
  const few = fc.constantFrom(0n, 7n, 1700000000000n, 1700000000001n, 2n ** 32n + 7n, MAX);
  fc.assert(fc.property(fc.array(fc.tuple(few, uint64), { minLength: 2 }), (ids) => {
    for (const [ms, seq] of ids) assert.equal(idOf(ms, seq).toString(), `${ms}-${seq}`);
  }));
});
