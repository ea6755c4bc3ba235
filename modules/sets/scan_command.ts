// SSCAN: the members of a set, a few at a time, with the SCAN guarantee.
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
import { ABSENT, openSet, REFUSED, set } from "./set_lookup.ts";

function sscan(client: CommandClient, args: Arguments): void {
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openSet(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    replyNothingScanned(client);
    return;
  }
  if (!parseElementScan(client, args)) return;
  const { reply } = client;
  const places = scanElements(client, set, cursor);
  const mark = reply.beginArray();
  let written = 0;
  for (let index = 0; index < places.length; index++) {
    set.place = places[index];
    set.readMember();
    if (!scanOptions.match(args, set.bytes, set.start, set.end)) continue;
    reply.bulk(set.bytes, set.start, set.end);
    written++;
  }
  reply.endArray(mark, written);
}

export const scanCommands: CommandSpec[] = [
  {
    name: "sscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "set",
    complexity: "O(1) a call; O(N) for a whole pass over N members",
    summary: "Goes over the members of a set, a few at a time.",
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
    ],
    handler: sscan,
  },
];
