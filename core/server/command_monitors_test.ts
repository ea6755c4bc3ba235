import assert from "node:assert/strict";
import { Arguments } from "../protocol/arguments.ts";
import { monitorLine } from "./command_monitors.ts";

function line(words: (string | Uint8Array)[], peer = "127.0.0.1:5"): string {
  const bytes = monitorLine(1_700_000_000_042, 77.1235, 3, peer, Arguments.of(...words));
  return String.fromCharCode(...bytes);
}

Deno.test("a monitor's line has the time in microseconds, database, peer and quoted words", () => {
  assert.equal(line(["SET", "a b", ""]), '+1700000000.042123 [3 127.0.0.1:5] "SET" "a b" ""\r\n');
});

Deno.test("quotes, backslashes, control characters and other bytes are escaped as C does", () => {
  const bytes = Uint8Array.of(0x22, 0x5c, 7, 8, 9, 10, 13, 0, 0x1f, 0x7f, 0xff, 0x7e);
  assert.equal(
    line([bytes]),
    '+1700000000.042123 [3 127.0.0.1:5] "\\"\\\\\\a\\b\\t\\n\\r\\x00\\x1f\\x7f\\xff~"\r\n',
  );
});

Deno.test("a client of the unix socket is shown with its path", () => {
  assert.match(line(["PING"], "/run/spork.sock:0"), / \[3 unix:\/run\/spork.sock:0\] /);
});
