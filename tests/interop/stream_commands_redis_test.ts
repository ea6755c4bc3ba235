// The stream commands against a real redis-server 7.0: random commands, every reply byte for byte but for times and what
// later versions tell more of, then all that is known of all streams. RESP2 and RESP3.
import fc from "fast-check";
import { deleteCommands } from "../../modules/keys/delete_commands.ts";
import { moveCommands } from "../../modules/keys/move_commands.ts";
import { streamCommands as commands } from "../../modules/streams/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import {
  GROUPS,
  NODE_ENTRIES_MAX,
  normalised,
  STREAM_KEYS,
  streamCommands,
} from "./random_stream_commands.ts";

for (const protocol of [2, 3] as const) {
  const name = `random stream commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const config = { streamNodeMaxEntries: NODE_ENTRIES_MAX, lazyfreeLazyUserDel: true };
    const rig = new CommandRig([...commands, ...stringCommands, ...deleteCommands, ...moveCommands], {
      config,
    });
    rig.protocol = protocol;
    await using server = await RedisServer.start({
      args: ["--stream-node-max-entries", `${NODE_ENTRIES_MAX}`],
    });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    const closing = STREAM_KEYS.flatMap((k) => [
      ["XRANGE", k, "-", "+"],
      ["XREVRANGE", k, "+", "-"],
      ["XINFO", "STREAM", k, "FULL", "COUNT", "0"],
      ["XINFO", "GROUPS", k],
      ...GROUPS.flatMap((g) => [["XPENDING", k, g], ["XPENDING", k, g, "-", "+", "100"]]),
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(streamCommands, { minLength: 1, maxLength: 60, size: "max" }),
        async (lists) => {
          await compareReplies(rig, client, [...lists.flat(), ...closing], normalised);
        },
      ),
      { numRuns: 500 },
    );
  });
}
