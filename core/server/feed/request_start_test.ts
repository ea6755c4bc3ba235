// A request is propagated as it came only where that is what would be made of its arguments.
import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultClientLimits } from "../../net/client_host.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { COMMAND, RequestParser } from "../../protocol/request_parser.ts";
import { latin1Bytes, latin1Text } from "../../bytes/ascii.ts";
import { requestStart } from "./request_start.ts";
import { RespCommands } from "./resp_commands.ts";

/** The commands of a stream that comes in pieces, each as propagated, and whether it was taken as it came. */
function propagated(stream: string, pieces: number[]): { text: string; asItCame: boolean }[] {
  const parser = new RequestParser(defaultClientLimits());
  const found: { text: string; asItCame: boolean }[] = [];
  let at = 0;
  for (let piece = 0; at < stream.length; piece++) {
    const view = parser.prepare();
    const size = Math.min(pieces[piece % pieces.length], view.length, stream.length - at);
    view.set(latin1Bytes(stream.slice(at, at + size)));
    parser.filled(size);
    at += size;
    while (parser.next() === COMMAND) {
      const out = new RespCommands();
      out.command(parser.args);
      found.push({ text: latin1Text(out.buffer, 0, out.length), asItCame: requestStart(parser.args) >= 0 });
    }
  }
  return found;
}

function plain(words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

Deno.test("plain requests are taken as they came, however they are cut; what is made of them is the same", () => {
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
      fc.array(words, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
      (commands, pieces) => {
        const found = propagated(commands.map(plain).join(""), pieces);
        assert.deepEqual(found.map((each) => each.text), commands.map(plain));
      },
    ),
  );
  assert.deepEqual(propagated(plain(["SET", "k", "v"]), [1000]).map((each) => each.asItCame), [true]);
});

Deno.test("odd spellings and inline commands are written anew", () => {
  const expected = plain(["SET", "k", "v"]);
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
    const found = propagated(odd, [1000]);
    // Whatever of these the parser takes.
    for (const { text, asItCame } of found) {
      assert.equal(text, expected, JSON.stringify(odd));
      assert.equal(asItCame, false, JSON.stringify(odd));
    }
  }
  const queued = Arguments.of("SET", "k", "v");
  assert.equal(requestStart(queued), -1);
});
