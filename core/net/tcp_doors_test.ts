import assert from "node:assert/strict";
import { Acceptor } from "./acceptor.ts";
import { ListenError } from "./listener.ts";
import { TcpDoors } from "./tcp_doors.ts";

function freePort(): number {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (probe.addr as Deno.NetAddr).port;
}

function options(port: number, ...bind: string[]) {
  return { bind, port, backlog: 16, keepAliveSeconds: 0 };
}

function house() {
  const warnings: string[] = [];
  const quiet = () => {};
  const log = {
    debug: quiet,
    verbose: quiet,
    notice: quiet,
    warning: (text: string) => void warnings.push(text),
  };
  const acceptor = new Acceptor({
    log,
    counters: { connections: 0, rejectedConnections: 0 },
    isFull: () => false,
    refusesRemote: () => false,
    accepted: (connection) => {
      connection.write(new TextEncoder().encode("hello")).finally(() => connection.close());
    },
  });
  return { doors: new TcpDoors(acceptor, log), acceptor, warnings };
}

/** What a door says; "shut" where there is none, "" where the visitor is turned away. */
async function knock(port: number, hostname = "127.0.0.1"): Promise<string> {
  try {
    using connection = await Deno.connect({ hostname, port });
    const bytes = new Uint8Array(10);
    const count = await connection.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "shut";
    throw error;
  }
}

Deno.test("a new port opens before the old one shuts", async () => {
  const { doors, acceptor } = house();
  const [first, second] = [freePort(), freePort()];
  doors.open(options(first, "127.0.0.1"));
  doors.accept();
  assert.equal(await knock(first), "hello");
  doors.change(options(second, "127.0.0.1"));
  assert.equal(await knock(second), "hello");
  assert.equal(await knock(first), "shut");
  doors.change(options(0, "127.0.0.1"));
  await doors.settled();
  assert.deepEqual(acceptor.listeners, []);
  doors.change(options(first, "127.0.0.1"));
  assert.equal(await knock(first), "hello");
  await acceptor.close();
});

Deno.test("where a new door cannot be opened, the old ones stay", async () => {
  const { doors, acceptor, warnings } = house();
  const port = freePort();
  doors.open(options(port, "127.0.0.1"));
  doors.accept();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refused: [number, string[]][] = [
    [(taken.addr as Deno.NetAddr).port, ["127.0.0.1"]],
    [port, ["127.0.0.1", "192.0.2.7"]],
    [port, ["999.999.999.999"]],
  ];
  for (const [wanted, bind] of refused) {
    assert.throws(() => doors.change(options(wanted, ...bind)), ListenError);
    await doors.settled();
    assert.equal(await knock(port), "hello");
    assert.equal(doors.listeners.length, 1);
  }
  using _neighbour = Deno.listen({ hostname: "127.0.0.2", port });
  doors.change(options(port, "127.0.0.1", "127.0.0.2"));
  await doors.settled();
  assert.equal(await knock(port), "hello");
  assert.match(
    warnings.join(),
    /Could not create server TCP listening socket 127\.0\.0\.2:\d+: bind: Address already/,
  );
  await acceptor.close();
});

Deno.test("addresses come and go on one port, those that overlap too", async () => {
  const { doors, acceptor, warnings } = house();
  const port = freePort();
  doors.open(options(port, "127.0.0.1"));
  doors.accept();
  const [unchanged] = doors.listeners;
  doors.change(options(port, "127.0.0.1", "127.0.0.2"));
  assert.equal(doors.listeners[0], unchanged);
  assert.equal(await knock(port, "127.0.0.2"), "hello");
  doors.change(options(port, "*"));
  await doors.settled();
  assert.equal(await knock(port, "127.0.0.3"), "hello");
  doors.change(options(port, "127.0.0.1"));
  await doors.settled();
  assert.equal(await knock(port), "hello");
  assert.equal(await knock(port, "127.0.0.3"), "shut");
  assert.deepEqual(warnings, []);
  await acceptor.close();
});

Deno.test("which IPv4 peers an IPv6 wildcard lets in follows the option", async () => {
  const { doors, acceptor } = house();
  const port = freePort();
  doors.open(options(port, "*", "-::*"));
  doors.accept();
  if (doors.listeners[0].address.startsWith("[::]")) {
    const [listener] = doors.listeners;
    doors.change(options(port, "::*"));
    assert.equal(doors.listeners[0], listener);
    assert.equal(await knock(port), "");
    assert.equal(await knock(port, "::1"), "hello");
    doors.change(options(port, "::*", "127.0.0.1"));
    assert.equal(await knock(port), "hello");
    assert.equal(await knock(port, "127.0.0.2"), "");
  }
  await acceptor.close();
});
