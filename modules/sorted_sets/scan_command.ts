// ZSCAN: the members of a sorted set with their scores, a few at a time, with the SCAN guarantee.
import { doubleText } from "../../core/bytes/double.ts";
import { doubleText17 } from "../../core/bytes/double_17_digits.ts";
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
import { ABSENT, openZset, REFUSED, zset } from "./zset_lookup.ts";

function zscan(client: CommandClient, args: Arguments): void {
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    replyNothingScanned(client);
    return;
  }
  if (!parseElementScan(client, args, "noscores")) return;
  const { reply } = client;
  const places = scanElements(client, zset, cursor);
  const mark = reply.beginArray();
  let written = 0;
  for (let index = 0; index < places.length; index++) {
    zset.place = places[index];
    zset.readMember();
    if (!scanOptions.match(args, zset.bytes, zset.start, zset.end)) continue;
    reply.bulk(zset.bytes, zset.start, zset.end);
    written++;
    if (!scanOptions.isWithValues) continue;
    zset.readScore();
    // Valkey prints what it has: the text in a listpack, 17 digits of a double.
    reply.bulkLatin1(zset.isPacked ? doubleText(zset.score) : doubleText17(zset.score));
    written++;
  }
  reply.endArray(mark, written);
}

export const scanCommands: CommandSpec[] = [
  {
    name: "zscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "sorted-set",
    complexity: "O(1) a call; O(N) for a whole pass over N members",
    summary: "Goes over the members of a sorted set with their scores, a few at a time.",
    history: [["8.0.0", "NOSCORES."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      {
        name: "pattern",
        type: "pattern",
        token: "MATCH",
        optional: true,
      },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "noscores", type: "pure-token", token: "NOSCORES", optional: true, since: "8.0.0" },
    ],
    handler: zscan,
  },
];
