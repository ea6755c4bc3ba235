// `supervised systemd`: what the server tells the socket that NOTIFY_SOCKET names.
import assert from "node:assert/strict";
import { SporkServer } from "../harness/mod.ts";

Deno.test("a supervised server says when it is ready and when it stops", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spork-notify-test-" });
  const path = `${folder}/notify`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const next = async () => new TextDecoder().decode((await socket.receive())[0]);
  try {
    const server = await SporkServer.start({
      args: ["--supervised", "systemd"],
      env: { NOTIFY_SOCKET: path },
    });
    assert.match(await next(), /^READY=1$/m);
    await server.stop();
    assert.match(await next(), /^STOPPING=1$/m);
  } finally {
    socket.close();
    await Deno.remove(folder, { recursive: true });
  }
});
