// Sets through DUMP payloads and files: every encoding in every version, the limits at loading, and what is refused.
import assert from "node:assert/strict";
import { latin1Bytes, latin1Text } from "../../../bytes/ascii.ts";
import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK } from "../../../keyspace/entry_layout.ts";
import { Keyspace } from "../../../keyspace/keyspace.ts";
import { type SetLimits, SetValue } from "../../../keyspace/set_value.ts";
import { Arena } from "../../../memory/arena.ts";
import { LiveReader } from "../../../memory/arena_reader.ts";
import { MemoryByteSource } from "../byte_source.ts";
import { DumpEncoder, restorePayload } from "../dump_payload.ts";
import { KeyspaceSink } from "../keyspace_sink.ts";
import { loadRdb } from "../load.ts";
import { listpackOf, RdbBuilder } from "../rdb_builder.ts";
import { RdbError } from "../rdb_error.ts";
import { RecordingSink } from "../recording_sink.ts";
import { LOAD_LIMITS_DEFAULT } from "./load_limits.ts";

const TYPE_MEMBERS = 2;
const TYPE_INTSET = 11;
const TYPE_LISTPACK = 20;

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const keyspace = new Keyspace(arena, 1);
const [database] = keyspace.databases;
const encoder = new DumpEncoder(new LiveReader(arena));
const set = new SetValue();
const key = latin1Bytes("key");
const loadedKey = { bytes: key, start: 0, end: 3, expireAt: -1, idleSeconds: -1, frequency: -1 };

function make(members: string[]): void {
  database.remove(key, 0, 3);
  set.create(keyspace, LOAD_LIMITS_DEFAULT);
  for (const member of members) set.add(latin1Bytes(member), 0, member.length);
  set.addTo(database, key, 0, 3);
}

function membersOf(): string[] {
  set.open(keyspace, database.peek(key, 0, 3));
  const members: string[] = [];
  set.walk();
  while (set.next()) {
    set.readMember();
    members.push(latin1Text(set.bytes, set.start, set.end));
  }
  return members.sort();
}

function numbers(count: number, factor = 1): string[] {
  return Array.from({ length: count }, (_, index) => `${(index - 3) * factor}`);
}

const WORDS = ["", "x", "\0\xff", "12", "-9223372036854775808", "007", "y".repeat(60)];
const CASES: [string[], encoding: number, typeOf10: number, type: number][] = [
  [numbers(5), ENCODING_INTSET, TYPE_INTSET, TYPE_INTSET],
  [numbers(500, 70_000), ENCODING_INTSET, TYPE_INTSET, TYPE_INTSET],
  [numbers(10, 2 ** 40), ENCODING_INTSET, TYPE_INTSET, TYPE_INTSET],
  [WORDS, ENCODING_LISTPACK, TYPE_MEMBERS, TYPE_LISTPACK],
  [[...WORDS, ...numbers(1000)], ENCODING_HASHTABLE, TYPE_MEMBERS, TYPE_MEMBERS],
  [["z".repeat(70_000)], ENCODING_HASHTABLE, TYPE_MEMBERS, TYPE_MEMBERS],
];

Deno.test("sets of all encodings are written and read, in every version", () => {
  for (const [members, encoding, typeOf10, type] of CASES) {
    const expected = [...new Set(members)].sort();
    for (const version of [10, 11, 80]) {
      make(members);
      const ref = database.peek(key, 0, 3);
      assert.equal(keyspace.entries.encoding(ref), encoding);
      const payload = encoder.dump(ref, { version, compress: version === 11 });
      assert.equal(payload[0], version === 10 ? typeOf10 : type);
      const sink = new KeyspaceSink(keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });
      restorePayload(payload, 0, payload.length, loadedKey, sink);
      assert.deepEqual(membersOf(), expected);
      assert.equal(keyspace.entries.encoding(database.peek(key, 0, 3)), encoding);
    }
  }
});

Deno.test("a set gets the encoding that the limits ask for when it is loaded", () => {
  const limits = (more: Partial<SetLimits>) => ({ ...LOAD_LIMITS_DEFAULT, ...more });
  const intset = Uint8Array.of(2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 2, 0, 3, 0);
  const packed = listpackOf(["a", "b", "c"]);
  const members = new RdbBuilder().length(3).string("1").string("2").string("3").build();
  const mixed = new RdbBuilder().length(3).string("1").string("2").string("c").build();
  const intsetPayload = new RdbBuilder().raw(TYPE_INTSET).blob(intset);
  const packedPayload = new RdbBuilder().raw(TYPE_LISTPACK).blob(packed);
  const plain = (bytes: Uint8Array) => new RdbBuilder().raw(TYPE_MEMBERS, ...bytes);
  const cases: [RdbBuilder, Partial<SetLimits>, number][] = [
    [intsetPayload, {}, ENCODING_INTSET],
    [intsetPayload, { setMaxIntsetEntries: 2 }, ENCODING_HASHTABLE],
    [packedPayload, {}, ENCODING_LISTPACK],
    [packedPayload, { setMaxListpackEntries: 2 }, ENCODING_HASHTABLE],
    [plain(members), {}, ENCODING_INTSET],
    [plain(members), { setMaxIntsetEntries: 2 }, ENCODING_LISTPACK],
    [plain(members), { setMaxIntsetEntries: 2, setMaxListpackEntries: 2 }, ENCODING_HASHTABLE],
    [plain(mixed), {}, ENCODING_LISTPACK],
    [plain(mixed), { setMaxListpackEntries: 2 }, ENCODING_HASHTABLE],
  ];
  for (const [builder, more, encoding] of cases) {
    const payload = new RdbBuilder().raw(...builder.build()).raw(11, 0).withChecksum();
    const sink = new KeyspaceSink(keyspace, limits(more), { existing: "replace" });
    restorePayload(payload, 0, payload.length, loadedKey, sink);
    assert.equal(keyspace.entries.encoding(database.peek(key, 0, 3)), encoding, JSON.stringify(more));
    assert.equal(membersOf().length, 3);
  }
});

Deno.test("broken sets are refused and leave nothing behind", () => {
  database.remove(key, 0, 3);
  const used = arena.usedBytes;
  const broken: [string, RdbBuilder][] = [
    [
      "the same member twice",
      new RdbBuilder().raw(TYPE_MEMBERS).length(3).string("a").string("b").string("a"),
    ],
    [
      "the same integer twice",
      new RdbBuilder().raw(TYPE_MEMBERS).length(3).string("1").string("2").string("1"),
    ],
    ["more members said than there are", new RdbBuilder().raw(TYPE_MEMBERS).length(900).string("a")],
    ["a member twice in a listpack", new RdbBuilder().raw(TYPE_LISTPACK).blob(listpackOf(["a", "b", "a"]))],
    ["a cut listpack", new RdbBuilder().raw(TYPE_LISTPACK).blob(listpackOf(["a", "b"]).subarray(0, 9))],
    ["a short intset", new RdbBuilder().raw(TYPE_INTSET).blob(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 1, 0))],
    ["a wrong width", new RdbBuilder().raw(TYPE_INTSET).blob(Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0))],
    ["no order", new RdbBuilder().raw(TYPE_INTSET).blob(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0))],
    [
      "an integer twice",
      new RdbBuilder().raw(TYPE_INTSET).blob(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0)),
    ],
  ];
  for (const [name, builder] of broken) {
    const payload = builder.raw(11, 0).withChecksum();
    const sink = new KeyspaceSink(keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });
    assert.throws(() => restorePayload(payload, 0, payload.length, loadedKey, sink), RdbError, name);
    assert.equal(database.peek(key, 0, 3), 0);
    assert.equal(arena.usedBytes, used, name);
  }
});

Deno.test("an empty set in a file is counted and left out", () => {
  const bytes = new RdbBuilder(11)
    .raw(TYPE_MEMBERS).string("a").length(0)
    .raw(TYPE_LISTPACK).string("b").blob(listpackOf([]))
    .raw(TYPE_INTSET).string("c").blob(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0))
    .raw(TYPE_LISTPACK).string("d").blob(listpackOf(["m"]))
    .end();
  const sink = new RecordingSink();
  const report = loadRdb(new MemoryByteSource(bytes), sink, {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  });
  assert.deepEqual(sink.values(), { d: ["m"] });
  assert.equal(report.emptyKeysSkipped, 3);
});
