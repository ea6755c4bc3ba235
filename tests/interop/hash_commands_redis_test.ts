// The hash commands against a real redis-server 7.0: random commands over both encodings, every reply byte for byte (the
// order of fields only while they are in a listpack), then encodings and contents of all hashes. RESP2 and RESP3.
import fc from "fast-check";
import { ENCODING_LISTPACK } from "../../core/keyspace/entry_layout.ts";
import { hashCommands } from "../../modules/hashes/commands.ts";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { compareReplies } from "./compare_replies.ts";
import {
  ENTRIES_MAX,
  HASH_KEYS,
  hashCommand,
  showsOrder,
  sortedLines,
  VALUE_MAX,
} from "./random_hash_commands.ts";

for (const protocol of [2, 3] as const) {
  const name = `random hash commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const config = { hashMaxListpackEntries: ENTRIES_MAX, hashMaxListpackValue: VALUE_MAX };
    const rig = new CommandRig([...hashCommands, ...objectCommands], { config });
    rig.protocol = protocol;
    const limits = [
      "--hash-max-listpack-entries",
      `${ENTRIES_MAX}`,
      "--hash-max-listpack-value",
      `${VALUE_MAX}`,
    ];
    await using server = await RedisServer.start({ args: limits });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    const closing = HASH_KEYS.flatMap((
      k,
    ) => [["OBJECT", "ENCODING", k], ["HLEN", k], ["HGETALL", k], ["HVALS", k]]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(hashCommand, { minLength: 1, maxLength: 50, size: "max" }),
        async (commands) => {
          await compareReplies(rig, client, [...commands, ...closing], (reply, command) => {
            return showsOrder(command) && !isListpack(rig, command[1] as string) ? sortedLines(reply) : reply;
          });
        },
      ),
      { numRuns: 500 },
    );
  });
}

function isListpack(rig: CommandRig, name: string): boolean {
  const bytes = new TextEncoder().encode(name);
  const ref = rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
  return ref !== 0 && rig.keyspace.entries.encoding(ref) === ENCODING_LISTPACK;
}
