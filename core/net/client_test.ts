import assert from "node:assert/strict";
import fc from "fast-check";
import type { Client } from "./client.ts";
import { MemoryConnection } from "./memory_connection.ts";
import { ToyHost } from "./toy_host.ts";

/** Lets everything that is ready happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function connected(host = new ToyHost()): { host: ToyHost; connection: MemoryConnection; client: Client } {
  const connection = new MemoryConnection();
  return { host, connection, client: host.connect(connection) };
}

Deno.test("a pipeline is answered in order, in one write", async () => {
  const { host, connection, client } = connected();
  connection.send("PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nnope\r\n*1\r\n$4\r\nPI");
  await settle();
  assert.equal(connection.received(), "+PONG\r\n$2\r\nhi\r\n-ERR unknown command 'nope'\r\n");
  assert.equal(connection.writes, 1);
  connection.send("NG\r\n");
  await settle();
  assert.equal(connection.received(), "+PONG\r\n");
  assert.equal(client.totalCommands, 4);
  assert.deepEqual(host.errors, ["ERR unknown command 'nope'"]);
  assert.equal(client.totalInputBytes, 48);
  assert.equal(host.counters.inputBytes, 48);
  assert.equal(client.totalOutputBytes, host.counters.outputBytes);
});

Deno.test("short writes and stalled sockets lose and repeat nothing", async () => {
  const { connection } = connected();
  connection.writeBytesMax = 7;
  connection.stalled = true;
  connection.send("ECHO " + "x".repeat(100) + "\r\n");
  await settle();
  connection.send("PING\r\nPING\r\n");
  await settle();
  assert.equal(connection.received(), "");
  connection.release();
  await settle();
  assert.equal(connection.received(), `$100\r\n${"x".repeat(100)}\r\n+PONG\r\n+PONG\r\n`);
});

Deno.test("replies behind the output limit wait until it moves", async () => {
  const { connection, client } = connected();
  client.output.limit = 7;
  connection.send("PING\r\nPING\r\n");
  await settle();
  assert.equal(connection.received(), "+PONG\r\n");
  client.output.limit = Infinity;
  client.scheduleFlush();
  await settle();
  assert.equal(connection.received(), "+PONG\r\n");
});

Deno.test("a write that ends in the middle of a turn is not followed by the turn's replies before its end", async () => {
  // Which of the two continues first is a matter of steps: all near distances are tried.
  for (let steps = 0; steps < 8; steps++) {
    const { host, connection, client } = connected();
    connection.stalled = true;
    connection.send("PING\r\n");
    await settle();
    const { turn } = host;
    const flush = turn.flush.bind(turn);
    // The turn's end decides that its replies have to wait.
    turn.flush = () => {
      client.output.limit = 7;
      flush();
    };
    connection.release();
    for (let step = 0; step < steps; step++) await Promise.resolve();
    connection.send("ECHO secret\r\n");
    await settle();
    assert.equal(connection.received(), "+PONG\r\n", `${steps} steps`);
    turn.flush = flush;
    client.output.limit = Infinity;
    client.scheduleFlush();
    await settle();
    assert.equal(connection.received(), "$6\r\nsecret\r\n");
  }
});

Deno.test("the end of input while reading is paused comes behind what has been read", async () => {
  const { host, connection, client } = connected();
  client.pauseReading();
  connection.send("PING\r\nPING\r\n");
  connection.end();
  await settle();
  assert.equal(client.isClosing, false);
  assert.equal(client.inputEnded, true);
  client.resumeReading();
  await settle();
  assert.equal(connection.received(), "+PONG\r\n+PONG\r\n");
  assert.deepEqual(host.closed, [{ id: 1, reason: "peer closed" }]);
});

Deno.test("a protocol error is replied and logged, and ends the connection behind earlier replies", async () => {
  const { host, connection, client } = connected();
  connection.stalled = true;
  connection.send("PING\r\n*1\r\n$x\r\nPING\r\n");
  await settle();
  assert.equal(client.isClosed, false);
  connection.release();
  await settle();
  assert.equal(connection.received(), "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  assert.ok(connection.closed);
  assert.deepEqual(host.closed, [{ id: 1, reason: "protocol error" }]);
  assert.match(
    host.logged[0],
    /^verbose ERR Protocol error: invalid bulk length from client: id=1 .*'\*redacted\*'$/,
  );

  const open = connected();
  open.host.limits.logsUserData = true;
  open.connection.send("*1\r\n$x\r\nPING\r\n");
  await settle();
  assert.match(open.host.logged[0], /Query buffer: '\$x\.\.PING\.\.'$/);
});

Deno.test("QUIT runs nothing behind it", async () => {
  const { host, connection } = connected();
  connection.send("PING\r\nQUIT\r\nSET a b\r\n");
  await settle();
  assert.equal(connection.received(), "+PONG\r\n+OK\r\n");
  assert.deepEqual(host.ran, ["ping", "quit"]);
  assert.ok(connection.closed);
  assert.deepEqual(host.closed, [{ id: 1, reason: "quit" }]);
});

Deno.test("a client closed by its own command stops at once and is forgotten once", async () => {
  const { host, connection, client } = connected();
  connection.send("DIE\r\nPING\r\nPING\r\n");
  await settle();
  client.closeNow();
  await settle();
  assert.deepEqual(host.ran, ["die"]);
  assert.deepEqual(host.closed, [{ id: 1, reason: "killed" }]);
  assert.equal(connection.received(), "");
  client.reply.bulkBytes(new Uint8Array(1000));
  assert.equal(client.output.pendingBytes, 0, "replies to a closed client are thrown away");
});

Deno.test("the end of input closes, after what was asked for is sent", async () => {
  const { host, connection } = connected();
  connection.send("PING\r\n");
  connection.end();
  await settle();
  assert.equal(connection.received(), "+PONG\r\n");
  assert.deepEqual(host.closed, [{ id: 1, reason: "peer closed" }]);

  const slow = connected();
  slow.connection.stalled = true;
  slow.connection.send("PING\r\n");
  slow.connection.end();
  await settle();
  assert.deepEqual(slow.host.closed, []);
  slow.connection.release();
  await settle();
  assert.equal(slow.connection.received(), "+PONG\r\n");
  assert.deepEqual(slow.host.closed, [{ id: 1, reason: "peer closed" }]);
});

Deno.test("read and write errors close the client", async () => {
  const reading = connected();
  reading.connection.failReads(new Error("reset"));
  await settle();
  assert.deepEqual(reading.host.closed, [{ id: 1, reason: "read error" }]);
  assert.deepEqual(reading.host.logged, ["verbose Reading from client: reset"]);
  const writing = connected();
  writing.connection.failWrites(new Error("broken pipe"));
  writing.connection.send("PING\r\n");
  await settle();
  assert.deepEqual(writing.host.closed, [{ id: 1, reason: "write error" }]);
  assert.deepEqual(writing.host.logged, ["verbose Error writing to client: broken pipe"]);
});

Deno.test("a blocked client runs nothing, is read a little further, and its end is noticed", async () => {
  const { host, connection, client } = connected();
  let cancelled = 0;
  host.blocking = { reason: "keys", cancelled: () => cancelled++ };
  connection.send("BLOCK\r\nPING\r\n");
  await settle();
  assert.ok(client.isBlocked);
  connection.send("PING\r\n");
  await settle();
  assert.equal(connection.received(), "");
  client.reply.ok();
  client.unblock({ again: false });
  await settle();
  assert.equal(connection.received(), "+OK\r\n+PONG\r\n+PONG\r\n");
  assert.equal(cancelled, 0);

  connection.send("BLOCK\r\n" + "PING\r\n".repeat(50_000));
  await settle();
  assert.ok(!connection.isRead, "a stopped client is not read without bounds");
  assert.ok(client.parser.bufferedBytes < 256 * 1024);
  client.unblock({ again: false });
  await settle();
  assert.equal(connection.received(), "+PONG\r\n".repeat(50_000));

  connection.send("BLOCK\r\n");
  await settle();
  connection.end();
  await settle();
  assert.equal(cancelled, 1);
  assert.deepEqual(host.closed, [{ id: 1, reason: "peer closed" }]);
});

Deno.test("a command that blocked may run again, with its own arguments, before those that wait", async () => {
  const { host, connection, client } = connected();
  let gateIsOpen = false;
  const execute = host.execute.bind(host);
  host.execute = (each) => gateIsOpen ? execute(each) : each.block({ reason: "pause" });
  connection.send("ECHO first\r\nECHO second\r\n");
  await settle();
  connection.send("ECHO third\r\n");
  await settle();
  client.unblock({ again: true });
  await settle();
  assert.ok(client.isBlocked, "the gate is still shut");
  gateIsOpen = true;
  client.unblock({ again: true });
  await settle();
  assert.equal(connection.received(), "$5\r\nfirst\r\n$6\r\nsecond\r\n$5\r\nthird\r\n");
});

Deno.test("a client whose reading is paused goes on where it stopped", async () => {
  const { connection, client } = connected();
  client.pauseReading();
  connection.send("PING\r\n".repeat(3));
  await settle();
  assert.equal(connection.received(), "");
  client.resumeReading();
  await settle();
  assert.equal(connection.received(), "+PONG\r\n".repeat(3));
});

Deno.test("CLIENT REPLY modes: off is silent, skip drops one reply", async () => {
  const { connection } = connected();
  connection.send(
    "REPLY skip\r\nPING\r\nECHO a\r\nREPLY off\r\nPING\r\nREPLY skip\r\nPING\r\nREPLY on\r\nECHO b\r\n",
  );
  await settle();
  assert.equal(connection.received(), "$1\r\na\r\n$1\r\nb\r\n");
});

Deno.test("RESET brings back the state of a new connection", () => {
  const { host, client } = connected();
  host.startsAuthenticated = false;
  client.name = "n";
  client.reply.protocol = 3;
  client.replyMode = "off";
  client.noTouch = true;
  client.reset();
  assert.deepEqual(
    [client.name, client.reply.protocol, client.replyMode, client.noTouch, client.authenticated],
    ["", 2, "on", false, false],
  );
  assert.equal(client.parser.unauthenticated, true);
});

Deno.test("the query buffer limit ends a client whose request grows over it", async () => {
  const { host, connection } = connected();
  host.limits.queryBufferBytesMax = 100_000;
  connection.send("*2\r\n$4\r\nECHO\r\n$200000\r\n" + "x".repeat(150_000));
  await settle();
  assert.deepEqual(host.closed, [{ id: 1, reason: "query buffer limit" }]);
  assert.equal(host.counters.clientQueryBufferLimitDisconnections, 1);
  assert.match(host.logged[0], /^warning Closing client that reached max query buffer length: id=1 /);
});

Deno.test("the hard output limit ends a client that does not read, in the middle of a huge reply too", async () => {
  for (const requests of ["FILL 100000\r\n", "FILL 1000\r\n".repeat(10)]) {
    const { host, connection, client } = connected();
    host.limits.output.normal.hardBytes = 300_000;
    connection.stalled = true;
    connection.send(requests);
    await settle();
    assert.deepEqual(host.closed, [{ id: 1, reason: "output buffer limit" }]);
    assert.equal(host.counters.clientOutputBufferLimitDisconnections, 1);
    assert.match(
      host.logged[0],
      /^warning Client id=1 .* scheduled to be closed ASAP for overcoming of output buffer/,
    );
    assert.ok(client.output.memoryBytes < 500_000);
    assert.ok(connection.closed);
  }
});

Deno.test("a client that is not authenticated may not leave much unread, whatever the limits say", async () => {
  for (const authenticated of [false, true]) {
    const { host, connection, client } = connected();
    client.authenticated = authenticated;
    connection.stalled = true;
    connection.send("FILL 100\r\n".repeat(400));
    await settle();
    assert.deepEqual(host.closed, authenticated ? [] : [{ id: 1, reason: "output buffer limit" }]);
  }
});

Deno.test("the soft output limit ends a client that stays over it too long", async () => {
  const { host, connection, client } = connected();
  host.limits.output.normal.softBytes = 50_000;
  host.limits.output.normal.softSeconds = 10;
  connection.stalled = true;
  connection.send("FILL 1000\r\n");
  await settle();
  const now = host.clock.ms;
  client.cron(now + 9_000);
  assert.equal(client.isClosed, false);
  client.cron(now + 11_000);
  assert.deepEqual(host.closed, [{ id: 1, reason: "output buffer limit" }]);

  const other = connected();
  other.host.limits.output.normal.softBytes = 50_000;
  other.host.limits.output.normal.softSeconds = 10;
  other.connection.stalled = true;
  other.connection.send("FILL 1000\r\n");
  await settle();
  other.connection.release();
  await settle();
  other.client.cron(now + 9_000);
  other.client.cron(now + 30_000);
  assert.equal(other.client.isClosed, false, "it has read in between");
});

Deno.test("whoever has ended its side does not wait for the disk for ever", async () => {
  const { host, connection, client } = connected();
  client.output.limit = 0;
  connection.send("PING\r\n");
  connection.end();
  await settle();
  client.cron(client.lastInteraction + 10_000);
  assert.equal(client.isClosed, false);
  client.cron(client.lastInteraction + 10_001);
  assert.deepEqual(host.closed, [{ id: 1, reason: "peer closed" }]);
  assert.equal(connection.received(), "");
});

Deno.test("what waits for the disk counts against the output limit of listeners and monitors only", () => {
  for (const kind of ["sender", "listener", "monitor"]) {
    const { host, client } = connected();
    host.limits.output.normal.hardBytes = host.limits.output.pubsub.hardBytes = 20_000;
    if (kind === "listener") client.channels = 1;
    client.isMonitor = kind === "monitor";
    client.output.limit = 0;
    client.reply.raw(new Uint8Array(30_000));
    client.checkOutputLimit(host.clock.ms);
    assert.equal(client.isClosed, kind !== "sender", kind);
    if (kind !== "sender") continue;
    assert.match(client.describe(), / omem=30000 .* events=r /);
    client.output.release(Infinity);
    client.checkOutputLimit(host.clock.ms);
    assert.equal(client.isClosed, false, "it has not had the chance to read it");
  }
});

Deno.test("idle clients end after the timeout, blocked ones, subscribers and those whose replies wait do not", () => {
  const { host, client } = connected();
  host.limits.idleSecondsMax = 5;
  client.cron(client.lastInteraction + 5000);
  assert.equal(client.isClosed, false);
  client.channels = 1;
  client.cron(client.lastInteraction + 6000);
  assert.equal(client.isClosed, false);
  client.channels = 0;
  client.reply.ok();
  client.output.limit = 0;
  client.cron(client.lastInteraction + 6000);
  assert.equal(client.isClosed, false, "its reply waits for the disk");
  client.output.limit = Infinity;
  client.cron(client.lastInteraction + 6000);
  assert.deepEqual(host.closed, [{ id: 1, reason: "idle" }]);
  assert.deepEqual(host.logged, ["verbose Closing idle client"]);
});

Deno.test("the line of CLIENT LIST has the fields that clients look for", async () => {
  const { connection, client } = connected();
  client.name = "worker";
  connection.send("*1\r\n$4\r\nPING\r\n");
  await settle();
  assert.match(
    client.describe(),
    new RegExp(
      "^id=1 addr=127\\.0\\.0\\.1:50000 laddr=127\\.0\\.0\\.1:6379 fd=-1 name=worker age=0 idle=0 flags=N db=0 sub=0 " +
        "psub=0 ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=4096 argv-mem=4 multi-mem=0 rbs=1024 rbp=1024 obl=0 oll=0 " +
        "omem=0 tot-mem=\\d+ events=r cmd=ping user=default redir=-1 resp=2 lib-name= lib-ver= tot-net-in=14 " +
        "tot-net-out=7 tot-cmds=1$",
    ),
  );
  client.noEvict = true;
  client.capabilities = "r";
  assert.match(client.describe(), / flags=e capa=r db=0 /);
});

Deno.test("any requests, cut anywhere, over any socket behaviour, give the same replies", async () => {
  const request = fc.constantFrom(
    "PING\r\n",
    "ECHO abc\r\n",
    "*2\r\n$4\r\nECHO\r\n$3\r\nx\r\n\r\n",
    "FILL 3\r\n",
    "what\r\n",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 100 }),
      fc.boolean(),
      async (requests, cuts, writeBytesMax, stalls) => {
        const whole = connected();
        whole.connection.send(requests.join(""));
        await settle();
        const pieces = connected();
        pieces.connection.writeBytesMax = writeBytesMax;
        const text = requests.join("");
        for (let at = 0, round = 0; at < text.length; round++) {
          const length = cuts[round % cuts.length];
          pieces.connection.stalled = stalls && round % 2 === 0;
          pieces.connection.send(text.slice(at, at + length));
          if (round % 3 === 0) await settle();
          at += length;
        }
        pieces.connection.release();
        await settle();
        await settle();
        assert.equal(pieces.connection.received(), whole.connection.received());
      },
    ),
    { numRuns: 100 },
  );
});
