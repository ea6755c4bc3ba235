import assert from "node:assert/strict";
import { NO_EXPIRE } from "../keyspace/entry_store.ts";
import { Arguments } from "../protocol/arguments.ts";
import { EXPIRE_GT_AND_LT, EXPIRE_NX_AND_OTHERS } from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";
import { allowsExpiry, parseExpireConditions } from "./expire_conditions.ts";

/** The flags of these words, or the error reply. */
function conditions(...words: string[]): number | string {
  const args = Arguments.of("EXPIRE", "key", "10", ...words);
  let problem = "";
  const client = { reply: { error: (text: string) => problem = text } } as unknown as CommandClient;
  const flags = parseExpireConditions(client, args, args.count);
  assert.equal(flags === -1, problem !== "");
  return flags === -1 ? problem : flags;
}

function allows(word: string, current: number, at: number): boolean {
  return allowsExpiry(conditions(word) as number, current, at);
}

Deno.test("without conditions every time is allowed", () => {
  assert.equal(conditions(), 0);
  assert.ok(allowsExpiry(0, NO_EXPIRE, 5) && allowsExpiry(0, 5, 5) && allowsExpiry(0, 5, 4));
});

Deno.test("NX wants no expiry, XX one, GT a later and LT an earlier one; none counts as infinite", () => {
  const earlierSameLater = [9, 10, 11];
  for (
    const [word, without, within] of [
      ["nx", true, [false, false, false]],
      ["xx", false, [true, true, true]],
      ["gt", false, [false, false, true]],
      ["lt", true, [true, false, false]],
    ] as const
  ) {
    assert.equal(allows(word, NO_EXPIRE, 10), without, word);
    assert.deepEqual(earlierSameLater.map((at) => allows(word.toUpperCase(), 10, at)), within, word);
  }
});

Deno.test("conditions that exclude each other, and other words, are refused", () => {
  assert.equal(conditions("nx", "xx"), EXPIRE_NX_AND_OTHERS);
  assert.equal(conditions("gt", "nx"), EXPIRE_NX_AND_OTHERS);
  assert.equal(conditions("gt", "lt"), EXPIRE_GT_AND_LT);
  assert.equal(conditions("xx", "maybe"), "ERR Unsupported option maybe");
  assert.notEqual(conditions("xx", "gt"), 0);
});
