// The set commands against a real redis-server 7.0: random commands over all encodings, every reply byte for byte (but for
// the order of members), then encodings and contents of all sets. RESP2 and RESP3. Redis 7.0 has no listpack sets: what is
// one here is a hashtable there.
import fc from "fast-check";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { setCommands } from "../../modules/sets/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import { sortedLines } from "./random_hash_commands.ts";
import {
  INTSET_MAX,
  LISTPACK_MAX,
  SET_KEYS,
  setCommand,
  showsMembers,
  VALUE_MAX,
} from "./random_set_commands.ts";

const LISTPACK = "$8\r\nlistpack\r\n";
const HASHTABLE = "$9\r\nhashtable\r\n";

for (const protocol of [2, 3] as const) {
  const name = `random set commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const config = {
      setMaxIntsetEntries: INTSET_MAX,
      setMaxListpackEntries: LISTPACK_MAX,
      setMaxListpackValue: VALUE_MAX,
    };
    const rig = new CommandRig([...setCommands, ...objectCommands, ...stringCommands], { config });
    rig.protocol = protocol;
    await using server = await RedisServer.start({ args: ["--set-max-intset-entries", `${INTSET_MAX}`] });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    const closing = SET_KEYS.flatMap((k) => [["OBJECT", "ENCODING", k], ["SCARD", k], ["SMEMBERS", k]]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(setCommand, { minLength: 1, maxLength: 50, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...commands, ...closing], (reply, command) => {
            if (reply === LISTPACK && command[0] === "OBJECT") return HASHTABLE;
            return showsMembers(command) ? sortedLines(reply) : reply;
          });
        },
      ),
      { numRuns: 500 },
    );
  });
}
