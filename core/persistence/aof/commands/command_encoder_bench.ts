// Micro-benchmarks of the encoder of commands beside that of RDB files, the same dataset in both.
// Run: deno bench core/persistence/aof/commands/
import { latin1Bytes } from "../../../bytes/ascii.ts";
import { LiveReader } from "../../../memory/arena_reader.ts";
import { encoderOptions } from "../../rdb/arena_dataset.ts";
import { RdbEncoder } from "../../rdb/encoder.ts";
import { FullRig } from "../../../../tests/values/full_rig.ts";
import { CommandEncoder } from "./command_encoder.ts";

const KEYS = 20_000;
const MB = 1024 * 1024;

interface Shape {
  name: string;
  config?: [string, string][];
  keys: number;
  make(key: string, index: number): (string | number)[];
}

const range = <T>(count: number, element: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => element(index));

const SHAPES: Shape[] = [
  { name: "strings of 64 B", keys: KEYS * 5, make: (key) => ["SET", key, "x".repeat(64)] },
  {
    name: "lists of 16",
    keys: KEYS,
    make: (key, at) => ["RPUSH", key, ...range(16, (k) => k % 2 ? k * at : `element ${k}`)],
  },
  { name: "intsets of 16", keys: KEYS, make: (key, at) => ["SADD", key, ...range(16, (k) => k * (at + 1))] },
  { name: "sets of 200", keys: KEYS / 10, make: (key) => ["SADD", key, ...range(200, (k) => `member ${k}`)] },
  {
    name: "hashes of 8, listpack",
    keys: KEYS,
    make: (key, at) => ["HSET", key, ...range(8, (k) => [`field:${k}`, `value ${at}`]).flat()],
  },
  {
    name: "hashes of 200, table",
    keys: KEYS / 10,
    config: [["hash-max-listpack-entries", "8"]],
    make: (key, at) => ["HSET", key, ...range(200, (k) => [`field:${k}`, `value ${at}`]).flat()],
  },
  {
    name: "sorted sets of 200, whole scores",
    keys: KEYS / 10,
    make: (key, at) => ["ZADD", key, ...range(200, (k) => [k * at, `member ${k}`]).flat()],
  },
  {
    name: "sorted sets of 200, fractions",
    keys: KEYS / 10,
    make: (key, at) => ["ZADD", key, ...range(200, (k) => [k * at / 7, `member ${k}`]).flat()],
  },
];

for (const { name, config, keys, make } of SHAPES) {
  const rig = new FullRig({ arenaBytes: 128 * MB, config });
  for (let index = 0; index < keys; index++) {
    rig.raw(...make(`key:${index}`, index).map((word) => latin1Bytes(`${word}`)));
  }
  const refs: number[] = [];
  rig.keyspace.databases[0].keys.forEach((ref) => void refs.push(ref));
  const reader = new LiveReader(rig.keyspace.arena);
  const sink = { push: () => {} };
  Deno.bench({ name: `RDB: ${name}`, group: name, baseline: true }, () => {
    const encoder = new RdbEncoder(reader, sink, { ...encoderOptions, compress: false });
    for (let index = 0; index < refs.length; index++) encoder.entry(refs[index], 0);
    encoder.end();
  });
  Deno.bench({ name: `commands: ${name}`, group: name }, () => {
    const encoder = new CommandEncoder(reader, sink, {});
    for (let index = 0; index < refs.length; index++) encoder.entry(refs[index], 0);
    encoder.end();
  });
}
