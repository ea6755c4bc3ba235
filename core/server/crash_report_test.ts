import assert from "node:assert/strict";
import { reportLines } from "./crash_report.ts";

Deno.test("a report says what, where, and how the server was", () => {
  const lines = reportLines(
    { reason: "crashed by an error: boom", stack: "Error: boom\n    at here", client: "id=7" },
    "1.2.3",
    () => "# Server\r\nport:1\r\n",
    () => "id=7\nid=8",
  );
  assert.deepEqual(lines, [
    "=== SPORK BUG REPORT START: Cut & paste starting from here ===",
    "Spork 1.2.3 crashed by an error: boom",
    "------ STACK TRACE ------",
    "Error: boom",
    "    at here",
    "------ INFO OUTPUT ------",
    "# Server",
    "port:1",
    "------ CLIENT LIST OUTPUT ------",
    "id=7",
    "id=8",
    "------ CURRENT CLIENT INFO ------",
    "id=7",
    "=== SPORK BUG REPORT END. Please tell us what happened and attach these lines. ===",
  ]);
});

Deno.test("a part of the report that fails does not take the rest with it", () => {
  const fails = () => {
    throw new Error("no INFO today");
  };
  const lines = reportLines({ reason: "crashed by signal: 6, SIGABRT" }, "1.2.3", fails, () => "id=1");
  assert.ok(lines.includes("(not available: no INFO today)"));
  assert.ok(lines.includes("id=1"));
});
