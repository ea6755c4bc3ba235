import assert from "node:assert/strict";
import fc from "fast-check";
import { OutputSink } from "./output_sink.ts";
import { type Protocol, ReplyWriter } from "./reply_writer.ts";

const encoder = new TextEncoder();

function written(write: (reply: ReplyWriter) => void, protocol: Protocol = 2): string {
  const sink = new OutputSink();
  const reply = new ReplyWriter(sink);
  reply.protocol = protocol;
  write(reply);
  return Array.from(sink.take(), (byte) => String.fromCharCode(byte)).join("");
}

Deno.test("constants and simple strings", () => {
  assert.equal(written((r) => r.ok()), "+OK\r\n");
  assert.equal(written((r) => r.pong()), "+PONG\r\n");
  assert.equal(written((r) => r.queued()), "+QUEUED\r\n");
  assert.equal(written((r) => (r.simple("string"), r.simple("string"))), "+string\r\n+string\r\n");
});

Deno.test("errors lose trailing newlines, inner ones become spaces, and are counted", () => {
  const sink = new OutputSink();
  const reply = new ReplyWriter(sink);
  const observed: string[] = [];
  reply.observer = { errorReplied: (text) => observed.push(text) };
  reply.error("ERR a\r\nb\n\r\n");
  assert.equal(new TextDecoder().decode(sink.take()), "-ERR a  b\r\n");
  assert.equal(reply.errorCount, 1);
  assert.equal(reply.lastError, "ERR a\r\nb\n\r\n");
  assert.deepEqual(observed, ["ERR a\r\nb\n\r\n"]);
  assert.equal(written((r) => r.error("ERR \xff")), "-ERR \xff\r\n");
});

Deno.test("integers of every size", () => {
  for (
    const value of [0, 1, 9, 10, -1, -9, -10, 99, 123456789, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53]
  ) {
    assert.equal(written((r) => r.integer(value)), `:${value}\r\n`);
    assert.equal(written((r) => r.integer64(BigInt(value))), `:${value}\r\n`);
    assert.equal(written((r) => r.bulkInteger(value)), `$${String(value).length}\r\n${value}\r\n`);
  }
  assert.equal(written((r) => r.integer64(2n ** 63n - 1n)), ":9223372036854775807\r\n");
  assert.equal(written((r) => r.bulkInteger64(-(2n ** 63n))), "$20\r\n-9223372036854775808\r\n");
});

Deno.test("bulk strings from spans, texts and arena bytes of any length", () => {
  assert.equal(written((r) => r.bulk(encoder.encode("xabcy"), 1, 4)), "$3\r\nabc\r\n");
  assert.equal(written((r) => r.bulkText("")), "$0\r\n\r\n");
  assert.equal(written((r) => r.bulkText("é")), "$2\r\n\xc3\xa9\r\n");
  assert.equal(written((r) => r.bulkLatin1("\xe9")), "$1\r\n\xe9\r\n");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(50), (bytes, before) => {
    const arena = { u8: new Uint8Array(new SharedArrayBuffer(512)) };
    arena.u8.set(bytes, before);
    const expected = `$${bytes.length}\r\n${Array.from(bytes, (b) => String.fromCharCode(b)).join("")}\r\n`;
    assert.equal(written((r) => r.bulkArena(arena, before, bytes.length)), expected);
    assert.equal(written((r) => r.bulkBytes(bytes)), expected);
  }));
});

Deno.test("types that only RESP3 has are spelled with RESP2 types for RESP2 clients", () => {
  const cases: [(reply: ReplyWriter) => void, string, string][] = [
    [(r) => r.null(), "$-1\r\n", "_\r\n"],
    [(r) => r.nullArray(), "*-1\r\n", "_\r\n"],
    [(r) => r.array(12), "*12\r\n", "*12\r\n"],
    [(r) => r.emptyArray(), "*0\r\n", "*0\r\n"],
    [(r) => r.map(6), "*12\r\n", "%6\r\n"],
    [(r) => r.set(3), "*3\r\n", "~3\r\n"],
    [(r) => r.push(3), "*3\r\n", ">3\r\n"],
    [(r) => r.boolean(true), ":1\r\n", "#t\r\n"],
    [(r) => r.boolean(false), ":0\r\n", "#f\r\n"],
    [(r) => r.double(3.5), "$3\r\n3.5\r\n", ",3.5\r\n"],
    [(r) => r.double(3), "$1\r\n3\r\n", ",3\r\n"],
    [(r) => r.double(0.1 + 0.2), "$19\r\n0.30000000000000004\r\n", ",0.30000000000000004\r\n"],
    [(r) => r.double(Infinity), "$3\r\ninf\r\n", ",inf\r\n"],
    [(r) => r.double(-Infinity), "$4\r\n-inf\r\n", ",-inf\r\n"],
    [(r) => r.double(NaN), "$3\r\nnan\r\n", ",nan\r\n"],
    [(r) => r.doubleText("1.5"), "$3\r\n1.5\r\n", ",1.5\r\n"],
    [(r) => r.verbatim("txt", "hé"), "$3\r\nh\xc3\xa9\r\n", "=7\r\ntxt:h\xc3\xa9\r\n"],
    [(r) => r.bigNumber("123"), "$3\r\n123\r\n", "(123\r\n"],
  ];
  for (const [write, resp2, resp3] of cases) {
    assert.equal(written(write, 2), resp2);
    assert.equal(written(write, 3), resp3);
  }
});

Deno.test("aggregates of unknown length nest, at every number of digits", () => {
  for (const count of [0, 1, 9, 10, 99, 100, 12345]) {
    const reply = written((r) => {
      r.ok();
      const outer = r.beginArray();
      const inner = r.beginArray();
      for (let index = 0; index < count; index++) r.integer(index);
      r.endArray(inner, count);
      const map = r.beginArray();
      r.bulkText("k");
      r.bulkText("v");
      r.endMap(map, 1);
      r.endSet(outer, 2);
      r.ok();
    }, 3);
    let items = "";
    for (let index = 0; index < count; index++) items += `:${index}\r\n`;
    assert.equal(reply, `+OK\r\n~2\r\n*${count}\r\n${items}%1\r\n$1\r\nk\r\n$1\r\nv\r\n+OK\r\n`);
  }
  assert.equal(written((r) => r.endMap(r.beginArray(), 7)), "*14\r\n");
});

Deno.test("an abandoned array leaves nothing", () => {
  assert.equal(
    written((r) => {
      r.ok();
      const mark = r.beginArray();
      r.integer(1);
      r.abandon(mark);
      r.null();
    }),
    "+OK\r\n$-1\r\n",
  );
});

Deno.test("a muted writer keeps nothing, whatever is written, and still counts errors", () => {
  const sink = new OutputSink();
  const reply = new ReplyWriter(sink);
  reply.ok();
  reply.mute();
  assert.ok(reply.muted);
  for (let round = 0; round < 100; round++) {
    const mark = reply.beginArray();
    reply.bulkBytes(new Uint8Array(5000));
    reply.bulkBytes(new Uint8Array(50));
    reply.endArray(mark, 20);
    reply.error("ERR no");
  }
  assert.ok(reply.sink.bytes.length <= 128 * 1024, "what is muted is not collected");
  reply.unmute();
  reply.integer(5);
  assert.equal(reply.errorCount, 100);
  assert.equal(new TextDecoder().decode(sink.take()), "+OK\r\n:5\r\n");
});
