// A log gives back the arguments of every command as they were, also after it was used before.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ArgumentLog } from "./argument_log.ts";
import { Arguments } from "./arguments.ts";

const commands = fc.array(fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 40 }), {
  maxLength: 60,
  size: "max",
});

Deno.test("what was added comes back, in order, whatever was in the log before", () => {
  const log = new ArgumentLog();
  const into = new Arguments();
  fc.assert(fc.property(commands, (lists) => {
    log.clear();
    for (const list of lists) log.add(Arguments.of(...list));
    assert.equal(log.count, lists.length);
    for (let round = 0; round < 2; round++) {
      log.rewind();
      for (const list of lists) {
        log.next(into);
        const found = Array.from({ length: into.count }, (_, index) => into.bytes(index));
        assert.deepEqual(found.map((bytes) => [...bytes]), list.map((bytes) => [...bytes]));
      }
    }
  }));
  assert.ok(log.memoryBytes > 512);
});
