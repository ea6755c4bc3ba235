// The filters of CLIENT LIST and CLIENT KILL: which connections pass, and what is refused in which words.
import assert from "node:assert/strict";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { parseClientFilter, passes } from "./client_filter.ts";

const NOW = 1_000_000_000;
const server = { keyspace: { clock: { ms: NOW }, databases: { length: 16 } } };

function connection(id: number, facts: Partial<Record<keyof CommandClient, unknown>>): CommandClient {
  const plain = {
    id,
    server,
    peer: `10.0.0.${id}:5000`,
    localAddress: "127.0.0.1:6379",
    kind: "normal",
    user: "default",
    name: "",
    libraryName: "",
    libraryVersion: "",
    createdAt: NOW - id * 10_000,
    lastInteraction: NOW - id * 1000,
    db: { id: 0 },
    flags: "N",
    capabilities: "",
  };
  return { ...plain, ...facts } as unknown as CommandClient;
}

const self = connection(1, { name: "me" });
const everyone = [
  self,
  connection(2, { name: "two", db: { id: 3 }, flags: "b" }),
  connection(3, { kind: "pubsub", flags: "PT", libraryName: "lib", libraryVersion: "1.0" }),
  connection(4, { peer: "[::1]:4", capabilities: "r", localAddress: "10.0.0.9:1" }),
];

/** Numbers of those that pass, or the error. */
function found(words: string[], options: { lists: boolean }): number[] | string {
  let told = "";
  const asking = Object.assign(Object.create(self), { reply: { error: (text: string) => told = text } });
  const filter = parseClientFilter(asking, Arguments.of("client", "x", ...words), 2, options);
  if (filter === null) return told;
  return everyone.filter((each) => passes(filter, each, self)).map((each) => each.id);
}

function listed(line: string): number[] | string {
  return found(line === "" ? [] : line.split(" "), { lists: true });
}

function killed(line: string): number[] | string {
  return found(line.split(" "), { lists: false });
}

Deno.test("every filter finds its connections, and several have to hold together", () => {
  assert.deepEqual(listed(""), [1, 2, 3, 4]);
  assert.deepEqual(listed("SKIPME yes"), [2, 3, 4]);
  assert.deepEqual(killed("SKIPME no"), [1, 2, 3, 4]);
  assert.deepEqual(killed("USER default"), [2, 3, 4]);
  const cases: [string, number[]][] = [
    ["ID 2 4 9", [2, 4]],
    ["ID 2 4 NAME two", [2]],
    ["type pubsub", [3]],
    ["TYPE normal ID 3 4", [4]],
    ["ADDR 10.0.0.2:5000", [2]],
    ["LADDR 10.0.0.9:1", [4]],
    ["IP ::1", [4]],
    ["IP 10.0.0.3", [3]],
    ["NAME two", [2]],
    ["LIB-NAME lib LIB-VER 1.0", [3]],
    ["LIB-NAME lib LIB-VER 2", []],
    ["MAXAGE 30", [3, 4]],
    ["IDLE 4", [4]],
    ["DB 3", [2]],
    ["FLAGS b", [2]],
    ["FLAGS TP", [3]],
    ["CAPA r", [4]],
  ];
  for (const [line, ids] of cases) assert.deepEqual(listed(line), ids, line);
  assert.deepEqual(killed("ID 1 2 3 FLAGS b"), [2]);
});

Deno.test("wrong filters are refused", () => {
  const cases: [string, string][] = [
    ["ID", "ERR syntax error"],
    ["FOO bar", "ERR syntax error"],
    ["SKIPME maybe", "ERR syntax error"],
    ["ID x", "ERR Invalid client ID"],
    ["ID 1 x", "ERR Invalid client ID"],
    ["TYPE x", "ERR Unknown client type 'x'"],
    ["USER x", "ERR No such user 'x'"],
    ["MAXAGE x", "ERR maxage is not an integer or out of range"],
    ["MAXAGE 0", "ERR maxage should be greater than 0"],
    ["IDLE -1", "ERR idle should be greater than 0"],
    ["DB 16", "ERR DB number should be between 0 and 15"],
    ["DB x", "ERR DB number should be between 0 and 15"],
    ["FLAGS bz", "ERR Unknown flags found in the provided filter: bz"],
    ["CAPA x", "ERR Unknown capa found in the provided filter: x"],
  ];
  for (const [line, error] of cases) assert.equal(listed(line), error, line);
  for (const line of ["ID x", "ID 0", "ID 3 -1"]) {
    assert.equal(killed(line), "ERR client-id should be greater than 0", line);
  }
  assert.equal(killed("ID 3 x"), "ERR syntax error");
});
