// Ends that nobody wants: the log says what happened, the process ends as a supervisor expects.
import assert from "node:assert/strict";
import { SporkServer } from "../harness/mod.ts";

for (const [name, word] of [["PANIC", "panic"], ["ASSERT", "assertion"], ["SEGFAULT", "signal: 11"]]) {
  Deno.test(`DEBUG ${name} ends the server with a report`, async () => {
    const server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
    try {
      await using client = await server.connect();
      await assert.rejects(client.call("DEBUG", name));
      const { signal } = await server.exited;
      assert.equal(signal, "SIGABRT");
      assert.match(server.log, /=== SPORK BUG REPORT START/);
      assert.ok(server.log.includes(word));
      assert.match(server.log, /redis_version:/);
      assert.match(server.log, /CURRENT CLIENT INFO ------\n.*cmd=debug/);
      assert.match(server.log, /=== SPORK BUG REPORT END/);
    } finally {
      await server.stop();
    }
  });
}

Deno.test("SIGABRT is reported; use-exit-on-panic makes it a status, crash-log-enabled no makes it short", async () => {
  const args = ["--use-exit-on-panic", "yes", "--crash-log-enabled", "no"];
  const server = await SporkServer.start({ args });
  try {
    server.signal("SIGABRT");
    const { code, signal } = await server.exited;
    assert.deepEqual({ code, signal }, { code: 1, signal: null });
    assert.match(server.log, /crashed by signal: 6/);
    assert.doesNotMatch(server.log, /BUG REPORT/);
  } finally {
    await server.stop();
  }
});
