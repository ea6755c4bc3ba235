import assert from "node:assert/strict";
import { concatBytes } from "../../bytes/concat.ts";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { RdbDecoder } from "../rdb/decoder.ts";
import { RdbBuilder } from "../rdb/rdb_builder.ts";
import { RdbError } from "../rdb/rdb_error.ts";
import { RecordingSink } from "../rdb/recording_sink.ts";
import { AofError } from "./aof_error.ts";
import { AOF_PREAMBLE_DONE, AOF_TIME_UP, AofFileReader, beginsWithRdb } from "./aof_file_reader.ts";
import { AOF_COMMAND, AOF_END, AOF_NEEDS_INPUT } from "./aof_reader.ts";

const tail = latin1Bytes("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$4\r\nPING\r\n");

function preamble(): Uint8Array {
  return new RdbBuilder(11).raw(0xfe, 0, 0).string("k").string("v").raw(0).string("l").string("w").end();
}

interface Loaded {
  events: string[];
  values: Record<string, unknown>;
  reader: AofFileReader;
}

function load(file: Uint8Array, pieceBytes: number, deadline = Infinity): Loaded {
  const sink = new RecordingSink();
  const reader = new AofFileReader({
    totalBytes: file.length,
    preamble: () =>
      new RdbDecoder(sink, {
        databases: 16,
        dropExpiredBefore: 0,
        checksum: "verify",
        versionCheck: "strict",
        unsupported: "refuse",
        totalBytes: file.length,
      }),
  });
  const events: string[] = [];
  let at = 0;
  for (;;) {
    const state = reader.next(deadline);
    if (state === AOF_END) break;
    if (state === AOF_COMMAND) events.push(reader.commands.args.toStrings().join(" "));
    else if (state === AOF_PREAMBLE_DONE) events.push(`rdb ${reader.offset}`);
    else if (state === AOF_NEEDS_INPUT) {
      const space = reader.space();
      const count = Math.min(space.length, pieceBytes, file.length - at);
      space.set(file.subarray(at, at + count));
      if (count === 0) reader.endInput();
      else reader.commit(count);
      at += count;
    } else assert.equal(state, AOF_TIME_UP);
  }
  return { events, values: sink.values(), reader };
}

Deno.test("an RDB part is decoded, and commands go on behind it, in pieces of every size", () => {
  const rdb = preamble();
  const file = concatBytes([rdb, tail]);
  for (let size = 1; size <= file.length; size++) {
    const { events, values, reader } = load(file, size);
    assert.deepEqual(events, [`rdb ${rdb.length}`, "SELECT 0", "PING"]);
    assert.deepEqual(values, { k: "v", l: "w" });
    assert.equal(reader.offset, file.length);
    assert.equal(reader.commands.soundBytes, file.length);
  }
});

Deno.test("files of commands alone, an RDB part alone, and empty ones", () => {
  for (const size of [1, 8, 1000]) {
    assert.deepEqual(load(tail, size).events, ["SELECT 0", "PING"]);
    assert.deepEqual(load(preamble(), size).events, [`rdb ${preamble().length}`]);
    assert.deepEqual(load(new Uint8Array(0), size).events, []);
  }
});

Deno.test("offsets of errors count from the start of the file, in both parts", () => {
  const rdb = preamble();
  const wrong = concatBytes([rdb, tail, latin1Bytes("?")]);
  const at = wrong.length - 1;
  assert.throws(() => load(wrong, 11), (error) => error instanceof AofError && error.soundBytes === at);
  assert.throws(
    () => load(rdb.subarray(0, 20), 11),
    (error) => error instanceof RdbError && error.offset === 20,
  );
});

Deno.test("an RDB part is known by its signature", () => {
  assert.equal(beginsWithRdb(latin1Bytes("REDIS0011")), true);
  assert.equal(beginsWithRdb(latin1Bytes("VALKEY080")), true);
  assert.equal(beginsWithRdb(latin1Bytes("*1\r\n$4\r\nP")), false);
  assert.equal(beginsWithRdb(latin1Bytes("REDIS")), false);
});
