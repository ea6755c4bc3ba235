// HRANDFIELD: fields at random, each with the same chance.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { pickDistinct, pickRepeatedly, randomCountArgument } from "../../core/commands/random_picks.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ABSENT, hash, openHash, REFUSED } from "./hash_lookup.ts";

/** What the writers below need to know; set for one command. */
let current: CommandClient;
let withValues = false;

function hrandfield(client: CommandClient, args: Arguments): void {
  if (args.count === 2) {
    replyOne(client, args);
    return;
  }
  const count = randomCountArgument(client, args, "withvalues");
  if (count !== count) return;
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) {
    client.reply.emptyArray();
    return;
  }
  current = client;
  withValues = args.count === 4;
  const isDistinct = count > 0;
  const size = hash.visibleSize;
  if (size === 0) {
    client.reply.emptyArray();
    return;
  }
  const wanted = isDistinct ? Math.min(count, size) : -count;
  client.reply.array(withValues && client.reply.protocol === 2 ? wanted * 2 : wanted);
  if (!isDistinct) pickRepeatedly(hash, wanted, writeAt);
  else if (wanted === size) hash.forEach(writePicked);
  else pickDistinct(hash, wanted, writeAt);
}

function replyOne(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.null();
    return;
  }
  hash.place = hash.randomPlace();
  if (hash.place === 0) {
    client.reply.null();
    return;
  }
  hash.readField();
  client.reply.bulk(hash.bytes, hash.start, hash.end);
}

function writeAt(place: number): void {
  hash.place = place;
  writePicked();
}

function writePicked(): void {
  const reply = current.reply;
  if (withValues && reply.protocol === 3) reply.array(2);
  hash.readField();
  reply.bulk(hash.bytes, hash.start, hash.end);
  if (!withValues) return;
  hash.readValue();
  reply.bulk(hash.bytes, hash.start, hash.end);
}

export const randomCommands: CommandSpec[] = [
  {
    name: "hrandfield",
    arity: -2,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields returned",
    summary:
      "Picks fields of a hash at random: distinct ones, or with a negative count perhaps the same again.",
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "options",
        type: "block",
        optional: true,
        arguments: [
          { name: "count", type: "integer" },
          { name: "withvalues", type: "pure-token", token: "WITHVALUES", optional: true },
        ],
      },
    ],
    handler: hrandfield,
  },
];
