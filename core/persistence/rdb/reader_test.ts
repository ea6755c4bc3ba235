// Times as files hold them, to the ends of 64 bits.
import assert from "node:assert/strict";
import { RdbReader } from "./reader.ts";

Deno.test("the latest time of 64 bits stays one that can be written again", () => {
  const latest = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127);
  const at = RdbReader.over(latest, 0, latest.length).milliseconds();
  assert.ok(at < 2 ** 63 && at > 2 ** 63 - 2048, `${at}`);
  const earliest = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128);
  assert.equal(RdbReader.over(earliest, 0, earliest.length).milliseconds(), -(2 ** 63));
});
