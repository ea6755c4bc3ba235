// The string commands against a real redis-server 7.0: random commands, every reply byte for byte, then encodings,
// values and expiries of all keys.
import fc from "fast-check";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { expireCommands } from "../../modules/keys/expire_commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import { STRING_KEYS, stringCommand } from "./random_string_commands.ts";

Deno.test(
  { name: "random string commands reply as redis-server does", ignore: !hasRedisServer },
  async () => {
    const rig = new CommandRig([...stringCommands, ...objectCommands, ...expireCommands]);
    await using server = await RedisServer.start();
    await using client = await server.connect();
    const closing = STRING_KEYS.flatMap((k) => [["OBJECT", "ENCODING", k], ["PEXPIRETIME", k], ["GET", k]]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(stringCommand, { minLength: 1, maxLength: 60, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...commands, ...closing]);
        },
      ),
      { numRuns: 500 },
    );
  },
);
