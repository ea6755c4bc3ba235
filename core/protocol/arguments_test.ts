import assert from "node:assert/strict";
import { Arguments } from "./arguments.ts";
import { unknownCommand, unknownSubcommand } from "./errors.ts";

Deno.test("arguments are read as text, bytes and words", () => {
  const args = Arguments.of("SeT", "ké", new Uint8Array([0, 255]), "");
  assert.equal(args.count, 4);
  assert.ok(args.is(0, "set"));
  assert.ok(!args.is(0, "sett"));
  assert.equal(args.text(1), "ké");
  assert.equal(args.latin1(1), "k\xc3\xa9");
  assert.deepEqual(args.bytes(2), new Uint8Array([0, 255]));
  assert.equal(args.length(3), 0);
  assert.equal(args.totalBytes(), 3 + 3 + 2);
  assert.deepEqual(args.toStrings(), ["SeT", "ké", "\0\ufffd", ""]);
});

Deno.test("a copy outlives the buffer it was taken from", () => {
  const args = Arguments.of("get", "x".repeat(100));
  const copy = args.copy();
  args.buffer.fill(0);
  assert.deepEqual(copy.toStrings(), ["get", "x".repeat(100)]);
});

Deno.test("span tables grow and are given back", () => {
  const args = Arguments.of(...Array.from({ length: 5000 }, (_, index) => `${index}`));
  assert.equal(args.text(4999), "4999");
  assert.equal(args.copy().text(4999), "4999");
  args.clear();
  assert.equal(args.count, 0);
  assert.ok(args.starts.length < 5000);
});

Deno.test("replace swaps in other arguments", () => {
  const args = Arguments.of("incrbyfloat", "k", "1");
  args.replace(["SET", "k", new Uint8Array([0x32])]);
  assert.deepEqual(args.toStrings(), ["SET", "k", "2"]);
});

Deno.test("unknown commands are echoed up to 128 bytes, cut at NUL", () => {
  assert.equal(
    unknownCommand(Arguments.of("foo", "bar", "b\0z")),
    "ERR unknown command 'foo', with args beginning with: 'bar' 'b' ",
  );
  assert.equal(
    unknownCommand(Arguments.of("f".repeat(200), "a".repeat(100), "b".repeat(100), "c")),
    `ERR unknown command '${"f".repeat(128)}', with args beginning with: '${"a".repeat(100)}' '${
      "b".repeat(25)
    }' `,
  );
  assert.equal(
    unknownSubcommand(Arguments.of("config", "nope")),
    "ERR unknown subcommand 'nope'. Try CONFIG HELP.",
  );
});
