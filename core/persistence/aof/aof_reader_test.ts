import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { AofError } from "./aof_error.ts";
import { AOF_ANNOTATION, AOF_COMMAND, AOF_END, AOF_NEEDS_INPUT, AofReader } from "./aof_reader.ts";

interface ReadLog {
  /** Commands as lists of latin1 texts, annotations as their numbers. */
  items: (string[] | number)[];
  error?: AofError;
  reader: AofReader;
  largestSpace: number;
}

/** Reads a whole file that arrives in pieces of `pieceBytes`. */
function read(file: Uint8Array, pieceBytes = Infinity, knowsSize = true): ReadLog {
  const reader = new AofReader(knowsSize ? { totalBytes: file.length } : {});
  const log: ReadLog = { items: [], reader, largestSpace: 0 };
  let at = 0;
  try {
    for (;;) {
      switch (reader.next()) {
        case AOF_COMMAND: {
          const words: string[] = [];
          for (let k = 0; k < reader.args.count; k++) words.push(reader.args.latin1(k));
          log.items.push(words);
          break;
        }
        case AOF_ANNOTATION:
          log.items.push(reader.timestamp);
          break;
        case AOF_NEEDS_INPUT: {
          if (at === file.length) {
            reader.endInput();
            break;
          }
          const space = reader.space();
          log.largestSpace = Math.max(log.largestSpace, space.length);
          const count = Math.min(space.length, pieceBytes, file.length - at);
          assert.ok(count > 0, "no room for input");
          space.set(file.subarray(at, at + count));
          reader.commit(count);
          at += count;
          break;
        }
        case AOF_END:
          return log;
      }
    }
  } catch (error) {
    if (!(error instanceof AofError)) throw error;
    return { ...log, error };
  }
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

const readText = (text: string, pieceBytes?: number) => read(latin1Bytes(text), pieceBytes);

Deno.test("commands and annotations, in pieces of every size", () => {
  const text = "#TS:1700000000\r\n" + command("SELECT", "0") + "#other\r\n" +
    command("set", "\0\r\n\xff", "") +
    "#TS:12x\r\n#TS:\r\n" + command("MULTI") + command("DEL", "a") + command("EXEC");
  for (let size = 1; size <= text.length; size++) {
    const { items, error, reader } = readText(text, size);
    assert.equal(error, undefined);
    assert.deepEqual(items, [
      1700000000,
      ["SELECT", "0"],
      -1,
      ["set", "\0\r\n\xff", ""],
      NaN,
      NaN,
      ["MULTI"],
      ["DEL", "a"],
      ["EXEC"],
    ]);
    assert.equal(reader.soundBytes, text.length);
    assert.equal(reader.offset, text.length);
  }
});

Deno.test("cut at every byte: what is whole is read, and the cut is before the command or the MULTI", () => {
  const pieces = [
    command("SELECT", "0"),
    "#TS:1700000000\r\n",
    command("SET", "key", "a value"),
    command("MULTI") + command("SET", "a", "1") + "#TS:5\r\n" + command("SET", "b", "2") + command("EXEC"),
    command("RPUSH", "l", ...Array.from({ length: 12 }, (_, k) => `${k}`)),
  ];
  const text = pieces.join("");
  const boundaries = [0];
  for (const piece of pieces) boundaries.push(boundaries.at(-1)! + piece.length);
  for (let size = 0; size <= text.length; size++) {
    for (const knowsSize of [true, false]) {
      const { error, reader } = read(latin1Bytes(text.slice(0, size)), 7, knowsSize);
      const sound = boundaries.findLast((boundary) => boundary <= size);
      assert.equal(reader.soundBytes, sound, `cut at ${size}`);
      assert.equal(error?.code, sound === size ? undefined : "AOF_TRUNCATED", `cut at ${size}`);
      if (error !== undefined) assert.equal(error.soundBytes, sound);
    }
  }
});

Deno.test("property: commands are read back, whatever they hold and however they arrive", () => {
  const word = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));
  const name = fc.constantFrom("set", "x", "del");
  const commands = fc.array(fc.tuple(name, fc.array(word, { maxLength: 20 })), { maxLength: 12 });
  fc.assert(fc.property(commands, fc.integer({ min: 1, max: 300 }), (list, size) => {
    const expected = list.map(([first, rest]) => [first, ...rest]);
    const { items, error } = readText(expected.map((words) => command(...words)).join(""), size);
    assert.equal(error, undefined);
    assert.deepEqual(items, expected);
  }));
});

Deno.test("what is wrong is told with its place and the place to cut at", () => {
  const ping = command("PING"); // 14 bytes
  const cases: [tail: string, code: string, offset: number, reason: string][] = [
    ["garbage", "AOF_NO_COMMAND", 14, "Expected a command or an annotation"],
    ["*x\r\n", "AOF_BAD_FORMAT", 14, "Expected \\r\\n, got: 780d"],
    ["*1\n$4", "AOF_BAD_FORMAT", 14, "Expected \\r\\n, got: 0a00"],
    ["*\r\n", "AOF_BAD_FORMAT", 14, "Expected \\r\\n, got: 0d0a"],
    ["*0\r\n", "AOF_BAD_FORMAT", 14, "Expected a command of at least one argument, got: 0"],
    [`*${"9".repeat(30)}\r\n`, "AOF_BAD_FORMAT", 14, "Expected \\r\\n, got: 3939"],
    ["*1\r\n:4\r\n", "AOF_BAD_FORMAT", 18, "Expected prefix '$', got: ':'"],
    [
      "*1\r\n$-3\r\n",
      "AOF_BAD_FORMAT",
      18,
      "Expected to read string of -3 bytes, which is not in the suitable range",
    ],
    ["*1\r\n$4\r\nPINGPONG\r\n", "AOF_BAD_FORMAT", 22, "Expected \\r\\n, got: 504f"],
    ["*1\r\n$9\r\nPING", "AOF_TRUNCATED", 22, "Expected to read 11 bytes, got 4 bytes"],
    ["*1\r\n", "AOF_TRUNCATED", 18, ""],
    [command("EXEC"), "AOF_BAD_TRANSACTION", 22, "Unexpected EXEC"],
    [command("MULTI") + command("multi"), "AOF_BAD_TRANSACTION", 37, "Unexpected MULTI"],
    [command("MULTI"), "AOF_TRUNCATED", 22, "Reached EOF before reading EXEC for MULTI"],
    ["#TS:17", "AOF_TRUNCATED", 14, "Reached EOF before the end of an annotation"],
    [`#${"x".repeat(2000)}`, "AOF_BAD_FORMAT", 14, "Expected an annotation of at most 1024 bytes"],
  ];
  for (const [tail, code, offset, reason] of cases) {
    const { error } = readText(ping + tail);
    const got = [error?.code, error?.offset, error?.soundBytes, error?.reason];
    assert.deepEqual(got, [code, offset, 14, reason], tail);
  }
});

Deno.test("a length is not believed: memory follows what arrives", () => {
  const claims = "*2\r\n$3\r\nset\r\n$900000000\r\nshort";
  for (const knowsSize of [true, false]) {
    const { error, largestSpace } = read(latin1Bytes(claims), Infinity, knowsSize);
    assert.equal(error?.code, "AOF_TRUNCATED");
    assert.ok(largestSpace <= 512 * 1024, `${largestSpace}`);
  }
  assert.equal(readText("*999999999999999\r\n$3\r\nset\r\n").error?.code, "AOF_TRUNCATED");
});

Deno.test("a long argument is read, and its memory given back", () => {
  const long = "x".repeat(3_000_000);
  const text = command("set", "k", long) + command("get", "k").repeat(40_000);
  for (const knowsSize of [true, false]) {
    const { items, error, reader } = read(latin1Bytes(text), 100_000, knowsSize);
    assert.equal(error, undefined);
    assert.equal(items.length, 40_001);
    assert.equal((items[0] as string[])[2], long);
    assert.ok(reader.space().length <= 256 * 1024);
  }
});

Deno.test("property: damage never makes anything but an AofError, and what it calls sound is", () => {
  const text = command("SELECT", "0") + "#TS:17\r\n" + command("MULTI") + command("SET", "a", "1") +
    command("EXEC");
  const damage = fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, fc.integer({ min: 1, max: 50 }), (changes, size) => {
      const file = latin1Bytes(text);
      for (const [at, byte] of changes) file[at] = byte;
      const { error } = read(file, size);
      if (error === undefined) return;
      assert.equal(read(file.subarray(0, error.soundBytes)).error, undefined);
    }),
    { numRuns: 2000 },
  );
});
