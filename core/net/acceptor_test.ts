import assert from "node:assert/strict";
import { Acceptor } from "./acceptor.ts";
import type { Connection } from "./connection.ts";
import type { Listener } from "./listener.ts";
import { MemoryConnection } from "./memory_connection.ts";

class MemoryListener implements Listener {
  readonly kind = "tcp";
  readonly address = "127.0.0.1:6379";
  closed = false;
  readonly outcomes: (Connection | Error)[] = [];
  #wake: (() => void) | null = null;

  arrive(outcome: Connection | Error): void {
    this.outcomes.push(outcome);
    this.#wake?.();
  }

  async accept(): Promise<Connection | null> {
    while (this.outcomes.length === 0 && !this.closed) await new Promise<void>((wake) => this.#wake = wake);
    const outcome = this.outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome ?? null;
  }

  close(): void {
    this.closed = true;
    this.#wake?.();
  }
}

function serving() {
  const accepted: Connection[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const host = {
    full: false,
    isProtected: false,
    counters: { connections: 0, rejectedConnections: 0 },
    log: { debug: note, verbose: note, notice: note, warning: note },
    isFull: () => host.full,
    refusesRemote: () => host.isProtected,
    accepted: (connection: Connection) => void accepted.push(connection),
  };
  const acceptor = new Acceptor(host);
  const listener = new MemoryListener();
  acceptor.add(listener);
  return { host, acceptor, listener, accepted, logged };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("connections are handed over and counted", async () => {
  const { host, acceptor, listener, accepted } = serving();
  const connection = new MemoryConnection();
  listener.arrive(connection);
  await settle();
  assert.deepEqual(accepted, [connection]);
  assert.deepEqual(host.counters, { connections: 1, rejectedConnections: 0 });
  await acceptor.close();
  assert.equal(connection.closed, false, "connections outlive their listener");
});

Deno.test("one client too many is told so and hung up on", async () => {
  const { host, acceptor, listener, accepted } = serving();
  host.full = true;
  const connection = new MemoryConnection();
  listener.arrive(connection);
  await settle();
  assert.deepEqual(accepted, []);
  assert.equal(connection.received(), "-ERR max number of clients reached\r\n");
  assert.ok(connection.closed);
  assert.deepEqual(host.counters, { connections: 0, rejectedConnections: 1 });
  await acceptor.close();
});

Deno.test("protected mode lets in this machine only", async () => {
  const { host, acceptor, listener, accepted } = serving();
  host.isProtected = true;
  const local = new MemoryConnection();
  const remote = new MemoryConnection();
  remote.isLocal = false;
  listener.arrive(local);
  listener.arrive(remote);
  await settle();
  assert.deepEqual(accepted, [local]);
  assert.match(
    remote.received(),
    /^-DENIED Running in protected mode because protected mode is enabled .*\r\n$/,
  );
  assert.ok(remote.closed);
  assert.deepEqual(host.counters, { connections: 1, rejectedConnections: 1 });
  await acceptor.close();
});

Deno.test("an error of accept is logged and accepting goes on", async () => {
  const { acceptor, listener, accepted, logged } = serving();
  listener.arrive(new Error("Too many open files"));
  const connection = new MemoryConnection();
  listener.arrive(connection);
  while (accepted.length === 0) await settle();
  assert.deepEqual(accepted, [connection]);
  assert.equal(logged[0], "Accepting client connection: Too many open files");
  await acceptor.close();
});

Deno.test("a listener that was removed accepts nothing more", async () => {
  const { acceptor, listener, accepted } = serving();
  await settle();
  acceptor.remove(listener);
  assert.ok(listener.closed);
  assert.deepEqual(acceptor.listeners, []);
  const late = new MemoryConnection();
  listener.arrive(late);
  await settle();
  assert.deepEqual(accepted, []);
  await acceptor.close();
});
