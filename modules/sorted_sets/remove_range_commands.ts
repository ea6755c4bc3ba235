// Commands that remove a range of members: ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { KEY, MAX_SCORE, MAX_TEXT, MIN_SCORE, MIN_TEXT, START_RANK, STOP_RANK } from "./argument_docs.ts";
import {
  findRange,
  parseLexRange,
  parseRankRange,
  parseScoreRange,
  rangeCount,
  rangeStart,
} from "./member_range.ts";
import { announceRemovedOf, OPEN, openZsetToChange, REFUSED, zset } from "./zset_lookup.ts";

function zremrangebyrank(client: CommandClient, args: Arguments): void {
  if (parseRankRange(client, args, 2, 3)) removeRange(client, args, "zremrangebyrank");
}

function zremrangebyscore(client: CommandClient, args: Arguments): void {
  if (parseScoreRange(client, args, 2, 3)) removeRange(client, args, "zremrangebyscore");
}

function zremrangebylex(client: CommandClient, args: Arguments): void {
  if (parseLexRange(client, args, 2, 3)) removeRange(client, args, "zremrangebylex");
}

function removeRange(client: CommandClient, args: Arguments, event: string): void {
  const found = openZsetToChange(client, args);
  if (found === REFUSED) return;
  let removed = 0;
  if (found === OPEN) {
    findRange(args);
    removed = rangeCount;
    if (removed > 0) {
      // Where all of them go the value goes as a whole, in the background where it is big.
      const isAll = removed === zset.size;
      if (!isAll) zset.removeRange(rangeStart, removed);
      announceRemovedOf(client, args, 1, event, removed, isAll);
    }
  }
  client.reply.integer(removed);
}

export const removeRangeCommands: CommandSpec[] = [
  {
    name: "zremrangebyrank",
    arity: 4,
    flags: ["write"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "delete"),
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) where N is the number of members and M the number of those removed",
    summary: "Removes the members in a range of ranks.",
    arguments: [KEY, START_RANK, STOP_RANK],
    handler: zremrangebyrank,
  },
  {
    name: "zremrangebyscore",
    arity: 4,
    flags: ["write"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "delete"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) where N is the number of members and M the number of those removed",
    summary: "Removes the members whose scores are in a range.",
    arguments: [KEY, MIN_SCORE, MAX_SCORE],
    handler: zremrangebyscore,
  },
  {
    name: "zremrangebylex",
    arity: 4,
    flags: ["write"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "delete"),
    since: "2.8.9",
    group: "sorted-set",
    complexity: "O(M*log(N)) where N is the number of members and M the number of those removed",
    summary: "Removes the members of one score whose texts are in a range.",
    arguments: [KEY, MIN_TEXT, MAX_TEXT],
    handler: zremrangebylex,
  },
];
