// Holds the request parser to a real redis-server: random inline lines and broken streams are sent to both, and what the
// server answers (arguments echoed, error words, silence) must be what the parser found.
import assert from "node:assert/strict";
import fc from "fast-check";
import { unknownCommand, wrongArity } from "../../core/protocol/errors.ts";
import { COMMAND, RequestParser } from "../../core/protocol/request_parser.ts";
import { OutputSink } from "../../core/protocol/output_sink.ts";
import { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What a server that knows only PING would answer. */
function expectedReply(stream: string): string {
  const parser = new RequestParser({ bulkBytesMax: 512 * 1024 * 1024 });
  const sink = new OutputSink();
  const reply = new ReplyWriter(sink);
  parser.push(bytesOf(stream));
  while (parser.next() === COMMAND) {
    const args = parser.args;
    if (!args.is(0, "ping")) reply.error(unknownCommand(args));
    else if (args.count === 1) reply.pong();
    else if (args.count === 2) reply.bulkLatin1(args.latin1(1));
    else reply.error(wrongArity("ping"));
  }
  if (parser.error !== "") reply.error(parser.error);
  return Array.from(sink.take(), (byte) => String.fromCharCode(byte)).join("");
}

async function answer(port: number, stream: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = bytesOf(stream);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  await connection.closeWrite();
  let text = "";
  const buffer = new Uint8Array(65536);
  try {
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      text += Array.from(buffer.subarray(0, count), (byte) => String.fromCharCode(byte)).join("");
    }
  } catch (error) {
    // The server closes with our bytes unread after a protocol error: a reset after the reply.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return text;
}

const word = fc.array(
  fc.constantFrom(..."ab \t\v\"'\\xn4150Z\x01\xe9".split(""), '"a b"', "'c d'", "\\x41", "\\'", '\\"'),
  { maxLength: 8 },
).map((parts) => parts.join(""));

/** Inline and multibulk requests, well formed or not; replies echo what was parsed. */
const request = fc.oneof(
  word.map((text) => `PING ${text}\r\n`),
  word.map((text) => `PING "${text}\r\n`),
  word.map((text) => `${text}\r\n`),
  fc.constantFrom("*1\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nPING\r\n$3\r\na\r\n\r\n", "*0\r\n", "*-3\r\n", "\r\n"),
  fc.constantFrom(
    "*x\r\n",
    "*1\r\n$-5\r\n",
    "*1\r\n+PING\r\n",
    "*1\r\n$4294967296\r\n",
    "*-0\r\n",
    "* 1\r\n",
    "*1 \r\n",
  ),
  fc.tuple(
    fc.constantFrom("*", "*1\r\n$"),
    fc.constantFrom("1", "-1", "+1", "00", "a", "", "2147483648", "\x004"),
  )
    .map(([type, number]) => `${type}${number}\r\n`),
);

Deno.test({
  name: "requests are cut into arguments, and refused, as a real server does",
  ignore: !hasRedisServer,
  fn: async () => {
    await using server = await RedisServer.start();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 6 }), async (requests) => {
        const stream = requests.join("");
        assert.equal(await answer(server.port, stream), expectedReply(stream), JSON.stringify(stream));
      }),
      { numRuns: 600 },
    );
  },
});
