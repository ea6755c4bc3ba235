// One suite for every transport, over real sockets on this machine: tcp, unix, TLS by Deno, TLS by node.
import assert from "node:assert/strict";
import { connect as connectNodeTls } from "node:tls";
import { Acceptor } from "./acceptor.ts";
import type { Connection } from "./connection.ts";
import { listenTcp } from "./listen_tcp.ts";
import { listenTls } from "./listen_tls.ts";
import { listenUnix } from "./listen_unix.ts";
import { type Listener, ListenError, type Opened } from "./listener.ts";
import { defaultTlsSettings, type TlsSettings } from "./tls_settings.ts";
import { ToyHost } from "./toy_host.ts";

const fixtures = new URL("../../tests/fixtures/tls/", import.meta.url).pathname;
const authority = Deno.readTextFileSync(`${fixtures}authority.crt`);
const clientCertificate = {
  cert: Deno.readTextFileSync(`${fixtures}client.crt`),
  key: Deno.readTextFileSync(`${fixtures}client.key`),
};
const strangerCertificate = {
  cert: Deno.readTextFileSync(`${fixtures}stranger.crt`),
  key: Deno.readTextFileSync(`${fixtures}stranger.key`),
};

const loopback = ["127.0.0.1"];

/** A port that was free a moment ago: `port: 0` means "do not listen" here. */
function freePort(): number {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (probe.addr as Deno.NetAddr).port;
}

function tcpOptions(port: number, bind = loopback) {
  return { bind, port, backlog: 128, keepAliveSeconds: 300 };
}

function tlsOptions(port: number, changes: Partial<TlsSettings>, bind = loopback) {
  const files = {
    certFile: `${fixtures}server.crt`,
    keyFile: `${fixtures}server.key`,
    caCertFile: `${fixtures}authority.crt`,
  };
  return { bind, port, backlog: 128, settings: { ...defaultTlsSettings(), ...files, ...changes } };
}

function connectTls(port: number, certificate: { cert?: string; key?: string }): Promise<Deno.Conn> {
  const options = { hostname: "127.0.0.1", port, caCerts: [authority], ...certificate };
  return Deno.connectTls(options as Deno.ConnectTlsOptions);
}

interface Transport {
  name: string;
  open(): Promise<{ opened: Opened; connect(): Promise<Deno.Conn>; remove?: string }>;
  isLocalAddress: RegExp;
}

const transports: Transport[] = [{
  name: "tcp",
  open: () => {
    const port = freePort();
    const opened = listenTcp(tcpOptions(port));
    return Promise.resolve({ opened, connect: () => Deno.connect({ hostname: "127.0.0.1", port }) });
  },
  isLocalAddress: /^127\.0\.0\.1:\d+$/,
}, {
  name: "unix socket",
  open: async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/s.sock`;
    const opened = listenUnix({ path, permissions: 0o700 });
    return { opened, connect: () => Deno.connect({ transport: "unix", path }), remove: directory };
  },
  isLocalAddress: /s\.sock:0$/,
}, {
  name: "tls by Deno",
  open: async () => {
    const port = freePort();
    const opened = await listenTls(tlsOptions(port, { authClients: "no" }));
    return { opened, connect: () => connectTls(port, {}) };
  },
  isLocalAddress: /^127\.0\.0\.1:\d+$/,
}, {
  name: "tls with client certificates",
  open: async () => {
    const port = freePort();
    const opened = await listenTls(tlsOptions(port, { authClients: "yes" }));
    return { opened, connect: () => connectTls(port, clientCertificate) };
  },
  isLocalAddress: /^127\.0\.0\.1:\d+$/,
}];

/** A server of toy commands on the listeners. */
function serve(listeners: Listener[]): { host: ToyHost; acceptor: Acceptor; connections: Connection[] } {
  const host = new ToyHost();
  const connections: Connection[] = [];
  const acceptor = new Acceptor({
    log: host.log,
    counters: { connections: 0, rejectedConnections: 0 },
    isFull: () => false,
    refusesRemote: () => false,
    accepted: (connection) => {
      connections.push(connection);
      host.connect(connection);
    },
  });
  for (const listener of listeners) acceptor.add(listener);
  return { host, acceptor, connections };
}

async function writeAll(peer: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await peer.write(bytes.subarray(sent));
}

async function readExactly(peer: Deno.Conn, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  for (let got = 0; got < length;) {
    const count = await peer.read(bytes.subarray(got));
    if (count === null) throw new Error(`the stream ended after ${got} of ${length} bytes`);
    got += count;
  }
  return new TextDecoder().decode(bytes);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

for (const transport of transports) {
  Deno.test(`${transport.name}: commands, large values, both kinds of ending`, async () => {
    const { opened, connect, remove } = await transport.open();
    const { host, acceptor, connections } = serve(opened.listeners);
    const peer = await connect();
    await writeAll(peer, new TextEncoder().encode("PING\r\n*1\r\n$4\r\nPING\r\n"));
    assert.equal(await readExactly(peer, 14), "+PONG\r\n+PONG\r\n");
    assert.ok(connections[0].isLocal);
    assert.match(connections[0].localAddress, transport.isLocalAddress);
    assert.match(connections[0].remoteAddress, /:\d+$/);

    const value = "v".repeat(3_000_000);
    const reply = `$${value.length}\r\n${value}\r\n`;
    const [echoed] = await Promise.all([
      readExactly(peer, reply.length),
      writeAll(peer, new TextEncoder().encode(`*2\r\n$4\r\nECHO\r\n$${value.length}\r\n${value}\r\n`)),
    ]);
    assert.ok(echoed === reply);

    await writeAll(peer, new TextEncoder().encode("QUIT\r\n"));
    assert.equal(await readExactly(peer, 5), "+OK\r\n");
    assert.equal(await peer.read(new Uint8Array(1)).catch(() => null), null);
    peer.close();
    await until(() => host.closed.length === 1);

    const leaving = await connect();
    await writeAll(leaving, new TextEncoder().encode("PING\r\n"));
    await readExactly(leaving, 7);
    leaving.close();
    await until(() => host.closed.length === 2);
    assert.deepEqual(host.closed.map((each) => each.reason), ["quit", "peer closed"]);
    await acceptor.close();
    if (remove !== undefined) await Deno.remove(remove, { recursive: true });
  });

  Deno.test(`${transport.name}: closing ends a read that waits, twice is once`, async () => {
    const { opened, connect, remove } = await transport.open();
    const accepting = opened.listeners[0].accept();
    const peer = await connect();
    const poke = writeAll(peer, new Uint8Array([1]));
    const connection = (await accepting)!;
    await connection.read(new Uint8Array(1));
    await poke;
    const waiting = connection.read(new Uint8Array(10)).then((count) => count, (error: Error) => error);
    connection.close();
    connection.close();
    const outcome = await waiting;
    assert.ok(outcome === null || outcome instanceof Error);
    assert.equal(await peer.read(new Uint8Array(1)).catch(() => null), null);
    peer.close();
    for (const listener of opened.listeners) listener.close();
    assert.equal(await opened.listeners[0].accept().catch((error: Error) => error.message), null);
    if (remove !== undefined) await Deno.remove(remove, { recursive: true });
  });
}

Deno.test("port 0 and no path mean no listener", async () => {
  assert.deepEqual(listenTcp(tcpOptions(0)).listeners, []);
  assert.deepEqual((await listenTls(tlsOptions(0, { ciphers: "x" }))).listeners, []);
  assert.deepEqual(listenUnix({ path: "", permissions: 0 }).listeners, []);
});

Deno.test("several addresses are served, IPv6 included, and addresses of peers are plain", async () => {
  const port = freePort();
  const { listeners } = listenTcp(tcpOptions(port, ["*", "-::*"]));
  const { acceptor, connections } = serve(listeners);
  const peers = [await Deno.connect({ hostname: "127.0.0.1", port })];
  const hasIpv6 = listeners.some((listener) => listener.address.startsWith("[::]"));
  if (hasIpv6) peers.push(await Deno.connect({ hostname: "::1", port }));
  await until(() => connections.length === peers.length);
  assert.match(connections[0].remoteAddress, /^127\.0\.0\.1:\d+$/);
  assert.equal(connections[0].localAddress, `127.0.0.1:${port}`);
  if (hasIpv6) assert.equal(connections[1].localAddress, `[::1]:${port}`);
  assert.ok(connections.every((connection) => connection.isLocal));
  for (const peer of peers) peer.close();
  for (const connection of connections) connection.close();
  await acceptor.close();
});

Deno.test("an optional address that this machine does not have is skipped with a warning, another one is fatal", () => {
  const port = freePort();
  // 192.0.2.0/24 is reserved for documentation: no machine has it.
  const { listeners, warnings } = listenTcp(tcpOptions(port, ["127.0.0.1", "-192.0.2.7"]));
  assert.equal(listeners.length, 1);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0],
    /^Warning: Could not create server TCP listening socket 192\.0\.2\.7:\d+: bind: /,
  );
  for (const listener of listeners) listener.close();
  assert.throws(
    () => listenTcp(tcpOptions(port, ["127.0.0.1", "192.0.2.7"])),
    (error: Error) =>
      error instanceof ListenError && error.message.includes(`Failed listening on port ${port} (tcp)`),
  );
  // All or none: the first address is free again.
  for (const listener of listenTcp(tcpOptions(port)).listeners) listener.close();
});

Deno.test("a port in use is an error that says so", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (taken.addr as Deno.NetAddr).port;
  const isInUse = (error: Error) =>
    error instanceof ListenError && /bind: .*[Aa]ddress already in use/.test(error.message);
  assert.throws(() => listenTcp(tcpOptions(port)), isInUse);
  await assert.rejects(() => listenTls(tlsOptions(port, { authClients: "no" })), isInUse);
  await assert.rejects(() => listenTls(tlsOptions(port, { authClients: "yes" })), isInUse);
});

Deno.test("a unix socket gets its mode, replaces a stale one, but never another file", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/s.sock`;
  const first = listenUnix({ path, permissions: 0o700 });
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
  const second = listenUnix({ path, permissions: 0o770 });
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o770);
  for (const listener of [...first.listeners, ...second.listeners]) listener.close();
  await Deno.writeTextFile(`${directory}/file`, "precious");
  assert.throws(() => listenUnix({ path: `${directory}/file`, permissions: 0 }), ListenError);
  assert.equal(await Deno.readTextFile(`${directory}/file`), "precious");
  assert.throws(
    () => listenUnix({ path: `${directory}/nowhere/s.sock`, permissions: 0 }),
    (error: Error) => error.message.startsWith("Failed opening Unix socket: "),
  );
  await Deno.remove(directory, { recursive: true });
});

/** Sends PING over node's TLS client; the reply, or the error's text. */
function pingTls(
  port: number,
  options: { cert?: string; key?: string; maxVersion?: "TLSv1.2" },
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectNodeTls({
      host: "127.0.0.1",
      port,
      ca: authority,
      servername: "localhost",
      ...options,
    });
    socket.on("error", (error: Error) => resolve(`error: ${error.message}`));
    socket.on("end", () => resolve("end"));
    socket.on("close", () => resolve("end"));
    socket.on("data", (data: Uint8Array) => {
      resolve(new TextDecoder().decode(data));
      socket.destroy();
    });
    socket.write("PING\r\n");
  });
}

Deno.test("client certificates: wanted, optional, and never a stranger's", async () => {
  for (const authClients of ["yes", "optional"] as const) {
    const port = freePort();
    const { listeners } = await listenTls(tlsOptions(port, { authClients }));
    const { acceptor } = serve(listeners);
    assert.equal(await pingTls(port, clientCertificate), "+PONG\r\n");
    const without = await pingTls(port, {});
    if (authClients === "optional") assert.equal(without, "+PONG\r\n");
    else assert.notEqual(without, "+PONG\r\n");
    assert.notEqual(await pingTls(port, strangerCertificate), "+PONG\r\n");
    await acceptor.close();
  }
});

Deno.test("a single protocol version is all that is spoken, and noise on a TLS port harms nobody", async () => {
  const port = freePort();
  const { listeners } = await listenTls(tlsOptions(port, { authClients: "no", protocols: "TLSv1.3" }));
  const { acceptor } = serve(listeners);
  assert.equal(await pingTls(port, {}), "+PONG\r\n");
  assert.notEqual(await pingTls(port, { maxVersion: "TLSv1.2" }), "+PONG\r\n");
  const noise = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(noise, new TextEncoder().encode("PING\r\n"));
  noise.close();
  assert.equal(await pingTls(port, {}), "+PONG\r\n");
  await acceptor.close();
});
