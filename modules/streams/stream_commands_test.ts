// The stream commands on the rig: exact replies and error words, events, what counts as a change, ids that the clock
// makes, no leak, nothing half-applied where memory ends.
import assert from "node:assert/strict";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { deleteCommands } from "../keys/delete_commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { streamCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const BAD_ID = "-ERR Invalid stream ID specified as stream command argument\r\n";
const NO_ROOM_FOR_IDS = "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n";
const NOT_ABOVE = "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n";
const NULL = "$-1\r\n";
const NULL_ARRAY = "*-1\r\n";
const OK = "+OK\r\n";
const HIGHEST = "18446744073709551615";

function newRig(config: Record<string, unknown> = {}, arenaBytes?: number): CommandRig {
  return new CommandRig([...streamCommands, ...stringCommands, ...deleteCommands], {
    config: { lazyfreeLazyUserDel: true, ...config },
    arenaBytes,
  });
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function run(rig: CommandRig, line: string): string {
  return rig.raw(...line.split(" "));
}

/** Runs each line and expects the reply behind it. */
function expectAll(rig: CommandRig, lines: [string, string][]): void {
  for (const [line, reply] of lines) assert.equal(run(rig, line), reply, line);
}

Deno.test("ids follow the clock, and the last id where the clock is behind", () => {
  const rig = newRig();
  const before = Date.now();
  const first = run(rig, "XADD s * f v").split("\r\n")[1];
  const [ms, seq] = first.split("-").map(Number);
  assert.ok(ms >= before && ms <= Date.now());
  assert.equal(seq, 0);
  const ahead = ms + 1_000_000;
  expectAll(rig, [
    [`XADD s ${ahead}-7 f v`, bulk(`${ahead}-7`)],
    ["XADD s * f v", bulk(`${ahead}-8`)],
    [`XADD s ${ahead}-* f v`, bulk(`${ahead}-9`)],
    [`XADD s ${ahead + 1}-* f v`, bulk(`${ahead + 1}-0`)],
    [`XADD s ${ahead + 1} f v`, NOT_ABOVE],
    [`XADD s ${ahead} f v`, NOT_ABOVE],
    [`XADD s ${ahead + 2}-${HIGHEST} f v`, bulk(`${ahead + 2}-${HIGHEST}`)],
    [`XADD s ${ahead + 2}-* f v`, NOT_ABOVE],
    ["XADD s * f v", bulk(`${ahead + 3}-0`)],
    [`XADD s ${HIGHEST}-${HIGHEST} f v`, bulk(`${HIGHEST}-${HIGHEST}`)],
    ["XADD s * f v", NO_ROOM_FOR_IDS],
    ["XADD t 0-* f v", bulk("0-1")],
    ["XADD u 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0\r\n"],
    ["XLEN u", ":0\r\n"],
  ]);
});

Deno.test("words that no command accepts", () => {
  const rig = newRig();
  run(rig, "XADD s 1-1 f v");
  run(rig, "XGROUP CREATE s g 0");
  run(rig, "SET x y");
  expectAll(rig, [
    ["XADD s 5 f", "-ERR wrong number of arguments for 'xadd' command\r\n"],
    ["XADD s 5 f v g", "-ERR wrong number of arguments for 'xadd' command\r\n"],
    ["XADD s MAXLEN 5 f v", BAD_ID],
    ["XADD s 1-1-1 f v", BAD_ID],
    ["XADD s - f v", BAD_ID],
    ["XADD s + f v", BAD_ID],
    [`XADD s ${"1".repeat(130)} f v`, BAD_ID],
    ["XADD s NOMKSTREAM MAXLEN -1 * f v", "-ERR The MAXLEN argument must be >= 0.\r\n"],
    [
      "XADD s MAXLEN 1 LIMIT 5 * f v",
      "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n",
    ],
    [
      "XADD s LIMIT 5 * f v",
      "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n",
    ],
    [
      "XADD s MAXLEN 1 MINID 1 * f v",
      "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
    ],
    ["XADD none NOMKSTREAM * f v", NULL],
    ["XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy\r\n"],
    ["XTRIM s MAXLEN x", NOT_INTEGER],
    ["XTRIM s FOO 1", SYNTAX],
    ["XRANGE s - + COUNT", SYNTAX],
    ["XRANGE s - + COUNT x", NOT_INTEGER],
    ["XRANGE s - + COUNT 0", NULL_ARRAY],
    ["XRANGE s - + COUNT -5", NULL_ARRAY],
    ["XRANGE none - + COUNT 0", "*0\r\n"],
    [`XRANGE s (${HIGHEST}-${HIGHEST} +`, "-ERR invalid start ID for the interval\r\n"],
    ["XRANGE s - (0-0", "-ERR invalid end ID for the interval\r\n"],
    ["XRANGE s (- +", BAD_ID],
    ["XREAD STREAMS s", "-ERR wrong number of arguments for 'xread' command\r\n"],
    [
      "XREAD STREAMS s t 1",
      "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.\r\n",
    ],
    ["XREAD COUNT 1 STREAMS", SYNTAX],
    ["XREAD BLOCK -1 STREAMS s 1", "-ERR timeout is negative\r\n"],
    ["XREAD BLOCK x STREAMS s 1", "-ERR timeout is not an integer or out of range\r\n"],
    [
      "XREAD GROUP g c STREAMS s 1",
      "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.\r\n",
    ],
    [
      "XREAD NOACK STREAMS s 1",
      "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.\r\n",
    ],
    ["XREADGROUP COUNT 1 BLOCK 1 STREAMS s 1", "-ERR Missing GROUP option for XREADGROUP\r\n"],
    [
      "XREADGROUP GROUP none c STREAMS s >",
      "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option\r\n",
    ],
    ["XREADGROUP GROUP g c STREAMS x >", WRONG_TYPE],
    ["XGROUP CREATE s g 0", "-BUSYGROUP Consumer Group name already exists\r\n"],
    ["XGROUP CREATE s h 0 ENTRIESREAD -5", "-ERR value for ENTRIESREAD must be positive or -1\r\n"],
    [
      "XGROUP CREATE s h 0 FOO",
      "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
    ],
    ["XGROUP SETID s none 0", "-NOGROUP No such consumer group 'none' for key name 's'\r\n"],
    ["XACK s g x", BAD_ID],
    ["XACK s none 1-1", ":0\r\n"],
    ["XPENDING s none", "-NOGROUP No such key 's' or consumer group 'none'\r\n"],
    ["XPENDING s g - +", SYNTAX],
    ["XPENDING s g IDLE 1 - +", SYNTAX],
    ["XCLAIM s g c x 1-1", "-ERR Invalid min-idle-time argument for XCLAIM\r\n"],
    ["XCLAIM s g c 0 1-1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM\r\n"],
    ["XCLAIM s g c 0 1-1 FOO", "-ERR Unrecognized XCLAIM option 'FOO'\r\n"],
    ["XAUTOCLAIM s g c 0 0 COUNT 0", "-ERR COUNT must be > 0\r\n"],
    ["XINFO STREAM none", "-ERR no such key\r\n"],
    [
      "XINFO STREAM s FULL COUNT",
      "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
    ],
    ["XSETID none 1", "-ERR no such key\r\n"],
    ["XSETID s 0-5", "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n"],
    ["XSETID s 5 ENTRIESADDED -1", "-ERR entries_added must be positive\r\n"],
    [
      "XSETID s 5 MAXDELETEDID 6",
      "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n",
    ],
    [
      "XSETID s 5 ENTRIESADDED 0",
      "-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n",
    ],
    ...[
      "XADD x * f v",
      "XLEN x",
      "XRANGE x - +",
      "XDEL x 1",
      "XTRIM x MAXLEN 1",
      "XREAD STREAMS x 0",
      "XACK x g 1",
    ]
      .map((line): [string, string] => [line, WRONG_TYPE]),
    ...[
      "XPENDING x g",
      "XCLAIM x g c 0 1",
      "XAUTOCLAIM x g c 0 0",
      "XINFO STREAM x",
      "XGROUP CREATE x g 0",
      "XSETID x 1",
    ]
      .map((line): [string, string] => [line, WRONG_TYPE]),
  ]);
  assert.deepEqual(rig.takeEvents(), ["stream xadd s", "stream xgroup-create s", "string set x"]);
});

Deno.test("events and dirty counts", () => {
  const rig = newRig({ streamNodeMaxEntries: 2 });
  const step = (line: string, events: string[], dirty: number) => {
    const before = rig.keyspace.dirty;
    run(rig, line);
    assert.deepEqual(rig.takeEvents(), events.map((event) => `stream ${event} s`), line);
    assert.equal(rig.keyspace.dirty - before, dirty, line);
  };
  step("XADD s 1 f v", ["xadd"], 1);
  step("XADD s 2 f v", ["xadd"], 1);
  step("XADD s MAXLEN 2 3 f v", ["xadd", "xtrim"], 1);
  step("XADD s MAXLEN ~ 3 4 f v", ["xadd"], 1);
  step("XDEL s 2 3 9", ["xdel"], 2);
  step("XDEL s 9", [], 0);
  step("XADD s 5 f v", ["xadd"], 1);
  step("XTRIM s MAXLEN 1", ["xtrim"], 1);
  step("XTRIM s MAXLEN 1", [], 0);
  step("XSETID s 50", ["xsetid"], 1);
  step("XGROUP CREATE s g 0", ["xgroup-create"], 1);
  step("XGROUP CREATECONSUMER s g c", ["xgroup-createconsumer"], 1);
  step("XGROUP CREATECONSUMER s g c", [], 0);
  step("XREADGROUP GROUP g d STREAMS s >", ["xgroup-createconsumer"], 2);
  step("XREADGROUP GROUP g d STREAMS s >", [], 0);
  step("XCLAIM s g c 0 5", [], 1);
  step("XCLAIM s g e 0 7", ["xgroup-createconsumer"], 1);
  step("XAUTOCLAIM s g c 0 0", [], 1);
  step("XACK s g 5 6", [], 1);
  step("XGROUP SETID s g 0", ["xgroup-setid"], 1);
  step("XGROUP DELCONSUMER s g e", ["xgroup-delconsumer"], 1);
  step("XGROUP DELCONSUMER s g e", [], 0);
  step("XGROUP DESTROY s g", ["xgroup-destroy"], 1);
  step("XGROUP DESTROY s g", [], 0);
});

Deno.test("ids of 64 bits are told digit by digit", () => {
  const rig = newRig();
  run(rig, "XADD s 9007199254740993-9007199254740993 f v");
  run(rig, `XADD s ${HIGHEST}-${HIGHEST} f v`);
  assert.equal(
    run(rig, "XREVRANGE s + -"),
    `*2\r\n*2\r\n${bulk(`${HIGHEST}-${HIGHEST}`)}*2\r\n${bulk("f")}${bulk("v")}` +
      `*2\r\n${bulk("9007199254740993-9007199254740993")}*2\r\n${bulk("f")}${bulk("v")}`,
  );
  assert.equal(
    run(rig, "XREAD STREAMS s 9007199254740993-9007199254740992").includes("740993-9007199254740993"),
    true,
  );
});

Deno.test("a group's life leaves nothing behind", () => {
  const rig = newRig({ streamNodeMaxEntries: 5 });
  const { arena, lazyFree } = rig.keyspace;
  run(rig, "XADD s 1 f v");
  run(rig, "DEL s");
  const empty = arena.usedBytes;
  for (let round = 0; round < 3; round++) {
    for (let n = 1; n <= 500; n++) run(rig, `XADD s ${n} f ${"v".repeat(n % 70)} n ${n}`);
    for (const group of ["g", "h"]) {
      run(rig, `XGROUP CREATE s ${group} 0`);
      for (let n = 0; n < 60; n++) run(rig, `XREADGROUP GROUP ${group} c${n % 7} COUNT 7 STREAMS s >`);
    }
    run(rig, "XAUTOCLAIM s g c3 0 0 COUNT 300");
    for (let n = 1; n <= 500; n += 3) run(rig, `XACK s g ${n} ${n + 1}`);
    run(rig, "XGROUP DELCONSUMER s h c1");
    if (round === 1) run(rig, "XGROUP DESTROY s g");
    run(rig, "XTRIM s MAXLEN 100");
    run(rig, round === 2 ? "UNLINK s" : "DEL s");
    while (!lazyFree.run(1000));
    assert.equal(arena.usedBytes, empty);
  }
  arena.verify();
});

Deno.test("where memory ends, what was read is what is pending", () => {
  const rig = newRig({}, 4 * 1024 * 1024);
  run(rig, "XADD s 1 f v");
  let n = 2;
  while (rig.keyspace.arena.usedBytes < 3_000_000) run(rig, `XADD s ${n++} f ${"v".repeat(100)}`);
  run(rig, "XGROUP CREATE s g 0");
  let replied = 0;
  let last = 1;
  while (last > 0) {
    let reply: string;
    try {
      reply = run(rig, "XREADGROUP GROUP g c COUNT 1000 STREAMS s >");
    } catch (error) {
      assert.equal(error, ARENA_FULL);
      break;
    }
    last = reply === NULL_ARRAY ? 0 : [...reply.matchAll(/\d+-0\r\n/g)].length;
    replied += last;
  }
  assert.ok(replied > 1000);
  const pending = run(rig, "XPENDING s g");
  assert.ok(pending.startsWith(`*4\r\n:${replied}\r\n`));
  // Acknowledging needs no memory, and makes room again.
  for (let id = 1; id <= replied; id++) assert.equal(run(rig, `XACK s g ${id}`), ":1\r\n");
  assert.equal(run(rig, "XPENDING s g"), `*4\r\n:0\r\n${NULL}${NULL}${NULL_ARRAY}`);
  assert.equal(run(rig, "XTRIM s MAXLEN 0"), `:${n - 1}\r\n`);
  assert.equal(run(rig, `XADD s ${n} f v`), bulk(`${n}-0`));
  assert.equal(run(rig, "XGROUP SETID s g $"), OK);
});
