// The list commands against a real redis-server 7.0: random commands over many fills and compression depths, every reply
// byte for byte, then the contents of all lists. RESP2 and RESP3. Blocking commands are compared where they do not wait.
import fc from "fast-check";
import { listCommands } from "../../modules/lists/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import { blockingListCommand, LIST_KEYS, listCommand, STRING_KEY } from "./random_list_commands.ts";

for (const [fill, depth] of [[-2, 0], [-1, 1], [4, 0], [3, 1], [1, 2]]) {
  for (const protocol of [2, 3] as const) {
    const name =
      `random list commands reply as redis-server does, fill ${fill}, depth ${depth}, RESP${protocol}`;
    Deno.test({ name, ignore: !hasRedisServer }, async () => {
      const config = { listMaxListpackSize: fill, listCompressDepth: depth };
      const rig = new CommandRig([...listCommands, ...stringCommands], { config });
      rig.protocol = protocol;
      const options = ["--list-max-listpack-size", `${fill}`, "--list-compress-depth", `${depth}`];
      await using server = await RedisServer.start({ args: options });
      await using client = await server.connect();
      await client.raw("HELLO", `${protocol}`);
      const closing = LIST_KEYS.flatMap((key) => [["LLEN", key], ["LRANGE", key, "0", "-1"]]);
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof({ weight: 9, arbitrary: listCommand }, { weight: 1, arbitrary: blockingListCommand }),
            {
              minLength: 1,
              maxLength: 60,
              size: "max",
            },
          ),
          async (commands) => {
            const all = [["SET", STRING_KEY, "v"], ...commands, ...closing];
            await compareReplies(rig, client, all, (reply, command) => {
              // The rig's client may not wait, which these two tell by another null than a wait that is over.
              const isMove = command[0] === "BLMOVE" || command[0] === "BRPOPLPUSH";
              return isMove && reply === "*-1\r\n" ? "$-1\r\n" : reply;
            });
          },
        ),
        { numRuns: 40 },
      );
    });
  }
}
