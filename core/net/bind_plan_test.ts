import assert from "node:assert/strict";
import { isWanted, planSockets } from "./bind_plan.ts";

function hostnames(binds: string[]): string[] {
  return planSockets(binds).map((socket) => socket.hostname);
}

Deno.test("the default, every address of both families, is one socket that falls back to IPv4", () => {
  const [socket, ...others] = planSockets(["*", "-::*"]);
  assert.deepEqual(others, []);
  assert.equal(socket.hostname, "::");
  assert.equal(socket.fallback?.hostname, "0.0.0.0");
  assert.ok(isWanted(socket, "127.0.0.1"));
  assert.ok(isWanted(socket, "::1"));
});

Deno.test("literal addresses and names are sockets of their own", () => {
  assert.deepEqual(hostnames(["127.0.0.1", "-::1", "localhost"]), ["127.0.0.1", "::1", "localhost"]);
  assert.deepEqual(planSockets(["127.0.0.1", "-::1"]).map((socket) => socket.optional), [false, true]);
});

Deno.test("a wildcard covers the addresses of its family", () => {
  assert.deepEqual(hostnames(["*", "127.0.0.1", "::1"]), ["0.0.0.0", "::1"]);
});

Deno.test("the IPv6 wildcard alone lets in no IPv4 peer but those that came to an address asked for", () => {
  const [alone] = planSockets(["::*"]);
  assert.ok(isWanted(alone, "fe80::1"));
  assert.ok(!isWanted(alone, "127.0.0.1"));
  const [some, ...rest] = planSockets(["::*", "127.0.0.1", "name"]);
  assert.deepEqual(rest.map((socket) => socket.hostname), ["name"]);
  assert.ok(isWanted(some, "127.0.0.1"));
  assert.ok(!isWanted(some, "10.0.0.1"));
});
