// The bitmap commands on the rig: events, dirty counts, error words, strings that are long or begin at odd addresses, and
// what is as in Valkey 9 but not in Redis 7.0. Replies are compared with redis-server in tests/interop.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { ENCODING_INT, ENCODING_RAW } from "../../core/keyspace/entry_layout.ts";
import { setCommands } from "../sets/commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { bitmapCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const OFFSET = "-ERR bit offset is not an integer or out of range\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";

function newRig(config: Record<string, unknown> = {}): CommandRig {
  return new CommandRig([...bitmapCommands, ...stringCommands, ...setCommands], { config });
}

function refOf(rig: CommandRig, key: string): number {
  return rig.keyspace.databases[0].peek(latin1Bytes(key), 0, key.length);
}

/** The bytes of a string as one character each. */
function contentOf(rig: CommandRig, key: string): string {
  const reply = rig.raw("GET", key);
  return reply.slice(reply.indexOf("\r\n") + 2, -2);
}

Deno.test("a bit is told as an event, and counts as dirty, only where it changes something", () => {
  const rig = newRig();
  assert.equal(rig.raw("SETBIT", "k", "7", "1"), ":0\r\n");
  assert.equal(rig.raw("SETBIT", "k", "7", "1"), ":1\r\n");
  assert.equal(rig.raw("SETBIT", "k", "3", "0"), ":0\r\n");
  assert.equal(rig.raw("SETBIT", "k", "20", "0"), ":0\r\n");
  assert.equal(rig.keyspace.dirty, 2);
  assert.equal(rig.raw("BITFIELD", "k", "SET", "u8", "0", "1", "SET", "u8", "0", "2"), "*2\r\n:1\r\n:1\r\n");
  assert.equal(rig.raw("BITFIELD", "k", "GET", "u8", "0", "SET", "u8", "0", "2"), "*2\r\n:2\r\n:2\r\n");
  assert.equal(rig.raw("BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", "6", "3"), "*1\r\n$-1\r\n");
  assert.equal(rig.keyspace.dirty, 3);
  assert.equal(rig.raw("BITOP", "OR", "d", "k", "none"), ":3\r\n");
  assert.equal(rig.raw("BITOP", "AND", "d", "none"), ":0\r\n");
  assert.equal(rig.raw("BITOP", "AND", "d", "none"), ":0\r\n");
  assert.deepEqual(rig.takeEvents(), [
    "string setbit k",
    "string setbit k",
    "string setbit k",
    "string set d",
    "generic del d",
  ]);
});

Deno.test("a number becomes bytes when a bit of it is set", () => {
  const rig = newRig();
  rig.raw("SET", "k", "12");
  assert.equal(rig.keyspace.entries.encoding(refOf(rig, "k")), ENCODING_INT);
  assert.equal(rig.raw("GETBIT", "k", "3"), ":1\r\n");
  assert.equal(rig.raw("BITCOUNT", "k"), ":6\r\n");
  assert.equal(rig.raw("SETBIT", "k", "15", "1"), ":0\r\n");
  assert.equal(contentOf(rig, "k"), "13");
  assert.equal(rig.keyspace.entries.encoding(refOf(rig, "k")), ENCODING_RAW);
});

Deno.test("offsets, bits and types that are refused change nothing", () => {
  const rig = newRig({ protoMaxBulkLen: 1000 });
  for (const offset of ["-1", "x", "", "8000", "9223372036854775808"]) {
    assert.equal(rig.raw("SETBIT", "k", offset, "1"), OFFSET);
    assert.equal(rig.raw("GETBIT", "k", offset), OFFSET);
    assert.equal(rig.raw("BITFIELD", "k", "SET", "u8", offset, "1"), OFFSET);
  }
  assert.equal(rig.raw("BITFIELD", "k", "GET", "u8", "#1000"), OFFSET);
  assert.equal(rig.raw("BITFIELD", "k", "GET", "u8", "#-1"), OFFSET);
  for (const bit of ["2", "x", "-1", "", "10"]) {
    assert.equal(rig.raw("SETBIT", "k", "1", bit), "-ERR bit is not an integer or out of range\r\n");
  }
  assert.equal(rig.raw("BITPOS", "k", "2"), "-ERR The bit argument must be 1 or 0.\r\n");
  assert.equal(rig.raw("BITPOS", "k", "x"), NOT_INTEGER);
  assert.equal(rig.raw("BITOP", "NAND", "d", "k"), SYNTAX);
  assert.equal(
    rig.raw("BITOP", "NOT", "d", "k", "l"),
    "-ERR BITOP NOT must be called with a single source key.\r\n",
  );
  const type =
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n";
  for (const width of ["u64", "i65", "u0", "i0", "x8", "8", "I8", ""]) {
    assert.equal(rig.raw("BITFIELD", "k", "GET", width, "0"), type, width);
  }
  assert.equal(rig.raw("BITFIELD", "k", "OVERFLOW", "no"), "-ERR Invalid OVERFLOW type specified\r\n");
  for (const words of [["GET", "u8"], ["SET", "u8", "0"], ["NOTHING"], ["OVERFLOW"]]) {
    assert.equal(rig.raw("BITFIELD", "k", ...words), SYNTAX);
  }
  assert.equal(rig.raw("BITFIELD", "k", "SET", "u8", "0", "x"), NOT_INTEGER);
  assert.equal(
    rig.raw("BITFIELD_RO", "k", "GET", "u8", "0", "SET", "u8", "0", "1"),
    "-ERR BITFIELD_RO only supports the GET subcommand\r\n",
  );
  assert.equal(refOf(rig, "k"), 0);
  rig.raw("SADD", "s", "1");
  for (
    const words of [
      "SETBIT s 1 1",
      "GETBIT s 1",
      "BITCOUNT s",
      "BITPOS s 1",
      "BITOP OR d s",
      "BITFIELD s GET u8 0",
    ]
  ) {
    assert.equal(rig.raw(...words.split(" ")), WRONG_TYPE, words);
  }
  assert.equal(rig.raw("SETBIT", "k", "7999", "1"), ":0\r\n");
});

Deno.test("what saturates, saturates where Valkey does", () => {
  const rig = newRig();
  const set = (width: string, value: string) => {
    rig.raw("BITFIELD", "k", "OVERFLOW", "SAT", "SET", width, "0", value);
    return rig.raw("BITFIELD", "k", "GET", width, "0").slice(5, -2);
  };
  assert.equal(set("u8", "256"), "255");
  assert.equal(set("u8", "-1"), "255");
  assert.equal(set("i8", "128"), "127");
  assert.equal(set("i8", "-129"), "-128");
  assert.equal(set("i8", "-9223372036854775680"), "-128");
  // So far below that the distance does not fit 64 bits.
  assert.equal(set("i8", "-9223372036854775681"), "127");
  assert.equal(set("i63", "-4611686018427387904"), "-4611686018427387904");
  assert.equal(set("i63", "-4611686018427387905"), "4611686018427387903");
});

Deno.test("as in Valkey: a range may have no end, and is looked at even where the key is absent", () => {
  const rig = newRig();
  rig.raw("SET", "k", "foobar");
  assert.equal(rig.raw("BITCOUNT", "k", "1"), ":22\r\n");
  assert.equal(rig.raw("BITCOUNT", "k", "-1"), ":4\r\n");
  assert.equal(rig.raw("BITCOUNT", "none", "x"), NOT_INTEGER);
  assert.equal(rig.raw("BITCOUNT", "none", "0", "1", "hello"), SYNTAX);
  assert.equal(rig.raw("BITCOUNT", "none", "0", "1", "BIT", "more"), SYNTAX);
  assert.equal(rig.raw("BITPOS", "none", "0", "0", "1", "hello"), SYNTAX);
  assert.equal(rig.raw("BITPOS", "none", "1", "0", "x"), NOT_INTEGER);
});

Deno.test("strings of all lengths at all addresses are combined as byte by byte", () => {
  const operations: Record<string, (a: number, b: number) => number> = {
    AND: (a, b) => a & b,
    OR: (a, b) => a | b,
    XOR: (a, b) => a ^ b,
  };
  // The key's length decides where an inline string begins; from 4 KiB on it has a block of its own.
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(fc.nat(255), fc.integer({ min: 4000, max: 5000 })).map(([byte, size]) =>
      new Uint8Array(size).fill(byte)
    ),
    fc.tuple(fc.nat(255), fc.integer({ min: 60_000, max: 140_000 })).map(([seed, size]) =>
      Uint8Array.from({ length: size }, (_, index) => seed * index)
    ),
  );
  const operand = fc.tuple(fc.integer({ min: 1, max: 6 }), text);
  fc.assert(
    fc.property(
      fc.array(operand, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("AND", "OR", "XOR"),
      (list, name) => {
        const rig = newRig();
        const keys = list.map(([size], index) => `${index}`.repeat(size));
        list.forEach(([, bytes], index) => rig.raw("SET", keys[index], bytes));
        const size = Math.max(...list.map(([, bytes]) => bytes.length));
        const expected = Array.from(
          { length: size },
          (_, at) => list.map(([, bytes]) => bytes[at] ?? 0).reduce(operations[name]),
        );
        assert.equal(rig.raw("BITOP", name, "dest", ...keys), `:${size}\r\n`);
        assert.deepEqual(latin1Bytes(size === 0 ? "" : contentOf(rig, "dest")), Uint8Array.from(expected));
        assert.equal(rig.raw("BITOP", "NOT", "dest", "dest"), `:${size}\r\n`);
        const inverse = expected.map((byte) => ~byte & 0xff);
        assert.deepEqual(latin1Bytes(size === 0 ? "" : contentOf(rig, "dest")), Uint8Array.from(inverse));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("fields of any width at any bit against numbers", () => {
  const width = fc.tuple(fc.constantFrom("i", "u"), fc.integer({ min: 1, max: 64 }))
    .filter(([sign, bits]) => sign === "i" || bits < 64);
  fc.assert(
    fc.property(
      width,
      fc.nat(100),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.uint8Array({ minLength: 30, maxLength: 30 }),
      (
        [sign, bits],
        offset,
        value,
        around,
      ) => {
        const rig = newRig();
        rig.raw("SET", "k", around);
        const bitsOf = (text: string) =>
          [...text].map((character) => character.charCodeAt(0).toString(2).padStart(8, "0")).join("");
        const before = bitsOf(contentOf(rig, "k"));
        rig.raw("BITFIELD", "k", "SET", `${sign}${bits}`, `${offset}`, `${value}`);
        const wrapped = sign === "i" ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
        assert.equal(
          rig.raw("BITFIELD_RO", "k", "GET", `${sign}${bits}`, `${offset}`),
          `*1\r\n:${wrapped}\r\n`,
        );
        const field = BigInt.asUintN(bits, value).toString(2).padStart(bits, "0");
        const expected = before.slice(0, offset) + field + before.slice(offset + bits);
        assert.equal(bitsOf(contentOf(rig, "k")), expected);
      },
    ),
    { numRuns: 1000 },
  );
});
