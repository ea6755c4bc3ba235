// HSCAN: the fields of a hash, a few at a time, with the SCAN guarantee.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import {
  parseElementScan,
  parseScanCursor,
  replyNothingScanned,
  scanElements,
  scanOptions,
} from "../../core/commands/scan_options.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ABSENT, hash, openHash, REFUSED } from "./hash_lookup.ts";

function hscan(client: CommandClient, args: Arguments): void {
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    replyNothingScanned(client);
    return;
  }
  if (!parseElementScan(client, args, "novalues")) return;
  const { reply } = client;
  const places = scanElements(client, hash, cursor);
  const mark = reply.beginArray();
  let written = 0;
  for (let index = 0; index < places.length; index++) {
    hash.place = places[index];
    hash.readField();
    if (!scanOptions.match(args, hash.bytes, hash.start, hash.end)) continue;
    reply.bulk(hash.bytes, hash.start, hash.end);
    written++;
    if (!scanOptions.isWithValues) continue;
    hash.readValue();
    reply.bulk(hash.bytes, hash.start, hash.end);
    written++;
  }
  reply.endArray(mark, written);
}

export const scanCommands: CommandSpec[] = [
  {
    name: "hscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "hash",
    complexity: "O(1) a call; O(N) for a whole pass over N fields",
    summary: "Goes over the fields of a hash, a few at a time.",
    history: [["8.0.0", "NOVALUES."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "novalues", type: "pure-token", token: "NOVALUES", optional: true, since: "8.0.0" },
    ],
    handler: hscan,
  },
];
