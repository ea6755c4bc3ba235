// Timeouts of blocking commands: seconds with fractions, rounded up to milliseconds, and what is refused in which words.
import assert from "node:assert/strict";
import { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";
import { timeoutArgument, timeoutMillisecondsArgument } from "./timeout_argument.ts";

function read(parse: typeof timeoutArgument, text: string): number | string {
  let told = "";
  const client = {
    reply: { error: (error: string) => told = error },
    server: { keyspace: { clock: { ms: 1_700_000_000_000 } } },
  } as unknown as CommandClient;
  const value = parse(client, Arguments.of(text), 0);
  assert.equal(told !== "", Number.isNaN(value));
  return told || value;
}

Deno.test("seconds become milliseconds, rounded up", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["1", 1000],
    ["0.1", 100],
    ["0.0001", 1],
    ["1.0001", 1001],
    ["1e-3", 1],
    ["1e2", 100_000],
    ["0x10", 16_000],
    ["-0", 0],
    ["0.0", 0],
    ["9000000000000000", 9e18],
  ];
  for (const [text, milliseconds] of cases) assert.equal(read(timeoutArgument, text), milliseconds, text);
});

Deno.test("what is no timeout is refused", () => {
  const float = "ERR timeout is not a float or out of range";
  for (const text of ["", " 1", "1 ", "x", "nan", "1s", "--1"]) {
    assert.equal(read(timeoutArgument, text), float, text);
  }
  for (const text of ["-1", "-0.1", "-inf", "-1e300"]) {
    assert.equal(read(timeoutArgument, text), "ERR timeout is negative", text);
  }
  for (const text of ["inf", "1e300", "9223372036854775807", "9223372036854775", "0x7FFFFFFFFFFFFFFF"]) {
    assert.equal(read(timeoutArgument, text), "ERR timeout is out of range", text);
  }
});

Deno.test("milliseconds are whole", () => {
  assert.equal(read(timeoutMillisecondsArgument, "15"), 15);
  assert.equal(read(timeoutMillisecondsArgument, "0"), 0);
  assert.equal(read(timeoutMillisecondsArgument, "-1"), "ERR timeout is negative");
  assert.equal(read(timeoutMillisecondsArgument, "9223372036854775807"), "ERR timeout is out of range");
  for (const text of ["1.5", "x", "9223372036854775808"]) {
    assert.equal(
      read(timeoutMillisecondsArgument, text),
      "ERR timeout is not an integer or out of range",
      text,
    );
  }
});
