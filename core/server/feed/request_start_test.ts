// A request is propagated as it came only where that is what would be made of its arguments; many of them in one piece.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../../bytes/ascii.ts";
import { defaultClientLimits } from "../../net/client_host.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { COMMAND, RequestParser } from "../../protocol/request_parser.ts";
import { FeedStream, TO_LOG } from "./feed_stream.ts";
import { requestStart } from "./request_start.ts";

/**
 * What a stream has of requests that come in pieces, behind its SELECT, and of each command whether it was taken as it came.
 * Every third piece ends a turn.
 */
function propagated(requests: string, pieces: number[]): { text: string; asTheyCame: boolean[] } {
  let text = "";
  const stream = new FeedStream({
    target: TO_LOG,
    append: (bytes, offset) => {
      assert.equal(offset, text.length);
      text += latin1Text(bytes, 0, bytes.length);
    },
  }, 0);
  const parser = new RequestParser(defaultClientLimits());
  const asTheyCame: boolean[] = [];
  let at = 0;
  for (let piece = 0; at < requests.length; piece++) {
    const view = parser.prepare();
    const size = Math.min(pieces[piece % pieces.length], view.length, requests.length - at);
    view.set(latin1Bytes(requests.slice(at, at + size)));
    parser.filled(size);
    at += size;
    while (parser.next() === COMMAND) {
      const start = requestStart(parser.args);
      const before = stream.offset;
      stream.appendCommand(0, parser.args, start);
      assert.ok(stream.offset > before);
      asTheyCame.push(start >= 0);
    }
    stream.settle();
    if (piece % 3 === 2) stream.flush();
  }
  const { offset } = stream;
  stream.flush();
  assert.equal(offset, text.length);
  assert.equal(stream.offset, text.length);
  return { text: text.slice(plain(["SELECT", "0"]).length), asTheyCame };
}

function plain(words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

Deno.test("what is made of requests is the same, however they are cut; plain ones are taken as they came", () => {
  const word = fc.oneof(
    fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 12,
    }),
    fc.constantFrom("\r\n", "$3\r\nabc\r\n", "*1\r\n$1\r\n", "x".repeat(99), "y".repeat(1000)),
  );
  const words = fc.tuple(fc.constantFrom("SET", "APPEND", "X"), fc.array(word, { maxLength: 12 }))
    .map(([first, rest]) => [first, ...rest]);
  fc.assert(
    fc.property(
      fc.array(fc.record({ words, isInline: fc.boolean() }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
      (commands, pieces) => {
        const requests = commands.map((each) => each.isInline ? "SET k v\r\n" : plain(each.words));
        const expected = commands.map((each) => each.isInline ? plain(["SET", "k", "v"]) : plain(each.words));
        const { text, asTheyCame } = propagated(requests.join(""), pieces);
        assert.equal(text, expected.join(""));
        commands.forEach((each, index) => assert.ok(!each.isInline || !asTheyCame[index]));
      },
    ),
  );
  const { asTheyCame } = propagated(plain(["SET", "k", "v"]).repeat(3), [1000]);
  assert.deepEqual(asTheyCame, [true, true, true]);
});

Deno.test("odd spellings and inline commands are written anew", () => {
  for (
    const odd of [
      "*03\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
      "*3\r\n$03\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
      "*3\r\n$3\r\nSET\r\n$01\r\nk\r\n$1\r\nv\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv##",
      "SET k v\r\n",
      'SET    "k"    v\r\n',
      "SET      k      v\n",
    ]
  ) {
    // Not all of these are taken by the parser.
    const { text, asTheyCame } = propagated(odd, [1000]);
    if (asTheyCame.length === 0) continue;
    assert.equal(text, plain(["SET", "k", "v"]), JSON.stringify(odd));
    assert.deepEqual(asTheyCame, [false], JSON.stringify(odd));
  }
  assert.equal(requestStart(Arguments.of("SET", "k", "v")), -1);
});
