// What a look at waiting commands finds, for whole, cut and broken input.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../bytes/ascii.ts";
import { WAITING_KEYS_MAX, WaitingKeys } from "./waiting_keys.ts";

const keys = new WaitingKeys();

function found(text: string, at = 0): string[] {
  const bytes = latin1Bytes(text);
  const count = keys.find(bytes, at, bytes.length);
  return Array.from({ length: count }, (_, i) => text.slice(keys.starts[i], keys.ends[i]));
}

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

Deno.test("the first argument of each command is found", () => {
  assert.deepEqual(found(request("GET", "a") + request("SET", "key", "value") + request("PING")), [
    "a",
    "key",
  ]);
  assert.deepEqual(found(`xx${request("GET", "b")}`, 2), ["b"]);
  assert.deepEqual(found(request("GET", "k").repeat(100)).length, WAITING_KEYS_MAX);
});

Deno.test("it stops where the input is cut, inline or broken", () => {
  assert.deepEqual(found("PING\r\n" + request("GET", "a")), []);
  assert.deepEqual(found(request("GET", "a") + "*2\r\n$3\r\nGET\r\n$4\r\nab"), ["a"]);
  assert.deepEqual(found(request("GET", "a") + "*2\r\n$3\r\nGET\r\n$99999999999\r\nab"), ["a"]);
  assert.deepEqual(found("*-1\r\n"), []);
});

Deno.test("it never reads or answers outside the buffer", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("*", "$", "1", "3", "\r\n", "GET", "x", "\r"), { maxLength: 60 }),
      (parts) => {
        const text = parts.join("");
        const bytes = latin1Bytes(text);
        const count = keys.find(bytes, 0, bytes.length);
        for (let i = 0; i < count; i++) {
          assert.ok(keys.starts[i] <= keys.ends[i] && keys.ends[i] <= bytes.length);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
