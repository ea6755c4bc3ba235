// The geo commands against a real redis-server 7.0: random points and areas, every reply with all its digits.
import fc from "fast-check";
import { geoCommands } from "../../modules/geo/commands.ts";
import { deleteCommands } from "../../modules/keys/delete_commands.ts";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { sortedSetCommands } from "../../modules/sorted_sets/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import {
  CLOSING,
  ENTRIES_MAX,
  geoCommand,
  leavesChoiceOpen,
  leavesOrderOpen,
} from "./random_geo_commands.ts";
import { comparable } from "./random_zset_commands.ts";

const specs = [...geoCommands, ...sortedSetCommands, ...objectCommands, ...deleteCommands, ...stringCommands];

for (const protocol of [2, 3] as const) {
  const name = `random geo commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const rig = new CommandRig(specs, { config: { zsetMaxListpackEntries: ENTRIES_MAX } });
    rig.protocol = protocol;
    await using server = await RedisServer.start({ args: ["--zset-max-listpack-entries", `${ENTRIES_MAX}`] });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(geoCommand, { minLength: 1, maxLength: 50, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...commands, ...CLOSING], (reply, command) => {
            if (leavesChoiceOpen(command)) return reply.slice(0, reply.indexOf("\r"));
            if (leavesOrderOpen(command)) return reply.split("\r\n").sort().join("\r\n");
            return /^Z/.test(command[0] as string) ? rounded(comparable(reply, command)) : reply;
          });
        },
      ),
      { numRuns: 500 },
    );
  });
}

/** Stored distances without their last digits: sines and cosines of two libraries may differ there. */
function rounded(reply: string): string {
  return reply.replace(/\d+\.\d{6,}/g, (number) => Number(number).toPrecision(12));
}
