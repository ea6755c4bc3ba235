import assert from "node:assert/strict";
import fc from "fast-check";
import * as errors from "./errors.ts";
import { COMMAND, INLINE_BYTES_MAX, NEED_MORE, PROTOCOL_ERROR, RequestParser } from "./request_parser.ts";

const limits = { bulkBytesMax: 512 * 1024 * 1024 };

interface Outcome {
  /** Each command's arguments, one character a byte. */
  commands: string[][];
  error: string;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function takeAll(parser: RequestParser, commands: string[][]): void {
  for (let steps = 0;; steps++) {
    assert.ok(steps < 1e6, "the parser does not come to an end");
    if (parser.next() !== COMMAND) return;
    const args = parser.args;
    commands.push(Array.from({ length: args.count }, (_, index) => args.latin1(index)));
  }
}

/** Feeds the stream cut at the given offsets and collects what comes out. */
function parse(stream: Uint8Array, cuts: number[] = []): Outcome {
  const parser = new RequestParser(limits);
  const commands: string[][] = [];
  let from = 0;
  for (const cut of [...cuts.filter((at) => at < stream.length).sort((a, b) => a - b), stream.length]) {
    parser.push(stream.subarray(from, cut));
    takeAll(parser, commands);
    from = cut;
    if (parser.error !== "") break;
  }
  return { commands, error: parser.error };
}

function parseText(text: string): Outcome {
  return parse(bytesOf(text));
}

function encode(commands: Uint8Array[][]): Uint8Array {
  const parts: number[] = [];
  for (const command of commands) {
    parts.push(...bytesOf(`*${command.length}\r\n`));
    for (const argument of command) {
      parts.push(...bytesOf(`$${argument.length}\r\n`), ...argument, ...bytesOf("\r\n"));
    }
  }
  return Uint8Array.from(parts);
}

const commandsArbitrary = fc.array(
  fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 12 }),
  { maxLength: 20 },
);

Deno.test("a pipeline of multibulk commands comes out as sent, whatever the splits", () => {
  fc.assert(
    fc.property(commandsArbitrary, fc.array(fc.nat(20000), { maxLength: 30 }), (commands, cuts) => {
      const stream = encode(commands);
      const expected = commands.map((command) =>
        command.map((argument) => Array.from(argument, (b) => String.fromCharCode(b)).join(""))
      );
      assert.deepEqual(parse(stream, cuts), { commands: expected, error: "" });
    }),
    { numRuns: 300 },
  );
});

const textFragments = fc.constantFrom(
  ..."*$:+-0123456789 \r\n\0\"'\\xanrtbé\t\v\f".split(""),
  "\r\n",
  "*1\r\n$4\r\nPING\r\n",
  "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nbc\r\n",
  "$5\r\n",
  "*2\r\n",
  "ECHO \"a\\x41\\n\" 'it\\'s'\r\n",
  "*-1\r\n",
  "*0\r\n",
);

/** Valid streams with bytes changed, removed and inserted; and soup made of protocol fragments. */
const brokenStream = fc.oneof(
  fc.array(textFragments, { maxLength: 80 }).map((parts) => bytesOf(parts.join(""))),
  fc.uint8Array({ maxLength: 400 }),
  fc.tuple(commandsArbitrary, fc.array(fc.tuple(fc.nat(5000), fc.nat(255), fc.nat(2)), { maxLength: 8 }))
    .map(([commands, changes]) => {
      const stream = Array.from(encode(commands));
      for (const [at, byte, kind] of changes) {
        if (stream.length === 0) break;
        stream.splice(at % stream.length, kind === 0 ? 0 : 1, ...(kind === 1 ? [] : [byte]));
      }
      return Uint8Array.from(stream);
    }),
);

Deno.test("broken streams never crash or hang the parser, and splits change nothing", () => {
  fc.assert(
    fc.property(brokenStream, fc.array(fc.nat(3000), { maxLength: 20 }), (stream, cuts) => {
      const whole = parse(stream);
      assert.deepEqual(parse(stream, cuts), whole);
      const bytewise = parse(stream, Array.from({ length: stream.length }, (_, index) => index));
      assert.deepEqual(bytewise, whole);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("inline commands: quotes, escapes, blanks, line ends, empty lines", () => {
  const cases: [string, string[][]][] = [
    ["PING\r\n", [["PING"]]],
    ["  ping \t x \n", [["ping", "x"]]],
    ["\r\n\n\r\nPING\nPING\r\n", [["PING"], ["PING"]]],
    ["set \"a b\" 'c d'\r\n", [["set", "a b", "c d"]]],
    ['"\\x41\\xzz\\q\\t\\n\\r\\b\\a\\\\\\""\r\n', [['Axzzq\t\n\r\b\x07\\"']]],
    ["'it\\'s' '\\n'\r\n", [["it's", "\\n"]]],
    ['echo a"b c"\r\n', [["echo", "ab c"]]],
    ["echo \"\" ''\r\n", [["echo", "", ""]]],
    ["a\vb \vc\r\n", [["a\vb", "c"]]],
    ["a\rb\r\n", [["a", "b"]]],
    ["*0\r\nPING\r\n*-7\r\n*1\r\n$4\r\nQUIT\r\n", [["PING"], ["QUIT"]]],
  ];
  for (const [text, commands] of cases) assert.deepEqual(parseText(text), { commands, error: "" }, text);
});

Deno.test("protocol errors have their exact words, and end the stream", () => {
  const cases: [string, string][] = [
    ["*a\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*+1\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*01\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*-0\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*1\n$4\r\nPING\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*2147483648\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*99999999999999999999\r\n", errors.INVALID_MULTIBULK_LENGTH],
    ["*1\r\n:3\r\n", "ERR Protocol error: expected '$', got ':'"],
    ["*1\r\n\r\n", "ERR Protocol error: expected '$', got '\r'"],
    ["*1\r\n$-1\r\n", errors.INVALID_BULK_LENGTH],
    ["*1\r\n$x\r\n", errors.INVALID_BULK_LENGTH],
    ["*1\r\n$536870913\r\n", errors.INVALID_BULK_LENGTH],
    ["*1\r\n$9223372036854775807\r\n", errors.INVALID_BULK_LENGTH],
    ['get "a\r\n', errors.UNBALANCED_QUOTES],
    ['get "a"b\r\n', errors.UNBALANCED_QUOTES],
    ["get 'a'b\r\n", errors.UNBALANCED_QUOTES],
    ['get "a\\\r\n', errors.UNBALANCED_QUOTES],
    ["x".repeat(INLINE_BYTES_MAX + 1), errors.TOO_BIG_INLINE],
    ["\0" + "x".repeat(INLINE_BYTES_MAX) + "\n", errors.TOO_BIG_INLINE],
    ["*" + "1".repeat(INLINE_BYTES_MAX), errors.TOO_BIG_MULTIBULK_COUNT],
    ["*\0" + "1".repeat(INLINE_BYTES_MAX) + "\r\n", errors.TOO_BIG_MULTIBULK_COUNT],
    ["*1\r\n$" + "1".repeat(INLINE_BYTES_MAX), errors.TOO_BIG_BULK_COUNT],
  ];
  for (const [text, error] of cases) {
    const outcome = parseText("PING\r\n" + text + (text.endsWith("\n") ? "PING\r\n" : ""));
    assert.deepEqual(outcome, { commands: [["PING"]], error }, JSON.stringify(text.slice(0, 40)));
  }
});

Deno.test("lines at the limit are still read", () => {
  const long = "x".repeat(INLINE_BYTES_MAX - 1);
  assert.deepEqual(parseText(long + "\n").commands, [[long]]);
});

Deno.test("clients that have not authenticated may send little", () => {
  const run = (text: string) => {
    const parser = new RequestParser(limits);
    parser.unauthenticated = true;
    const commands: string[][] = [];
    parser.push(bytesOf(text));
    takeAll(parser, commands);
    return { error: parser.error, count: commands.length };
  };
  assert.deepEqual(run("*11\r\n"), { error: errors.UNAUTHENTICATED_MULTIBULK, count: 0 });
  assert.deepEqual(run("*1\r\n$16385\r\n"), { error: errors.UNAUTHENTICATED_BULK, count: 0 });
  assert.deepEqual(run(`*1\r\n$16384\r\n${"x".repeat(16384)}\r\n`), { error: "", count: 1 });
  assert.deepEqual(run("*10\r\n" + "$1\r\nx\r\n".repeat(10)), { error: "", count: 1 });
});

Deno.test("a huge bulk grows the buffer once, and the memory goes back afterwards", () => {
  const parser = new RequestParser(limits);
  const size = 8 * 1024 * 1024;
  parser.push(bytesOf(`*2\r\n$4\r\nECHO\r\n$${size}\r\n`));
  assert.equal(parser.next(), NEED_MORE);
  parser.prepare();
  const grown = parser.memoryBytes;
  assert.ok(grown >= size && grown < size + 64 * 1024);
  const piece = new Uint8Array(100_000).fill(0x61);
  for (let left = size; left > 0; left -= piece.length) {
    parser.push(left < piece.length ? piece.subarray(0, left) : piece);
    assert.equal(parser.next(), NEED_MORE);
  }
  assert.equal(parser.memoryBytes, grown);
  parser.push(bytesOf("\r\nPIN"));
  assert.equal(parser.next(), COMMAND);
  assert.equal(parser.args.length(1), size);
  assert.equal(parser.next(), NEED_MORE);
  parser.push(bytesOf("G\r\n"));
  assert.equal(parser.next(), COMMAND);
  assert.ok(parser.args.is(0, "ping"));
  assert.ok(parser.memoryBytes <= 64 * 1024);
  assert.ok(parser.bufferPeak >= size);
});

Deno.test("announced lengths take no memory before the bytes come", () => {
  const parser = new RequestParser(limits);
  parser.push(bytesOf("*2147483647\r\n"));
  assert.equal(parser.next(), NEED_MORE);
  assert.ok(parser.args.starts.length <= 1024);
  assert.ok(parser.memoryBytes <= 64 * 1024);
});

Deno.test("commands with very many arguments", () => {
  const count = 200_000;
  const parser = new RequestParser(limits);
  const stream = bytesOf(`*${count}\r\n` + "$3\r\nabc\r\n".repeat(count) + "PING\r\n");
  let commands = 0;
  for (let at = 0; at < stream.length; at += 10_000) {
    parser.push(stream.subarray(at, at + 10_000));
    for (; parser.next() === COMMAND; commands++) {
      if (commands === 0) assert.equal(parser.args.count, count);
    }
  }
  assert.equal(commands, 2);
  assert.ok(parser.args.starts.length <= 1024, "the span table is given back");
});

Deno.test("a buffer follows the size of the reads, both ways", () => {
  const parser = new RequestParser(limits);
  const fill = (wanted: number) => {
    const view = parser.prepare();
    const count = Math.min(wanted, view.length);
    for (let index = 0; index < count; index++) view[index] = 0x0a;
    parser.filled(count);
    assert.equal(parser.next(), NEED_MORE);
    return view.length;
  };
  for (let round = 0; round < 10; round++) fill(1 << 20);
  assert.equal(fill(1), 64 * 1024);
  for (let round = 0; round < 3000; round++) fill(10);
  assert.equal(fill(1), 4 * 1024);
});

Deno.test("gauges and the log's view of what was left", () => {
  const parser = new RequestParser(limits);
  parser.push(bytesOf("PING\r\n*2\r\n$4\r\nECHO\r\n$10\r\nabc"));
  assert.equal(parser.next(), COMMAND);
  assert.equal(parser.next(), NEED_MORE);
  assert.equal(parser.bufferedBytes, "*2\r\n$4\r\nECHO\r\n$10\r\nabc".length);
  assert.equal(parser.args.totalBytes(), 4);
  assert.ok(parser.hasInput);
  const broken = new RequestParser(limits);
  broken.push(bytesOf("*1\r\n" + "\x01\xff".repeat(20) + "\r\n"));
  assert.equal(broken.next(), PROTOCOL_ERROR);
  assert.equal(broken.next(), PROTOCOL_ERROR);
  assert.deepEqual(broken.unparsed(10), { head: ".....", omitted: 32, tail: "....." });
});
