// Runs the same commands on command handlers (CommandRig) and on a real redis-server and compares the bytes of every
// reply. Used by the property tests of command families.
import assert from "node:assert/strict";
import type { CommandRig } from "../../modules/test_support/command_rig.ts";
import type { RespClient } from "../harness/mod.ts";

export type Command = (string | Uint8Array)[];

/** Both sides start empty; `normalise` may put in order what a reply leaves to chance. */
export async function compareReplies(
  rig: CommandRig,
  client: RespClient,
  commands: Command[],
  normalise: (reply: string, command: Command) => string = (reply) => reply,
): Promise<void> {
  rig.keyspace.flushAll();
  await client.raw("FLUSHALL");
  const expected = await client.rawPipeline(commands);
  for (let index = 0; index < commands.length; index++) {
    const command = commands[index];
    const found = normalise(rig.raw(...command), command);
    assert.equal(found, normalise(expected[index], command), `#${index} ${describe(command)}`);
  }
}

function describe(command: Command): string {
  return command.map((word) => typeof word === "string" ? word : `<${word.join(" ")}>`).join(" ");
}
