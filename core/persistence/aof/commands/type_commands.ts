// Which class turns which value type into commands: one line a type. Strings are written by CommandEncoder itself.
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import type { CommandWriter } from "./command_writer.ts";
import { HashCommands } from "./hash_commands.ts";
import { ListCommands } from "./list_commands.ts";
import { SetCommands } from "./set_commands.ts";
import { StreamCommands } from "./stream_commands.ts";
import { ZsetCommands } from "./zset_commands.ts";

/**
 * Writes the commands that make a value of one type under the writer's key. Runs in the workers of snapshot plugins, so
 * it reads through the ArenaReader only, and calls `writer.pollCancelled` now and then inside a long value.
 */
export interface TypeCommands {
  /** `meta` is the entry's meta word. */
  encode(value: Ref, encoding: number, meta: number): void;
}

export type TypeCommandsClass = new (reader: ArenaReader, writer: CommandWriter) => TypeCommands;

/** By value type (TYPE_*). */
export const typeCommands: (TypeCommandsClass | undefined)[] = [];
typeCommands[TYPE_HASH] = HashCommands;
typeCommands[TYPE_LIST] = ListCommands;
typeCommands[TYPE_SET] = SetCommands;
typeCommands[TYPE_STREAM] = StreamCommands;
typeCommands[TYPE_ZSET] = ZsetCommands;
