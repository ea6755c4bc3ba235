// Connections through a real server: pausing and ending them, limits, doors (tcp, unix socket, TLS), passwords, and what
// CONFIG SET changes about them while they are open.
import assert from "node:assert/strict";
import { eventually, freePort, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";

const MEGABYTE = 1024 * 1024;

async function field(client: RespClient, section: string, name: string): Promise<string> {
  return parseInfo(await client.call("INFO", section) as string)[name];
}

async function blockedClients(client: RespClient, count: number): Promise<void> {
  await eventually(async () => await field(client, "clients", "blocked_clients") === `${count}`, {
    what: `${count} blocked clients`,
  });
}

/** What CLIENT LIST says of a client by its name. */
async function listed(client: RespClient, name: string): Promise<Record<string, string> | undefined> {
  const lines = (await client.call("CLIENT", "LIST") as string).trim().split("\n");
  const clients = lines.map((line) => Object.fromEntries(line.split(" ").map((each) => each.split("="))));
  return clients.find((each) => each.name === name);
}

async function named(server: SporkServer, name: string): Promise<RespClient> {
  const client = await server.connect();
  await client.call("CLIENT", "SETNAME", name);
  return client;
}

Deno.test("pause, kill, no-touch, limits", async (test) => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();

  await test.step("CLIENT PAUSE WRITE holds writes, lets reads through and hides what expires", async () => {
    await client.call("SET", "old", "1", "PX", "50");
    await client.call("CLIENT", "PAUSE", "60000", "WRITE");
    await using writer = await named(server, "writer");
    const written = writer.call("SET", "paused", "1");
    await blockedClients(client, 1);
    const line = await listed(client, "writer");
    assert.equal(line?.flags, "b");
    assert.equal(line?.cmd, "set");
    const paused = parseInfo(await client.call("INFO", "clients") as string);
    assert.equal(paused.paused_reason, "client_pause");
    assert.equal(paused.paused_actions, "write");
    assert.ok(Number(paused.paused_timeout_milliseconds) > 30_000);
    await eventually(async () => await client.call("GET", "old") === null, { what: "the old key is hidden" });
    assert.equal(await client.call("DBSIZE"), 1, "nothing is deleted during a pause");
    assert.equal(await field(client, "stats", "expired_keys"), "0");
    assert.equal(await client.call("GET", "paused"), null);
    // A shorter and milder pause takes nothing back.
    await client.call("CLIENT", "PAUSE", "1", "WRITE");
    assert.equal(await client.call("GET", "paused"), null);
    await client.call("CLIENT", "UNPAUSE");
    assert.equal(await written, "OK");
    assert.equal(await client.call("GET", "paused"), "1");
    assert.equal(await field(client, "clients", "paused_reason"), "none");
    await eventually(async () => await field(client, "stats", "expired_keys") === "1", {
      what: "old expires",
    });
  });

  await test.step("CLIENT PAUSE ALL holds everything until its time is over, also when nobody sends anything", async () => {
    await client.call("SET", "old", "1", "PX", "20");
    await client.call("CLIENT", "PAUSE", "300", "ALL");
    const before = performance.now();
    assert.equal(await client.call("PING"), "PONG");
    assert.ok(performance.now() - before > 200, "PING waited");
    await client.call("CLIENT", "PAUSE", "50", "ALL");
    await eventually(async () => await field(client, "stats", "expired_keys") === "2", {
      what: "expiry goes on after the pause",
    });
  });

  await test.step("clients that wait in a pause may leave, or be killed", async () => {
    await client.call("CLIENT", "PAUSE", "60000", "WRITE");
    const leaver = await named(server, "leaver");
    const killed = await named(server, "killed");
    leaver.send("SET left 1\r\n");
    killed.send("SET killed 1\r\n");
    await blockedClients(client, 2);
    leaver.close();
    await blockedClients(client, 1);
    assert.equal(await client.call("CLIENT", "KILL", "ID", (await listed(client, "killed"))!.id), 1);
    assert.equal(await killed.untilClosed(), "");
    killed.close();
    await blockedClients(client, 0);
    await client.call("CLIENT", "UNPAUSE");
    assert.equal(await client.call("EXISTS", "left", "killed"), 0);
  });

  await test.step("CLIENT KILL by address, id, type, age; and oneself after the reply", async () => {
    const clients = await Promise.all(["one", "two", "three", "four"].map((name) => named(server, name)));
    const about = await Promise.all(["one", "two", "three", "four"].map((name) => listed(client, name)));
    const address = server.port;
    assert.equal(await client.call("CLIENT", "KILL", about[0]!.addr), "OK");
    assert.equal(await clients[0].untilClosed(), "");
    assert.equal(
      await client.call("CLIENT", "KILL", "ADDR", about[1]!.addr, "ID", about[2]!.id),
      0,
      "all must hold",
    );
    assert.equal(await client.call("CLIENT", "KILL", "ADDR", about[1]!.addr), 1);
    assert.equal(await clients[1].untilClosed(), "");
    assert.equal(await client.call("CLIENT", "KILL", "MAXAGE", "100000"), 0);
    assert.equal(await client.call("CLIENT", "KILL", "LADDR", `127.0.0.1:${address}`, "USER", "default"), 2);
    assert.equal(await clients[2].untilClosed(), "");
    assert.equal(await clients[3].untilClosed(), "");
    for (const each of clients) each.close();
    await using self = await server.connect();
    assert.equal(
      await self.call("CLIENT", "KILL", "ID", await self.call("CLIENT", "ID") as number, "SKIPME", "no"),
      1,
    );
    assert.equal(await self.untilClosed(), "");
  });

  await test.step("NO-TOUCH and NO-EVICT show, and a no-touch client leaves idle times alone", async () => {
    await client.call("SET", "seen", "1");
    await client.call("RESTORE", "idle", "0", await dumpOf(client, "seen"), "IDLETIME", "1000");
    await using quiet = await named(server, "quiet");
    await quiet.call("CLIENT", "NO-TOUCH", "ON");
    await quiet.call("CLIENT", "NO-EVICT", "ON");
    assert.equal((await listed(client, "quiet"))?.flags, "eT");
    await quiet.call("GET", "idle");
    assert.ok(await client.call("OBJECT", "IDLETIME", "idle") as number >= 1000);
    await quiet.call("TOUCH", "idle");
    assert.ok(await client.call("OBJECT", "IDLETIME", "idle") as number < 1000, "TOUCH does touch");
    await quiet.call("RESET");
    await eventually(async () =>
      (await client.call("CLIENT", "LIST") as string).includes("flags=eT") === false
    );
  });

  await test.step("a request over proto-max-bulk-len and one over client-query-buffer-limit end the connection", async () => {
    await client.call("CONFIG", "SET", "proto-max-bulk-len", `${MEGABYTE}`);
    await using bulk = await server.connect();
    await bulk.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${MEGABYTE + 1}\r\n`);
    assert.equal(await bulk.untilClosed(), "-ERR Protocol error: invalid bulk length\r\n");
    assert.equal(
      await client.error("SETRANGE", "big", `${MEGABYTE}`, "x"),
      "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    );
    await client.call("CONFIG", "SET", "proto-max-bulk-len", "512mb", "client-query-buffer-limit", "1mb");
    await using query = await server.connect();
    query.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${8 * MEGABYTE}\r\n${"x".repeat(4 * MEGABYTE)}`).catch(
      () => {},
    );
    await assert.rejects(async () => {
      if (await query.untilClosed() === "") throw new Error("closed");
    });
    await eventually(
      async () => await field(client, "stats", "client_query_buffer_limit_disconnections") === "1",
      { what: "the disconnection is counted" },
    );
    assert.equal(await client.call("EXISTS", "big"), 0);
    assert.doesNotMatch(server.log, /qbuf initial bytes/, "what clients send is no business of the log");
    await client.call("CONFIG", "SET", "client-query-buffer-limit", "1gb");
  });

  await test.step("a client that does not read its replies is closed over client-output-buffer-limit", async () => {
    await client.call("SET", "large", "x".repeat(MEGABYTE));
    await client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 4mb 0 0");
    const lazy = await server.connect();
    await lazy.send("GET large\r\n".repeat(60));
    await eventually(
      async () => await field(client, "stats", "client_output_buffer_limit_disconnections") === "1",
      { what: "the disconnection is counted" },
    );
    await server.waitForLog(/overcoming of output buffer limits/);
    lazy.close();
    await client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
  });

  await test.step("maxclients: the next one is told why", async () => {
    const now = Number(await field(client, "clients", "connected_clients"));
    assert.equal(
      await client.call("CONFIG", "SET", "maxclients", `${now + 1}`),
      "OK",
    );
    await using last = await server.connect();
    assert.equal(await last.call("PING"), "PONG");
    await using tooMany = await server.connect();
    assert.equal(await tooMany.untilClosed(), "-ERR max number of clients reached\r\n");
    assert.equal(await field(client, "stats", "rejected_connections"), "1");
    last.close();
    await eventually(async () => await field(client, "clients", "connected_clients") === `${now}`);
    await using again = await server.connect();
    assert.equal(await again.call("PING"), "PONG");
    await client.call("CONFIG", "SET", "maxclients", "10000");
  });

  await test.step("timeout closes clients that are idle, not those that wait", async () => {
    await using idle = await server.connect();
    await idle.call("PING");
    await using waiting = await server.connect();
    await client.call("CLIENT", "PAUSE", "60000", "WRITE");
    const waited = waiting.call("SET", "a", "1");
    await client.call("CONFIG", "SET", "timeout", "1");
    const alive = setInterval(() => client.send("PING\r\n"), 300);
    assert.equal(await idle.untilClosed(), "");
    clearInterval(alive);
    await client.send("CONFIG SET timeout 0\r\nCLIENT UNPAUSE\r\n");
    assert.equal(await waited, "OK");
  });
});

async function dumpOf(client: RespClient, key: string): Promise<Uint8Array> {
  const reply = await client.raw("DUMP", key);
  const body = reply.slice(reply.indexOf("\r\n") + 2, -2);
  return Uint8Array.from(body, (character) => character.charCodeAt(0));
}

/** A door that is closed may let one more connection in before the system knows. */
async function nobodyListens(port: number): Promise<void> {
  await eventually(async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return false;
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
  }, { what: `nobody listens on port ${port}` });
}

const certificates = new URL("../fixtures/tls/", import.meta.url).pathname;

Deno.test("doors: tcp, unix socket and TLS; ports and addresses that change; passwords", async (test) => {
  const dir = await Deno.makeTempDir({ prefix: "spork-doors-" });
  const path = `${dir}/spork.sock`;
  const tlsPort = freePort();
  try {
    await using server = await SporkServer.start({
      args: [
        ...["--unixsocket", path, "--unixsocketperm", "700", "--tls-port", `${tlsPort}`],
        ...["--tls-cert-file", `${certificates}server.crt`, "--tls-key-file", `${certificates}server.key`],
        ...["--tls-ca-cert-file", `${certificates}authority.crt`, "--tls-auth-clients", "optional"],
      ],
    });
    const caCerts = [await Deno.readTextFile(`${certificates}authority.crt`)];

    await test.step("all three lead to the same dataset, and INFO names them", async () => {
      await using tcp = await server.connect();
      await using unix = await server.connect({ path });
      await using tls = await server.connect({ port: tlsPort, tls: { caCerts } });
      await tcp.call("SET", "via", "tcp");
      assert.equal(await unix.call("GET", "via"), "tcp");
      assert.equal(await tls.call("GET", "via"), "tcp");
      const big = "x".repeat(3 * MEGABYTE);
      await tls.call("SET", "big", big);
      assert.equal(await unix.call("GET", "big"), big);
      assert.equal(await tls.call("GET", "big"), big);
      const fields = Object.values(await server.info("server")).filter((value) => value.startsWith("name="));
      assert.deepEqual(fields, [
        `name=tcp,bind=127.0.0.1,port=${server.port}`,
        `name=tls,bind=127.0.0.1,port=${tlsPort}`,
        `name=unix,bind=${path}`,
      ]);
      const line = await unix.call("CLIENT", "INFO") as string;
      assert.match(line, new RegExp(`addr=${path}:0 laddr=${path}:0 .* flags=U `));
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o700);
      for (const kind of ["tcp", "tls", "unix"]) {
        await server.waitForLog(new RegExp(`Ready to accept connections ${kind}`));
      }
    });

    await test.step("CONFIG SET port and bind move the tcp door; open connections stay; a taken port is refused", async () => {
      await using client = await server.connect({ path });
      await using before = await server.connect();
      await before.call("PING");
      const port = freePort();
      assert.equal(await client.call("CONFIG", "SET", "port", `${port}`), "OK");
      assert.equal(await before.call("PING"), "PONG");
      await using moved = await server.connect({ port });
      assert.equal(await moved.call("PING"), "PONG");
      await nobodyListens(server.port);
      assert.equal(await field(client, "server", "tcp_port"), `${port}`);
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const refusal = await client.error("CONFIG", "SET", "port", `${(taken.addr as Deno.NetAddr).port}`);
      assert.match(
        refusal,
        /^ERR CONFIG SET failed \(possibly related to argument 'port'\) - Unable to listen on this port/,
      );
      assert.deepEqual(await client.call("CONFIG", "GET", "port"), ["port", `${port}`]);
      await using still = await server.connect({ port });
      assert.equal(await still.call("PING"), "PONG");
      assert.match(
        await client.error("CONFIG", "SET", "bind", "203.0.113.7"),
        /^ERR CONFIG SET failed .*'bind'/,
      );
      await using again = await server.connect({ port });
      assert.equal(await again.call("PING"), "PONG");
      assert.equal(
        await client.call("CONFIG", "SET", "bind", "127.0.0.1 -::1", "port", `${server.port}`),
        "OK",
      );
      await using back = await server.connect();
      assert.equal(await back.call("PING"), "PONG");
      assert.equal(await client.call("CONFIG", "SET", "port", "0"), "OK");
      await nobodyListens(server.port);
      await client.call("CONFIG", "SET", "port", `${server.port}`);
    });

    await test.step("CONFIG SET requirepass holds for new connections at once", async () => {
      await using client = await server.connect();
      await client.call("CONFIG", "SET", "requirepass", "secret");
      assert.equal(await client.call("PING"), "PONG", "whoever is in stays in");
      await using stranger = await server.connect();
      assert.equal(await stranger.error("GET", "via"), "NOAUTH Authentication required.");
      assert.equal(
        await stranger.error("AUTH", "wrong"),
        "WRONGPASS invalid username-password pair or user is disabled.",
      );
      assert.equal(await field(client, "stats", "acl_access_denied_auth"), "1");
      assert.equal(await stranger.call("AUTH", "secret"), "OK");
      assert.equal(await stranger.call("GET", "via"), "tcp");
      assert.ok(!(await client.call("SLOWLOG", "GET", "-1") as unknown[]).join().includes("secret"));
      await client.call("CONFIG", "SET", "requirepass", "");
    });
    await server.terminate();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound, "the socket file goes with the server");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
