import assert from "node:assert/strict";
import { DenoConnection } from "./deno_connection.ts";
import { MemoryConnection } from "./memory_connection.ts";
import { ToyHost } from "./toy_host.ts";

Deno.test("the commands of all clients that are ready in a turn give one pass over their output", async () => {
  const host = new ToyHost();
  const connections = Array.from({ length: 10 }, () => new MemoryConnection());
  for (const connection of connections) host.connect(connection);
  for (const connection of connections) connection.send("PING\r\n");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(host.sleeps, 1);
  assert.equal(host.turn.count, 1);
  for (const connection of connections) assert.equal(connection.received(), "+PONG\r\n");
});

Deno.test("over real sockets too, a burst of requests takes far fewer turns than requests", async () => {
  const host = new ToyHost();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (listener.addr as Deno.NetAddr).port;
  const count = 40;
  const peers: Deno.TcpConn[] = [];
  for (let index = 0; index < count; index++) {
    peers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    host.connect(new DenoConnection(await listener.accept(), "tcp", ""));
  }
  const request = new TextEncoder().encode("PING\r\n");
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    // Eager writes: all requests are in the kernel before the loop looks at any socket.
    await Promise.all(peers.map((peer) => peer.write(request)));
    await Promise.all(peers.map((peer) => peer.read(new Uint8Array(16))));
  }
  assert.equal(host.ran.length, count * rounds);
  assert.ok(host.turn.count <= rounds * 4, `${host.turn.count} turns for ${rounds} bursts of ${count}`);
  for (const peer of peers) peer.close();
  while (host.closed.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("what happens in beforeSleep opens the next turn", async () => {
  const host = new ToyHost();
  const first = new MemoryConnection();
  const second = new MemoryConnection();
  host.connect(first);
  const blocked = host.connect(second);
  second.send("BLOCK\r\nPING\r\n");
  await new Promise((resolve) => setTimeout(resolve, 0));
  const flush = host.turn.flush.bind(host.turn);
  host.turn.flush = () => {
    flush();
    if (blocked.isBlocked && first.writes > 0) blocked.unblock({ again: false });
  };
  first.send("PING\r\n");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(second.received(), "+PONG\r\n");
});
