import assert from "node:assert/strict";
import { silentLog } from "../log/logger.ts";
import { ServiceManager, type Supervision } from "./service_manager.ts";

function rig(supervision: Supervision, socket?: string) {
  const sent: string[] = [];
  const lines: string[] = [];
  const log = { ...silentLog, warning: (line: string) => void lines.push(line) };
  const manager = new ServiceManager(
    supervision,
    log,
    (name) => name === "NOTIFY_SOCKET" ? socket : undefined,
    (path, text) => {
      if (path === "/gone") return Promise.reject(new Error("no such socket"));
      sent.push(`${path} ${text}`);
      return Promise.resolve();
    },
  );
  return { manager, sent, lines };
}

Deno.test("systemd hears when the server is ready and when it stops", async () => {
  for (const supervision of ["systemd", "auto"] as const) {
    const { manager, sent } = rig(supervision, "/run/notify");
    await manager.ready();
    await manager.stopping();
    assert.deepEqual(sent.map((each) => each.includes("READY=1\n")), [true, false]);
    assert.deepEqual(sent.map((each) => each.includes("STOPPING=1\n")), [false, true]);
    assert.ok(sent.every((each) => each.startsWith("/run/notify ")));
  }
});

Deno.test("without supervision, or without anybody who listens, nothing is sent", async () => {
  for (const [supervision, socket] of [["no", "/run/notify"], ["auto", undefined]] as const) {
    const { manager, sent, lines } = rig(supervision, socket);
    await manager.ready();
    assert.deepEqual([sent, lines], [[], []]);
  }
});

Deno.test("a manager that can't be reached is a warning, not an error", async () => {
  for (const socket of ["/gone", "@abstract", undefined]) {
    const { manager, sent, lines } = rig("systemd", socket);
    await manager.ready();
    assert.equal(sent.length, 0);
    assert.match(lines.join(), /no such socket|abstract sockets|NOTIFY_SOCKET is not set/);
  }
});
