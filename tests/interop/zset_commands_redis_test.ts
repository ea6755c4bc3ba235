// The sorted set commands against a real redis-server 7.0: random commands over both encodings, every reply, then
// encodings and contents of all sorted sets. RESP2 and RESP3.
import fc from "fast-check";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { deleteCommands } from "../../modules/keys/delete_commands.ts";
import { setCommands } from "../../modules/sets/commands.ts";
import { sortedSetCommands } from "../../modules/sorted_sets/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import { CLOSING, comparable, ENTRIES_MAX, VALUE_MAX, zsetCommand } from "./random_zset_commands.ts";

const specs = [...sortedSetCommands, ...setCommands, ...objectCommands, ...deleteCommands, ...stringCommands];

for (const protocol of [2, 3] as const) {
  const name = `random sorted set commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const config = { zsetMaxListpackEntries: ENTRIES_MAX, zsetMaxListpackValue: VALUE_MAX };
    const rig = new CommandRig(specs, { config });
    rig.protocol = protocol;
    const limits = [
      "--zset-max-listpack-entries",
      `${ENTRIES_MAX}`,
      "--zset-max-listpack-value",
      `${VALUE_MAX}`,
    ];
    await using server = await RedisServer.start({ args: limits });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(zsetCommand, { minLength: 1, maxLength: 50, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...commands, ...CLOSING], comparable);
        },
      ),
      { numRuns: 500 },
    );
  });
}
