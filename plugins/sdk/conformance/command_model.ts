// A dataset as commands, by key: what a snapshot plugin's file must hold where the server wants commands for the log.
import { AOF_COMMAND, AOF_END, AofReader } from "../../../core/persistence/aof/aof_reader.ts";
import { CommandEncoder } from "../../../core/persistence/aof/commands/command_encoder.ts";
import { concatBytes } from "../../../core/bytes/concat.ts";
import type { ArenaDataset } from "../../../core/persistence/rdb/arena_dataset.ts";

/** By database and key, the commands that make the value, as text. */
export type CommandModel = Map<string, string>;

/** The commands of what is in memory now. */
export function commandModelOf({ reader, keyspace }: ArenaDataset): CommandModel {
  const chunks: Uint8Array[] = [];
  const encoder = new CommandEncoder(reader, { push: (chunk) => chunks.push(chunk.slice()) }, {});
  for (const { id, keys } of keyspace.databases) keys.forEach((ref) => encoder.entry(ref, id));
  encoder.end();
  return commandModelOfBytes(concatBytes(chunks));
}

/** The commands of a file, wherever among those of other keys they stand. Throws an AofError. */
export function commandModelOfBytes(bytes: Uint8Array): CommandModel {
  const model: CommandModel = new Map();
  const reader = new AofReader({ totalBytes: bytes.length });
  reader.feed(bytes);
  reader.endInput();
  let database = "";
  for (let item = reader.next(); item !== AOF_END; item = reader.next()) {
    if (item !== AOF_COMMAND) continue;
    const { args } = reader;
    const words: string[] = [];
    for (let index = 0; index < args.count; index++) words.push(args.latin1(index));
    if (words[0] === "SELECT") database = words[1];
    else {
      const key = `${database}/${words[words[0] === "XGROUP" ? 2 : 1]}`;
      model.set(key, (model.get(key) ?? "") + JSON.stringify(words));
    }
  }
  return model;
}
