// The list commands on the rig: events and dirty counts, encodings and conversions, options of Valkey that redis-server 7.0
// does not have, no leak, elements of all lengths and forms. tests/interop compares the replies with a real server.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ENCODING_LISTPACK, ENCODING_QUICKLIST } from "../../core/keyspace/entry_layout.ts";
import { ListValue } from "../../core/keyspace/list_value.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { listCommands } from "./commands.ts";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NULL = "$-1\r\n";
const OK = "+OK\r\n";

function newRig(config: Record<string, unknown> = {}): CommandRig {
  return new CommandRig([...listCommands, ...stringCommands], { config });
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function array(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}

function find(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
}

function encodingOf(rig: CommandRig, key: string): number {
  return rig.keyspace.entries.encoding(find(rig, key));
}

function elementsOf(rig: CommandRig, key: string): string[] {
  return [...rig.raw("LRANGE", key, "0", "-1").matchAll(/\$\d+\r\n(.*?)\r\n/gs)].map((match) => match[1]);
}

Deno.test("elements come and go at both ends", () => {
  const rig = newRig();
  assert.equal(rig.raw("RPUSH", "l", "b", "c"), ":2\r\n");
  assert.equal(rig.raw("LPUSH", "l", "a", ""), ":4\r\n");
  assert.equal(rig.raw("LPUSHX", "none", "a"), ":0\r\n");
  assert.equal(rig.raw("RPUSHX", "l", "9007199254740993"), ":5\r\n");
  assert.equal(rig.raw("LRANGE", "l", "0", "-1"), array("", "a", "b", "c", "9007199254740993"));
  assert.equal(rig.raw("LLEN", "l"), ":5\r\n");
  assert.equal(rig.raw("LINDEX", "l", "-2"), bulk("c"));
  assert.equal(rig.raw("LINDEX", "l", "5"), NULL);
  assert.equal(rig.raw("LPOP", "l"), bulk(""));
  assert.equal(rig.raw("RPOP", "l", "2"), array("9007199254740993", "c"));
  assert.equal(
    rig.raw("LMPOP", "2", "none", "l", "RIGHT", "COUNT", "9"),
    `*2\r\n${bulk("l")}${array("b", "a")}`,
  );
  assert.equal(find(rig, "l"), 0);
  assert.equal(rig.raw("LPOP", "l"), NULL);
  assert.equal(rig.raw("LPOP", "l", "1"), "*-1\r\n");
});

Deno.test("events and dirty counts", () => {
  const rig = newRig();
  const happened = (dirty: number, ...events: string[]) => {
    assert.deepEqual(rig.takeEvents(), events);
    assert.equal(rig.keyspace.dirty, dirty);
    rig.keyspace.dirty = 0;
  };
  rig.raw("LPUSH", "l", "c", "b", "a");
  happened(3, "list lpush l");
  rig.raw("RPUSHX", "l", "d", "e", "f");
  happened(3, "list rpush l");
  rig.raw("LPUSHX", "none", "d");
  rig.raw("LRANGE", "l", "0", "-1");
  rig.raw("LREM", "l", "0", "none");
  rig.raw("LINSERT", "l", "BEFORE", "none", "x");
  rig.raw("LPOP", "l", "0");
  happened(0);
  rig.raw("LSET", "l", "0", "A");
  happened(1, "list lset l");
  rig.raw("LINSERT", "l", "AFTER", "A", "a");
  happened(1, "list linsert l");
  rig.raw("LREM", "l", "1", "a");
  happened(1, "list lrem l");
  rig.raw("LTRIM", "l", "1", "-2");
  happened(2, "list ltrim l");
  rig.raw("LTRIM", "l", "0", "-1");
  happened(0, "list ltrim l");
  rig.raw("LPOP", "l");
  happened(1, "list lpop l");
  rig.raw("LMOVE", "l", "m", "RIGHT", "LEFT");
  happened(1, "list lpush m", "list rpop l");
  rig.raw("LMOVE", "l", "l", "LEFT", "RIGHT");
  happened(1, "list rpush l", "list lpop l");
  rig.raw("RPOPLPUSH", "m", "l");
  happened(1, "list lpush l", "list rpop m", "generic del m");
  rig.raw("RPOP", "l", "10");
  happened(3, "list rpop l", "generic del l");
  rig.raw("RPUSH", "l", "a", "a");
  rig.raw("LREM", "l", "0", "a");
  happened(4, "list rpush l", "list lrem l", "generic del l");
  rig.raw("RPUSH", "l", "a");
  rig.raw("LTRIM", "l", "5", "9");
  happened(2, "list rpush l", "list ltrim l", "generic del l");
  rig.raw("RPUSH", "l", "a", "b");
  rig.raw("BLPOP", "none", "l", "0");
  rig.raw("BLMPOP", "0", "1", "l", "LEFT");
  happened(4, "list rpush l", "list lpop l", "list lpop l", "generic del l");
});

Deno.test("a list is a listpack up to its limit, and again below half of it", () => {
  const rig = newRig({ listMaxListpackSize: 6 });
  rig.raw("RPUSH", "l", "1", "2", "3", "4", "5", "6");
  assert.equal(encodingOf(rig, "l"), ENCODING_LISTPACK);
  rig.raw("LPUSH", "l", "0");
  assert.equal(encodingOf(rig, "l"), ENCODING_QUICKLIST);
  rig.raw("LPOP", "l", "3");
  assert.equal(encodingOf(rig, "l"), ENCODING_QUICKLIST, "4 of 6");
  rig.raw("RPOP", "l");
  assert.equal(encodingOf(rig, "l"), ENCODING_LISTPACK, "3 of 6");
  for (const [name, ...words] of [["LTRIM", "0", "2"], ["LREM", "0", "x"], ["LPOP", "6"]]) {
    rig.raw("RPUSH", name, "1", "2", "3", "x", "x", "x", "x", "x", "x");
    assert.equal(encodingOf(rig, name), ENCODING_QUICKLIST);
    rig.raw(name, name, ...words);
    assert.equal(encodingOf(rig, name), ENCODING_LISTPACK, name);
  }
  const bytes = newRig({ listMaxListpackSize: -1 });
  bytes.raw("RPUSH", "l", "x".repeat(4000));
  assert.equal(encodingOf(bytes, "l"), ENCODING_LISTPACK);
  bytes.raw("LSET", "l", "0", "x".repeat(5000));
  assert.equal(encodingOf(bytes, "l"), ENCODING_QUICKLIST, "a plain node");
  bytes.raw("LSET", "l", "0", "x");
  assert.equal(encodingOf(bytes, "l"), ENCODING_LISTPACK);
  bytes.raw("RPUSH", "new", "x".repeat(5000));
  assert.equal(encodingOf(bytes, "new"), ENCODING_QUICKLIST);
  bytes.raw("LMOVE", "new", "l", "LEFT", "RIGHT");
  assert.equal(encodingOf(bytes, "l"), ENCODING_QUICKLIST);
  assert.deepEqual(elementsOf(bytes, "l"), ["x", "x".repeat(5000)]);
});

Deno.test("limits that change apply to lists from when they become quicklists", () => {
  const rig = newRig({ listMaxListpackSize: 4 });
  rig.raw("RPUSH", "l", "1", "2");
  Object.assign(rig.server.config.values, { listMaxListpackSize: 2 });
  rig.raw("RPUSH", "l", "3", "4", "5", "6");
  assert.equal(encodingOf(rig, "l"), ENCODING_QUICKLIST);
  const list = new ListValue();
  list.open(rig.keyspace, find(rig, "l"));
  assert.equal(list.items.nodeCount, 3);
});

Deno.test("LPOS and LREM refuse the one count that has no negative, as Valkey does", () => {
  const rig = newRig();
  rig.raw("RPUSH", "l", "a", "b", "a");
  const refused =
    "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n";
  assert.equal(rig.raw("LPOS", "l", "a", "RANK", "-9223372036854775808"), refused);
  assert.equal(rig.raw("LREM", "l", "-9223372036854775808", "a"), refused);
  assert.equal(rig.raw("LPOS", "l", "a", "RANK", "-9223372036854775807"), NULL);
  assert.equal(rig.raw("LREM", "l", "-9223372036854775807", "a"), ":2\r\n");
});

Deno.test("every command refuses a string and leaves it alone", () => {
  const rig = newRig();
  rig.raw("SET", "s", "v");
  rig.raw("RPUSH", "l", "a");
  rig.takeEvents();
  const commands =
    `LPUSH s a|RPUSH s a|LPUSHX s a|RPUSHX s a|LPOP s|RPOP s 2|LLEN s|LINDEX s 0|LSET s 0 a|LRANGE s 0 1|
    LINSERT s BEFORE a b|LREM s 0 a|LTRIM s 0 1|LPOS s a|LMOVE s l LEFT LEFT|LMOVE l s LEFT LEFT|RPOPLPUSH l s|
    LMPOP 2 none s LEFT|BLPOP s l 0|BRPOP none s 0|BLMOVE l s LEFT LEFT 0|BRPOPLPUSH s l 0|BLMPOP 0 1 s LEFT`;
  for (const command of commands.split("|")) {
    assert.equal(rig.raw(...command.trim().split(" ")), WRONG_TYPE, command);
  }
  assert.deepEqual(rig.takeEvents(), []);
  assert.equal(rig.raw("LRANGE", "l", "0", "-1"), array("a"));
});

Deno.test("elements of any length and form are what they were, wherever they stand", () => {
  const element = fc.oneof(
    fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String),
    fc.nat(20_000).map((length) => "e".repeat(length)),
    fc.string({ unit: fc.constantFrom("\0", "\n", "\r", "a", "0", "-"), maxLength: 30 }),
  );
  fc.assert(
    fc.property(
      fc.array(element, { minLength: 1, maxLength: 30 }),
      fc.constantFrom(-2, -1, 3, 100),
      fc.constantFrom(0, 1),
      (elements, listMaxListpackSize, listCompressDepth) => {
        const rig = newRig({ listMaxListpackSize, listCompressDepth });
        for (const each of elements) rig.raw("RPUSH", "l", each);
        for (const [index, each] of elements.entries()) {
          assert.equal(rig.raw("LINDEX", "l", `${index}`), bulk(each));
          assert.equal(rig.raw("LPOS", "l", each), `:${elements.indexOf(each)}\r\n`);
        }
        assert.equal(rig.raw("LRANGE", "l", "0", "-1"), array(...elements));
        for (const each of elements) assert.equal(rig.raw("LMOVE", "l", "m", "LEFT", "LEFT"), bulk(each));
        assert.equal(rig.raw("LRANGE", "m", "0", "-1"), array(...elements.toReversed()));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("lists that come and go leave no memory behind", () => {
  const rig = newRig({ listMaxListpackSize: 4, listCompressDepth: 1 });
  rig.raw("RPUSH", "stays", "x");
  const used = rig.keyspace.arena.usedBytes;
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 50; index++) {
      rig.raw("RPUSH", "l", `${index} and some text that repeats, repeats`);
    }
    for (let index = 0; index < 20; index++) rig.raw("LINSERT", "l", "AFTER", `${index}`, "x".repeat(index));
    rig.raw("LTRIM", "l", "5", "-5");
    while (rig.raw("RPOPLPUSH", "l", "m") !== NULL);
    while (rig.raw("LPOP", "m", "7") !== "*-1\r\n");
    assert.equal(rig.keyspace.arena.usedBytes, used);
  }
  assert.equal(rig.raw("SET", "l", "v"), OK);
});
