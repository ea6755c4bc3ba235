// The bitmap commands against a real redis-server 7.0: random commands, every reply byte for byte, then encodings and
// contents of all strings.
import fc from "fast-check";
import { bitmapCommands } from "../../modules/bitmaps/commands.ts";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { setCommands } from "../../modules/sets/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import { BITMAP_KEYS, bitmapCommand, RESULT } from "./random_bitmap_commands.ts";

Deno.test(
  { name: "random bitmap commands reply as redis-server does", ignore: !hasRedisServer },
  async () => {
    const rig = new CommandRig([...bitmapCommands, ...objectCommands, ...setCommands, ...stringCommands]);
    await using server = await RedisServer.start();
    await using client = await server.connect();
    // Redis 7.0 does not look at the range where the key is absent: there is none that is.
    const opening = BITMAP_KEYS.map((k) => ["SET", k, "start"]);
    const closing = [...BITMAP_KEYS, RESULT].flatMap((
      k,
    ) => [["OBJECT", "ENCODING", k], ["GET", k], ["STRLEN", k]]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(bitmapCommand, { minLength: 1, maxLength: 50, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...opening, ...commands, ...closing]);
        },
      ),
      { numRuns: 800 },
    );
  },
);
