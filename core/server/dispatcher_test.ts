// From a request to its handler: what is refused in which words, what a restriction holds back, what is counted.
import assert from "node:assert/strict";
import { latin1Text } from "../bytes/ascii.ts";
import type { CommandSpec, Handler } from "../commands/command.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Arena, ARENA_FULL } from "../memory/arena.ts";
import type { Client } from "../net/client.ts";
import { Arguments } from "../protocol/arguments.ts";
import { OutputSink } from "../protocol/output_sink.ts";
import { ReplyWriter } from "../protocol/reply_writer.ts";
import { CommandLogs } from "./command_logs.ts";
import { CommandTable } from "./command_table.ts";
import {
  Dispatcher,
  RESTRICT_LOADING,
  RESTRICT_MEMORY,
  RESTRICT_PAUSE,
  RESTRICT_REPLICAS,
  RESTRICT_SNAPSHOT_ERROR,
  RESTRICT_SNAPSHOT_PRESSURE,
} from "./dispatcher.ts";
import { Durability } from "./durability/durability.ts";
import { LatencyMonitor } from "./latency_monitor.ts";
import { Propagation } from "./feed/propagation.ts";
import { PubSub } from "./pubsub.ts";
import { ServerStats } from "./server_stats.ts";
import { Transactions } from "./transactions.ts";

function spec(name: string, arity: number, flags: string[], handler: Handler): CommandSpec {
  return {
    name,
    arity,
    flags,
    categories: [],
    keySpecs: [],
    since: "1",
    group: "test",
    complexity: "",
    summary: "",
    handler,
  } as CommandSpec;
}

const ok: Handler = (client) => client.reply.ok();

class Rig {
  readonly keyspace = new Keyspace(Arena.create({ bytes: 1024 * 1024 }), 1);
  readonly propagation = new Propagation(this.keyspace);
  readonly table = new CommandTable();
  readonly stats = new ServerStats();
  readonly logs = new CommandLogs();
  readonly lines: string[] = [];
  readonly closed: string[] = [];
  /** What tracking was told. */
  readonly tracked: string[] = [];
  hasRoom = true;
  readonly held: string[] = [];
  /** Access times were frozen while the last handler ran. */
  wasFrozen = false;
  readonly dispatcher: Dispatcher;
  readonly transactions: Transactions = new Transactions(this.keyspace, () => this.dispatcher);
  private readonly sink = new OutputSink();
  readonly client = {
    reply: new ReplyWriter(this.sink),
    output: Object.defineProperty({}, "end", { get: () => this.sink.length }),
    authenticated: true,
    noTouch: false,
    blocking: null,
    transaction: null,
    tracking: null,
    dirtyExec: false,
    mayBlock: true,
    heldArgs: Arguments.of("wait"),
    blockedMicros: 0,
    lastCommand: "",
    totalCommands: 0,
    peer: "1.2.3.4:5",
    name: "",
    closeAfterReply: () => void this.closed.push("after reply"),
    closeNow: (reason: string) => void this.closed.push(reason),
  } as unknown as Client & { args: Arguments };

  constructor() {
    const log = (line: string) => void this.lines.push(line);
    this.table.register([
      spec("get", 2, ["readonly", "fast"], (client) => {
        this.wasFrozen = this.keyspace.freezeAccess;
        client.reply.ok();
      }),
      spec("set", -3, ["write", "denyoom"], ok),
      spec("del", -2, ["write"], ok),
      spec("ping", -1, ["fast"], ok),
      spec("info", -1, ["loading"], ok),
      spec("auth", -2, ["no_auth", "loading", "fast"], ok),
      spec("full", 1, ["write"], () => {
        throw ARENA_FULL;
      }),
      spec("broken", 1, [], () => {
        throw new Error("a bug");
      }),
      spec("refuse", 1, [], (client) => client.reply.error("ERR no")),
      spec("save", 1, ["no_multi"], ok),
      spec("wait", 1, ["fast", "blocking"], (client) => {
        if (client.mayBlock) (client as Client).blocking = { reason: "keys" };
        else client.reply.nullArray();
      }),
      spec("multi", 1, ["loading", "fast"], (client) => {
        this.transactions.begin(client);
        client.reply.ok();
      }),
      spec("exec", 1, ["loading", "skip_slowlog"], (client) => this.transactions.execute(client)),
    ]);
    this.dispatcher = new Dispatcher(
      this.table,
      this.keyspace,
      this.stats,
      this.logs,
      new LatencyMonitor(),
      {
        makeRoom: () => this.hasRoom,
        holdForPause: (_client, command) => this.hold(`pause ${command.fullName}`),
        holdForSnapshot: () => this.hold("snapshot"),
        holdForLog: () => this.hold("log"),
        logError: "No space left on device",
      },
      { hasReady: false, serve: () => {} },
      this.transactions,
      new PubSub(),
      {
        commandRan: (_client, command) => void this.tracked.push(`ran ${command.fullName}`),
        commandEnded: (_client, command) => void this.tracked.push(`ended ${command?.fullName}`),
      },
      { debug: log, verbose: log, notice: log, warning: log } as ConstructorParameters<typeof Dispatcher>[10],
      this.propagation,
      new Durability(this.keyspace, this.propagation, { holdWriters: () => {}, keepPlaces: () => {} }),
    );
  }

  private hold(what: string): boolean {
    this.held.push(what);
    return true;
  }

  /** The reply's bytes; nothing where the command is held back. */
  run(...words: string[]): string {
    (this.client as { args: Arguments }).args = Arguments.of(...words);
    this.dispatcher.beginBatch();
    this.dispatcher.execute(this.client);
    this.dispatcher.endBatch(this.client);
    const reply = latin1Text(this.sink.bytes, 0, this.sink.length);
    this.sink.clear();
    return reply;
  }

  command(name: string) {
    const bytes = new TextEncoder().encode(name);
    return this.table.find(bytes, 0, bytes.length)!;
  }
}

Deno.test("commands are found in any case; the unknown, the miscounted and strangers are refused and counted", () => {
  const rig = new Rig();
  assert.equal(rig.run("GeT", "key"), "+OK\r\n");
  assert.equal(rig.client.lastCommand, "get");
  assert.match(rig.run("nothing", "a"), /^-ERR unknown command 'nothing', with args beginning with: 'a'/);
  assert.equal(rig.run("get"), "-ERR wrong number of arguments for 'get' command\r\n");
  assert.equal(rig.run("set", "key"), "-ERR wrong number of arguments for 'set' command\r\n");
  rig.client.authenticated = false;
  assert.equal(rig.run("get", "key"), "-NOAUTH Authentication required.\r\n");
  assert.equal(rig.run("auth", "secret"), "+OK\r\n");
  const { calls, rejected, failed } = rig.command("get");
  assert.deepEqual({ calls, rejected, failed }, { calls: 1, rejected: 2, failed: 0 });
  assert.equal(rig.stats.commands, 2);
});

Deno.test("each restriction holds back what it is about and nothing else", () => {
  const restricted = (bit: number) => {
    const rig = new Rig();
    rig.dispatcher.restrictions = bit;
    rig.hasRoom = false;
    const word = (...words: string[]) => rig.run(...words).split(" ")[0].trim();
    return [word("get", "k"), word("set", "k", "v"), word("del", "k"), word("ping"), word("info"), rig.held];
  };
  assert.deepEqual(restricted(0), ["+OK", "+OK", "+OK", "+OK", "+OK", []]);
  assert.deepEqual(restricted(RESTRICT_MEMORY), ["+OK", "-OOM", "+OK", "+OK", "+OK", []]);
  assert.deepEqual(restricted(RESTRICT_LOADING), [
    "-LOADING",
    "-LOADING",
    "-LOADING",
    "-LOADING",
    "+OK",
    [],
  ]);
  assert.deepEqual(restricted(RESTRICT_SNAPSHOT_ERROR), [
    "+OK",
    "-MISCONF",
    "-MISCONF",
    "-MISCONF",
    "+OK",
    [],
  ]);
  assert.deepEqual(restricted(RESTRICT_SNAPSHOT_PRESSURE), ["+OK", "", "", "+OK", "+OK", [
    "snapshot",
    "snapshot",
  ]]);
  assert.deepEqual(restricted(RESTRICT_REPLICAS), ["+OK", "-NOREPLICAS", "-NOREPLICAS", "+OK", "+OK", []]);
  const [get, , , , , held] = restricted(RESTRICT_PAUSE);
  assert.equal(get, "");
  assert.deepEqual(held, ["pause get", "pause set", "pause del", "pause ping", "pause info"]);
});

Deno.test("a full arena is an error of the command, a bug one of the server", () => {
  const rig = new Rig();
  assert.match(rig.run("full"), /^-OOM /);
  assert.deepEqual(rig.closed, []);
  assert.equal(rig.run("broken"), "-ERR internal error, see the server log\r\n");
  assert.deepEqual(rig.closed, ["after reply"]);
  assert.match(rig.lines.join("\n"), /Internal error in command 'broken': Error: a bug/);
  rig.run("refuse");
  assert.deepEqual(["full", "broken", "refuse"].map((name) => rig.command(name).failed), [1, 1, 1]);
});

Deno.test("words of HTTP end the connection without a reply, and the log is not flooded", () => {
  const rig = new Rig();
  assert.equal(rig.run("POST", "/", "HTTP/1.1"), "");
  assert.equal(rig.run("Host:", "example"), "");
  assert.deepEqual(rig.closed, ["refused", "refused"]);
  assert.equal(rig.lines.filter((line) => line.includes("Possible SECURITY ATTACK")).length, 1);
});

Deno.test("CLIENT NO-TOUCH freezes access times for its own commands; a page image keeps them frozen", () => {
  const rig = new Rig();
  rig.client.noTouch = true;
  rig.run("get", "key");
  assert.deepEqual([rig.wasFrozen, rig.keyspace.freezeAccess], [true, false]);
  rig.keyspace.imageActive = true;
  rig.run("get", "key");
  assert.deepEqual([rig.wasFrozen, rig.keyspace.freezeAccess], [true, true]);
});

Deno.test("calls and time are accounted; slow commands reach the slow log", () => {
  const rig = new Rig();
  rig.dispatcher.slowMicros = 0;
  rig.run("set", "key", "value");
  rig.run("ping");
  assert.equal(rig.logs.slow.length, 2);
  rig.dispatcher.slowMicros = -1;
  rig.run("ping");
  assert.equal(rig.logs.slow.length, 2);
  assert.equal(rig.command("ping").calls, 2);
  assert.equal(rig.command("ping").histogram.total, 2);
  assert.ok(rig.stats.commandMicros >= rig.command("ping").micros);
});

/** MULTI, these commands, then the restriction, then EXEC. */
function executed(bit: number, ...commands: string[][]): { replies: string[]; rig: Rig } {
  const rig = new Rig();
  rig.hasRoom = false;
  const word = (...words: string[]) => rig.run(...words).split(" ")[0].trim();
  const replies = [word("multi"), ...commands.map((words) => word(...words))];
  rig.dispatcher.restrictions = bit;
  replies.push(rig.run("exec"));
  return { replies, rig };
}

Deno.test("EXEC is checked for all that it will run; where it is refused the transaction is gone", () => {
  const get = ["get", "k"];
  const set = ["set", "k", "v"];
  const info = ["info"];
  assert.deepEqual(executed(0, get, set).replies, ["+OK", "+QUEUED", "+QUEUED", "*2\r\n+OK\r\n+OK\r\n"]);
  const refused = /^-EXECABORT Transaction discarded because of: (\w+)/;
  for (
    const [bit, commands, word] of [
      [RESTRICT_MEMORY, [set], "OOM"],
      [RESTRICT_MEMORY, [get], undefined],
      [RESTRICT_SNAPSHOT_ERROR, [get, set], "MISCONF"],
      [RESTRICT_SNAPSHOT_ERROR, [get], undefined],
      [RESTRICT_LOADING, [info, get], "LOADING"],
      [RESTRICT_LOADING, [info, info], undefined],
      [RESTRICT_LOADING, [], undefined],
    ] as [number, string[][], string | undefined][]
  ) {
    const { replies, rig } = executed(bit, ...commands);
    assert.equal(refused.exec(replies.at(-1)!)?.[1], word, `${bit} ${commands}`);
    assert.equal(rig.client.transaction, null);
  }
});

Deno.test("while queueing, memory and save errors break the transaction", () => {
  for (
    const [bit, command] of [[RESTRICT_MEMORY, ["get", "k"]], [RESTRICT_SNAPSHOT_ERROR, [
      "del",
      "k",
    ]]] as const
  ) {
    const rig = new Rig();
    rig.run("multi");
    rig.hasRoom = false;
    rig.dispatcher.restrictions = bit;
    assert.match(rig.run(...command), /^-(OOM|MISCONF) /);
    rig.dispatcher.restrictions = 0;
    assert.match(rig.run("exec"), /^-EXECABORT Transaction discarded because of previous errors\./);
  }
  const rig = new Rig();
  rig.run("multi");
  assert.match(rig.run("save"), /^-ERR Command not allowed inside a transaction/);
  assert.match(rig.run("exec"), /^-EXECABORT /);
});

Deno.test("a transaction that writes waits for the snapshot as a whole, before any of its commands", () => {
  const { replies, rig } = executed(RESTRICT_SNAPSHOT_PRESSURE, ["get", "k"], ["set", "k", "v"]);
  assert.equal(replies.at(-1), "");
  assert.deepEqual(rig.held, ["snapshot"]);
  assert.equal(rig.command("get").calls + rig.command("set").calls, 0);
  // Nobody waits in order to queue, and one that only reads does not wait at all.
  rig.held.length = 0;
  rig.client.transaction = null;
  rig.run("multi");
  assert.equal(rig.run("set", "k", "v"), "+QUEUED\r\n");
  assert.deepEqual(rig.held, []);
  assert.match(executed(RESTRICT_SNAPSHOT_PRESSURE, ["get", "k"]).replies.at(-1)!, /^\*1/);
  // What waited runs whole.
  rig.dispatcher.restrictions = 0;
  assert.equal(rig.run("exec"), "*1\r\n+OK\r\n");
});

Deno.test("inside EXEC each command is accounted, errors are not EXEC's, and nobody blocks", () => {
  const rig = new Rig();
  rig.dispatcher.slowMicros = 0;
  for (const words of [["multi"], ["refuse"], ["ping"], ["wait"], ["full"]]) rig.run(...words);
  assert.equal(rig.run("exec").replace(/-OOM.*/, "-OOM"), "*4\r\n-ERR no\r\n+OK\r\n*-1\r\n-OOM\r\n");
  const counts = (name: string) => [rig.command(name).calls, rig.command(name).failed];
  assert.deepEqual(["refuse", "ping", "wait", "full", "exec"].map(counts), [[1, 1], [1, 0], [1, 0], [1, 1], [
    1,
    0,
  ]]);
  const logged = rig.logs.slow.latest(-1).map((entry) =>
    latin1Text(entry.arguments[0], 0, entry.arguments[0].length)
  );
  assert.deepEqual(logged.reverse(), ["multi", "refuse", "ping", "wait", "full"]);
  assert.equal(rig.client.mayBlock, true);
});

Deno.test("a command that blocks is counted when it has ended", () => {
  const rig = new Rig();
  rig.run("wait");
  assert.equal(rig.command("wait").calls, 0);
  assert.ok(rig.client.blockedMicros > 0);
  rig.dispatcher.waitEnded(rig.client, { failed: true });
  const { calls, failed, micros, histogram } = rig.command("wait");
  assert.deepEqual([calls, failed, histogram.total], [1, 1, 1]);
  assert.ok(micros > 0);
  assert.equal(rig.client.blockedMicros, 0);
});

Deno.test("large requests and large replies are logged, each in its log", () => {
  const rig = new Rig();
  rig.run("set", "k", "v".repeat(2000));
  assert.deepEqual([rig.logs.largeRequests.length, rig.logs.largeReplies.length], [0, 0]);
  rig.logs.requestBytesMin = 1000;
  rig.logs.replyBytesMin = 5;
  rig.run("set", "k", "v".repeat(2000));
  rig.run("set", "k", "v".repeat(950));
  rig.run("refuse");
  const [large] = rig.logs.largeRequests.latest(-1);
  // *3 $3 set $1 k $2000 v...
  assert.equal(large.value, 4 + 4 + 5 + 4 + 3 + 7 + 2002);
  assert.equal(rig.logs.largeRequests.length, 1);
  assert.deepEqual(rig.logs.largeReplies.latest(-1).map(({ value }) => value), [9, 5, 5]);
  rig.logs.largeRepliesMax = 1;
  rig.run("refuse");
  assert.equal(rig.logs.largeReplies.length, 1);
});

Deno.test("of clients with tracking it is told what ran, what was refused, and what a wait came to", () => {
  const rig = new Rig();
  rig.run("get", "key");
  assert.deepEqual(rig.tracked, []);
  Object.assign(rig.client, { tracking: {} });
  rig.run("get", "key");
  rig.run("get");
  rig.run("nothing");
  rig.client.lastCommand = "get";
  rig.dispatcher.waitEnded(rig.client, { failed: false });
  assert.deepEqual(rig.tracked, ["ran get", "ended get", "ended undefined", "ended get"]);
});
