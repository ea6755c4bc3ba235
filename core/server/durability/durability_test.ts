// What replies wait for and when they go, over a log whose offsets are in the test's hands. The names in brackets are those
// of Valkey's unit tests that these stand for.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../bytes/ascii.ts";
import type { CommandSpec } from "../../commands/command.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena } from "../../memory/arena.ts";
import type { Client } from "../../net/client.ts";
import { MemoryConnection } from "../../net/memory_connection.ts";
import { ToyHost } from "../../net/toy_host.ts";
import { Command } from "../command_table.ts";
import { Propagation } from "../feed/propagation.ts";
import { Durability } from "./durability.ts";

function command(name: string, ...flags: string[]): Command {
  return new Command({ name, arity: 1, flags } as unknown as CommandSpec, name, null);
}

const SET = command("set", "write");
const GET = command("get", "readonly");
const PING = command("ping");
const DEBUG = command("debug", "admin");
const DBSIZE = command("dbsize", "readonly");
const EXEC = command("exec");

const K = latin1Bytes("k");

class Rig {
  readonly keyspace = new Keyspace(Arena.create({ bytes: 1024 * 1024 }), 2);
  readonly log = { offset: 100, durableOffset: 100 };
  readonly switched: string[] = [];
  readonly durability = new Durability(this.keyspace, new Propagation(this.keyspace), {
    holdWriters: (on) => void this.switched.push(`writers ${on}`),
    keepPlaces: (on) => void this.switched.push(`places ${on}`),
  });
  readonly host = new ToyHost();
  readonly connections = new Map<Client, MemoryConnection>();

  client(): Client {
    const connection = new MemoryConnection();
    const client = this.host.connect(connection);
    this.connections.set(client, connection);
    return client;
  }

  attached(): this {
    this.durability.attach(this.log);
    return this;
  }

  /** Runs a command that replies `text`, looks at `k` or changes it, and propagates so many bytes. */
  run(client: Client, what: Command, options: { text?: string; looks?: boolean; bytes?: number } = {}): void {
    const { durability, log } = this;
    const position = client.output.end;
    const before = durability.offset;
    durability.commandBegins();
    if (options.looks) durability.uncommitted.looked(0, K, 0, 1);
    if (options.bytes !== undefined) {
      durability.uncommitted.touched(0, K, 0, 1);
      log.offset += options.bytes;
    }
    durability.unitEnds();
    client.reply.raw(latin1Bytes(options.text ?? "+OK\r\n"));
    durability.commandEnds(client, what, position, before);
    client.scheduleFlush();
  }

  /** The end of the turn. */
  async received(client: Client): Promise<string> {
    await new Promise((go) => setTimeout(go, 0));
    return this.connections.get(client)!.received();
  }
}

Deno.test("replies wait only while a log is attached (IsReplyBlockingEnabled, IsPrimaryReplyBlockingEnabled)", () => {
  const rig = new Rig();
  const { durability } = rig;
  assert.equal(durability.active, false);
  assert.equal(rig.keyspace.durability, null);
  assert.equal(durability.offset, 0);
  rig.attached();
  assert.equal(durability.active, true);
  assert.equal(rig.keyspace.durability, durability.uncommitted);
  durability.attach(null);
  assert.equal(durability.active, false);
  assert.equal(rig.keyspace.durability, null);
  assert.deepEqual(rig.switched, ["places true", "places false"]);
});

Deno.test("attaching sets the baseline, and again changes nothing (PreCommandExecReplyBlockingEnabledOnPrimary)", async () => {
  const rig = new Rig().attached();
  assert.equal(rig.durability.acked, 100);
  const client = rig.client();
  rig.run(client, SET, { bytes: 10 });
  rig.durability.attach(rig.log);
  assert.equal(await rig.received(client), "");
  assert.equal(client.holds!.count, 1, "ClientInitIdempotent");
});

Deno.test("progress without a log does nothing (NotifyReplyBlockingProgressNoOpWhenDisabled)", () => {
  const { durability } = new Rig();
  durability.progressed();
  durability.beforeSleep();
  assert.equal(durability.acked, -1);
  assert.equal(durability.waitingClients, 0);
});

Deno.test("paused, the acknowledged offset is frozen; resumed, it is the log's (AofReplyBlockingPauseAndResume)", () => {
  const rig = new Rig().attached();
  const { durability, log } = rig;
  log.offset = 500;
  log.durableOffset = 300;
  durability.progressed();
  assert.equal(durability.acked, 300);
  durability.pause();
  durability.pause();
  log.durableOffset = 450;
  durability.progressed();
  assert.equal(durability.acked, 300);
  durability.resume();
  assert.equal(durability.acked, 450);
});

Deno.test("a durable offset that goes back is not acted on", () => {
  const rig = new Rig().attached();
  rig.log.durableOffset = 50;
  rig.durability.progressed();
  assert.equal(rig.durability.acked, 100);
});

Deno.test("writes wait for their own end of the stream, reads for what they have seen (BeforeCommandTrackReplOffset)", async () => {
  const rig = new Rig().attached();
  const { durability, log } = rig;
  const writer = rig.client();
  const reader = rig.client();
  rig.run(writer, SET, { bytes: 10 });
  rig.run(writer, SET, { bytes: 10, text: "+2\r\n" });
  rig.run(reader, PING, { text: "+PONG\r\n" });
  rig.run(reader, GET, { looks: true, text: "+v\r\n" });
  assert.equal(await rig.received(writer), "");
  assert.equal(await rig.received(reader), "+PONG\r\n");
  assert.equal(durability.waitingClients, 2);
  assert.deepEqual(durability.heldReplies, [2, 1, 0]);
  assert.equal(durability.heldBytes, "+OK\r\n+2\r\n+v\r\n".length);
  log.durableOffset = 110;
  durability.progressed();
  assert.equal(await rig.received(writer), "+OK\r\n");
  assert.equal(await rig.received(reader), "", "k has changed again by then");
  log.durableOffset = 120;
  durability.progressed();
  assert.equal(await rig.received(writer), "+2\r\n");
  assert.equal(await rig.received(reader), "+v\r\n");
  assert.equal(durability.waitingClients, 0);
  assert.equal(durability.releasedReplies, 3);
  assert.deepEqual([durability.blockedClients, durability.unblockedClients], [2, 2]);
  assert.ok(durability.heldMicros > 0);
});

Deno.test("admin commands look at dirty keys and do not wait; DBSIZE has looked at none and waits", () => {
  const rig = new Rig().attached();
  const writer = rig.client();
  rig.run(writer, SET, { bytes: 10 });
  const other = rig.client();
  rig.run(other, DEBUG, { looks: true });
  assert.equal(other.holds, null);
  rig.run(other, DBSIZE);
  assert.equal(other.holds!.firstOffset, 110);
  assert.deepEqual(rig.durability.heldReplies, [1, 1, 0]);
});

Deno.test("EXEC that has propagated waits like a write; a reader that has propagated waits for what it has seen", () => {
  const rig = new Rig().attached();
  const first = rig.client();
  rig.run(first, EXEC, { bytes: 10 });
  assert.equal(first.holds!.firstOffset, 110);
  assert.deepEqual(rig.durability.heldReplies, [1, 0, 0]);
  const second = rig.client();
  rig.run(second, GET, { bytes: 10 });
  assert.equal(second.holds, null);
  const third = rig.client();
  rig.run(third, GET, { looks: true, bytes: 10 });
  assert.equal(third.holds!.firstOffset, 120);
});

Deno.test("a command without a reply holds nothing, its key is dirty all the same", () => {
  const rig = new Rig().attached();
  const writer = rig.client();
  rig.run(writer, SET, { bytes: 10, text: "" });
  assert.equal(writer.holds, null);
  assert.equal(rig.durability.uncommitted.offsetOf(0, K, 0, 1), 110);
});

Deno.test("who goes away is counted and forgotten, the others wait on", async () => {
  const rig = new Rig().attached();
  const { durability, log } = rig;
  const clients = [rig.client(), rig.client(), rig.client()];
  for (const client of clients) rig.run(client, SET, { bytes: 10 });
  durability.forget(clients[0]);
  durability.forget(clients[0]);
  assert.equal(durability.disconnectedClients, 1);
  assert.equal(durability.waitingClients, 2);
  clients[1].inputEnded = true;
  assert.equal(durability.waitingClients, 1);
  log.durableOffset = 120;
  durability.progressed();
  assert.equal(await rig.received(clients[1]), "+OK\r\n");
  assert.equal(await rig.received(clients[2]), "");
});

Deno.test("the end of the log releases everything, keys and all (AofReplyBlockingDisabledWhenAofOff)", async () => {
  const rig = new Rig().attached();
  const { durability } = rig;
  const clients = [rig.client(), rig.client()];
  for (const client of clients) rig.run(client, SET, { bytes: 10 });
  let delivered = 0;
  durability.deliveries.defer({ bytes: 1, deliver: () => delivered++ });
  durability.attach(null);
  for (const client of clients) assert.equal(await rig.received(client), "+OK\r\n");
  assert.equal(delivered, 1);
  assert.equal(durability.acked, -1);
  assert.equal(durability.uncommitted.size, 0);
  // The next log's offsets may begin anew.
  durability.attach({ offset: 5, durableOffset: 5 });
  assert.equal(durability.acked, 5);
  assert.equal(durability.uncommitted.offsetOf(0, K, 0, 1), -1);
});

Deno.test("replies first, then deliveries; what comes outside of units is stamped before the loop sleeps", async () => {
  const rig = new Rig().attached();
  const { durability, log } = rig;
  const client = rig.client();
  rig.run(client, SET, { bytes: 10 });
  const order: string[] = [];
  durability.deliveries.defer({ bytes: 1, deliver: () => order.push(`${client.output.heldBytes} held`) });
  durability.uncommitted.touched(1, K, 0, 1);
  durability.beforeSleep();
  assert.equal(durability.uncommitted.offsetOf(1, K, 0, 1), 110);
  assert.deepEqual(order, []);
  log.durableOffset = 110;
  durability.beforeSleep();
  assert.deepEqual(order, ["0 held"]);
  assert.equal(await rig.received(client), "+OK\r\n");
});
