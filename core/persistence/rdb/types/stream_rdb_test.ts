// Streams through RDB: written and read in every version, old versions read, broken ones refused without a trace.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../../bytes/ascii.ts";
import { Keyspace } from "../../../keyspace/keyspace.ts";
import { StreamValue } from "../../../keyspace/stream_value.ts";
import { Arena } from "../../../memory/arena.ts";
import { LiveReader } from "../../../memory/arena_reader.ts";
import { StreamId } from "../../../structures/stream_id.ts";
import { DumpEncoder, restorePayload } from "../dump_payload.ts";
import { KeyspaceSink } from "../keyspace_sink.ts";
import { listpackOf, RdbBuilder, streamIdOf, streamValue } from "../rdb_builder.ts";
import { RdbError } from "../rdb_error.ts";
import { LOAD_LIMITS_DEFAULT } from "./load_limits.ts";

const TYPES = [15, 19, 21];
const MIN = new StreamId();
const MAX = new StreamId().setMax();

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const keyspace = new Keyspace(arena, 1);
const [database] = keyspace.databases;
const encoder = new DumpEncoder(new LiveReader(arena));
const stream = new StreamValue();
const key = latin1Bytes("key");
const loadedKey = { bytes: key, start: 0, end: 3, expireAt: -1, idleSeconds: -1, frequency: -1 };

function restore(payload: Uint8Array): void {
  const sink = new KeyspaceSink(keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });
  restorePayload(payload, 0, payload.length, loadedKey, sink);
}

/** Everything about the stream at the key, as text. */
function describe(): string[] {
  stream.open(keyspace, database.peek(key, 0, 3));
  const { entries, groups, cursor } = stream;
  const id = new StreamId();
  const name = (ref: number) => {
    const bytes = new Uint8Array(groups.nameLength(ref));
    arena.copyOut(groups.nameAddress(ref), bytes.length, bytes, 0);
    return String.fromCharCode(...bytes);
  };
  const lines = [
    `length ${entries.length} blocks ${entries.blocks} added ${entries.entriesAdded}`,
    `last ${entries.readLastId(id)}`,
    `first ${entries.readFirstId(id)}`,
    `deleted ${entries.readMaxDeletedId(id)}`,
    `attached ${groups.attached}`,
  ];
  cursor.openForward(stream.root, MIN, MAX);
  while (cursor.next()) lines.push(`entry ${cursor.id} of ${cursor.pairs}`);
  for (let index = 0; index < groups.count; index++) {
    const group = groups.at(index);
    lines.push(`group ${name(group)} at ${groups.readLastId(group, id)} read ${groups.entriesRead(group)}`);
    const pending = groups.pendingOfGroup(group);
    for (let more = pending.seekFirst(); more; more = pending.next()) {
      pending.readId(id);
      const { value } = pending;
      lines.push(
        `pending ${id} ${groups.deliveredAt(value)} ${groups.deliveries(value)} ${
          name(groups.consumerOf(value))
        }`,
      );
    }
    const size = groups.consumers(group).size;
    for (let place = 0; place < size; place++) {
      const consumer = groups.consumers(group).at(place);
      const owned = groups.pendingOfConsumer(consumer).size;
      lines.push(
        `consumer ${name(consumer)} ${groups.seen(consumer)} ${groups.active(consumer)} has ${owned}`,
      );
    }
  }
  return lines;
}

/** A stream of many blocks with ids and counters at their edges, groups with and without what can be pending. */
function makeLarge(): void {
  database.remove(key, 0, 3);
  stream.create(keyspace);
  const { entries, groups } = stream;
  const limits = { streamNodeMaxBytes: 300, streamNodeMaxEntries: 10 };
  const text = latin1Bytes("fieldvalue");
  const id = new StreamId();
  for (let n = 1; n <= 2000; n++) {
    entries.append(limits, id.set(n >>> 6, n << 26, n % 3, -n), text, [0, 5 - n % 2], [5 - n % 2, 10], 0, 1);
  }
  for (let n = 7; n < 2000; n += 7) entries.delete(id.set(n >>> 6, n << 26, n % 3, -n));
  entries.refreshFirstId();
  entries.setMaxDeletedId(id.set(-1, 0, 0, -1));
  entries.append(limits, id.setMax(), text, [0, 5], [5, 10], 0, 1);
  groups.create(text, 0, 0, MIN, -1);
  for (const [start, end] of [[0, 5], [5, 10]]) {
    const group = groups.create(text, start, end, id.set(0, 5, 0, 0), 7);
    for (let c = 0; c < 3; c++) {
      groups.findConsumer(group, text, c, c + 4);
      const consumer = groups.createConsumer(text, c, c + 4, 1_700_000_000_000 + c);
      if (c > 0) groups.setActive(consumer, 1_700_000_000_123);
      for (let n = c; n < 200 * c; n += 3) {
        groups.addPending(group, consumer, id.set(n >>> 6, n << 26, n % 3, -n), 1_650_000_000_000 + n, n);
      }
    }
  }
  stream.addTo(database, key, 0, 3);
}

Deno.test("streams are written and read, in every version", () => {
  makeLarge();
  const whole = describe();
  assert.equal(whole.filter((line) => line.startsWith("pending")).length, 400);
  for (const [version, type] of [[10, 19], [11, 21], [80, 21]]) {
    makeLarge();
    const payload = encoder.dump(database.peek(key, 0, 3), { version, compress: version === 11 });
    assert.equal(payload[0], type);
    database.remove(key, 0, 3);
    restore(payload);
    const expected = type === 21
      ? whole
      : whole.map((line) => line.replace(/^(consumer \S+ )(\d+) (?:-1|\d+)/, "$1$2 $2"));
    assert.deepEqual(describe(), expected);
  }
});

Deno.test("streams of every version are read", () => {
  database.remove(key, 0, 3);
  const used = arena.usedBytes;
  for (const [index, type] of TYPES.entries()) {
    restore(streamValue(new RdbBuilder().raw(type), index + 1).raw(11, 0).withChecksum());
    assert.deepEqual(describe(), [
      "length 1 blocks 1 added 1",
      "last 1-2",
      "first 1-2",
      "deleted 0-0",
      "attached 3",
      "entry 1-2 of 1",
      "group group at 1-2 read 1",
      "pending 1-2 3 1 consumer",
      `consumer consumer 3 ${index === 2 ? 4 : 3} has 1`,
    ]);
  }
  database.remove(key, 0, 3);
  assert.equal(arena.usedBytes, used);
});

Deno.test("an empty stream is one", () => {
  restore(
    new RdbBuilder().raw(15).length(0).length(0).length(5).length(6).length(0).raw(11, 0).withChecksum(),
  );
  assert.deepEqual(describe().slice(0, 3), ["length 0 blocks 0 added 0", "last 5-6", "first 0-0"]);
});

/** A version 3 stream of these blocks and ids, with the given rest from the number of groups on. */
function streamOf(
  blocks: [id: Uint8Array, listpack: Uint8Array][],
  last: number,
  rest: RdbBuilder,
): RdbBuilder {
  const builder = new RdbBuilder().raw(21).length(blocks.length);
  for (const [id, listpack] of blocks) builder.blob(id).blob(listpack);
  builder.length(blocks.length).length(last).length(0).length(1).length(0).length(0).length(0).length(9);
  return builder.raw(...rest.build());
}

function group(name: string, pending: number[], consumers: [string, number[]][]): RdbBuilder {
  const builder = new RdbBuilder().string(name).length(1).length(0).length(1).length(pending.length);
  for (const ms of pending) builder.raw(...streamIdOf(ms, 0)).little(5n, 8).length(1);
  builder.length(consumers.length);
  for (const [consumer, owned] of consumers) {
    builder.string(consumer).little(5n, 8).little(5n, 8).length(owned.length);
    for (const ms of owned) builder.raw(...streamIdOf(ms, 0));
  }
  return builder;
}

Deno.test("broken streams are refused and leave nothing behind", () => {
  database.remove(key, 0, 3);
  const used = arena.usedBytes;
  const none = new RdbBuilder().length(0);
  const sound = listpackOf([1, 0, 1, "f", 0, 2, 0, 0, "v", 4]);
  const withBlock = (elements: (string | number)[]) =>
    streamOf([[streamIdOf(1, 0), listpackOf(elements)]], 1, none);
  const withGroups = (...groups: RdbBuilder[]) => {
    const rest = new RdbBuilder().length(groups.length);
    for (const each of groups) rest.raw(...each.build());
    return streamOf([[streamIdOf(1, 0), sound]], 1, rest);
  };
  const broken: [string, RdbBuilder][] = [
    ["a block without entries", withBlock([0, 0, 1, "f", 0])],
    ["fewer entries than said", withBlock([2, 0, 1, "f", 0, 2, 0, 0, "v", 4])],
    ["more entries than said", withBlock([1, 0, 1, "f", 0, 2, 0, 0, "v", 4, 2, 0, 1, "v", 4])],
    ["an entry that is deleted without being counted so", withBlock([1, 0, 1, "f", 0, 3, 0, 0, "v", 4])],
    ["an entry that is counted as deleted and is not", withBlock([0, 1, 1, "f", 0, 2, 0, 0, "v", 4])],
    ["unknown flags", withBlock([1, 0, 1, "f", 0, 6, 0, 0, "v", 4])],
    ["flags that are a text", withBlock([1, 0, 1, "f", 0, "2", 0, 0, "v", 4])],
    ["a difference that is a text", withBlock([1, 0, 1, "f", 0, 2, "x", 0, "v", 4])],
    ["a wrong number of elements", withBlock([1, 0, 1, "f", 0, 2, 0, 0, "v", 5])],
    ["a count that is a text", withBlock(["x", 0, 1, "f", 0, 2, 0, 0, "v", 4])],
    ["more fields than there are", withBlock([1, 0, 100, "f", 0, 2, 0, 0, "v", 4])],
    ["a master entry without its end", withBlock([1, 0, 1, "f", 1, 2, 0, 0, "v", 4])],
    ["own fields without values", withBlock([1, 0, 1, "f", 0, 0, 0, 0, 2, "a", "b", "c", 8])],
    ["entries out of order", withBlock([2, 0, 1, "f", 0, 2, 0, 1, "v", 4, 2, 0, 1, "v", 4])],
    ["a cut listpack", streamOf([[streamIdOf(1, 0), sound.subarray(0, 12)]], 1, none)],
    ["an id of 15 bytes", streamOf([[streamIdOf(1, 0).subarray(1), sound]], 1, none)],
    ["blocks out of order", streamOf([[streamIdOf(2, 0), sound], [streamIdOf(1, 0), sound]], 2, none)],
    ["a block twice", streamOf([[streamIdOf(1, 0), sound], [streamIdOf(1, 0), sound]], 1, none)],
    ["a last id below an entry", streamOf([[streamIdOf(2, 0), sound]], 1, none)],
    ["a length without blocks", new RdbBuilder().raw(15).length(0).length(7).length(1).length(0).length(0)],
    ["more blocks said than there are", new RdbBuilder().raw(15).length(2 ** 40).blob(streamIdOf(1, 0))],
    ["two groups of a name", withGroups(group("g", [], []), group("g", [], []))],
    ["two consumers of a name", withGroups(group("g", [], [["c", []], ["c", []]]))],
    ["pending twice", withGroups(group("g", [1, 1], [["c", [1, 1]]]))],
    ["pending out of order", withGroups(group("g", [2, 1], [["c", [1, 2]]]))],
    ["pending with nobody", withGroups(group("g", [1, 2], [["c", [1]]]))],
    ["pending with two", withGroups(group("g", [1, 2], [["c", [1]], ["d", [1]]]))],
    ["pending with one twice", withGroups(group("g", [1, 2], [["c", [1, 1]]]))],
    ["pending of a consumer only", withGroups(group("g", [1], [["c", [2]]]))],
    [
      "more consumers said than there are",
      withGroups(new RdbBuilder().string("g").length(1).length(0).length(0).length(0).length(9)),
    ],
  ];
  for (const [name, builder] of broken) {
    const payload = builder.raw(11, 0).withChecksum();
    assert.throws(() => restore(payload), RdbError, name);
    assert.equal(database.peek(key, 0, 3), 0, name);
    assert.equal(arena.usedBytes, used, name);
  }
  restore(
    withGroups(group("g", [1, 2], [["c", [2]], ["d", [1]]]), group("h", [], [])).raw(11, 0).withChecksum(),
  );
  assert.equal(describe().length, 12);
});
