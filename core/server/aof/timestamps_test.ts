import assert from "node:assert/strict";
import { Timestamps } from "./timestamps.ts";

const text = (bytes: Uint8Array | null) => bytes === null ? null : new TextDecoder().decode(bytes);

Deno.test("one line before the first bytes of each second, and of each file", () => {
  const timestamps = new Timestamps();
  assert.equal(text(timestamps.due(1_700_000_000_000)), "#TS:1700000000\r\n");
  assert.equal(timestamps.due(1_700_000_000_999), null);
  assert.equal(text(timestamps.due(1_700_000_001_000)), "#TS:1700000001\r\n");
  assert.equal(timestamps.due(1_700_000_000_500), null, "never backwards");
  timestamps.restart();
  assert.equal(text(timestamps.due(1_700_000_001_500)), "#TS:1700000001\r\n");
});
