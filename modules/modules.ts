// All command families that are compiled in, in one list for the server.
import type { CommandSpec } from "../core/commands/command.ts";
import { bitmapCommands } from "./bitmaps/commands.ts";
import { clientCommands } from "./connection/client_commands.ts";
import { sessionCommands } from "./connection/session_commands.ts";
import { waitCommands } from "./durability/wait_commands.ts";
import { geoCommands } from "./geo/commands.ts";
import { hashCommands } from "./hashes/commands.ts";
import { listCommands } from "./lists/commands.ts";
import { hyperLogLogCommands } from "./hyperloglog/commands.ts";
import { keysCommands } from "./keys/keys_commands.ts";
import { pluginCommands } from "./plugins/plugin_commands.ts";
import { pubsubCommands } from "./pubsub/commands.ts";
import { commandCommands } from "./server/command_commands.ts";
import { commandlogCommands } from "./server/commandlog_commands.ts";
import { configCommands } from "./server/config_commands.ts";
import { debugCommands } from "./server/debug_commands.ts";
import { latencyCommands } from "./server/latency_commands.ts";
import { memoryCommands } from "./server/memory_commands.ts";
import { saveCommands } from "./server/save_commands.ts";
import { slowlogCommands } from "./server/slowlog_commands.ts";
import { timeCommands } from "./server/time_commands.ts";
import { setCommands } from "./sets/commands.ts";
import { sortedSetCommands } from "./sorted_sets/commands.ts";
import { streamCommands } from "./streams/commands.ts";
import { sortCommands } from "./sorting/sort_commands.ts";
import { stringCommands } from "./strings/commands.ts";
import { transactionCommands } from "./transactions/transaction_commands.ts";

export const allCommands: CommandSpec[] = [
  ...sessionCommands,
  ...clientCommands,
  ...stringCommands,
  ...bitmapCommands,
  ...hashCommands,
  ...hyperLogLogCommands,
  ...listCommands,
  ...sortCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...geoCommands,
  ...streamCommands,
  ...keysCommands,
  ...transactionCommands,
  ...waitCommands,
  ...commandCommands,
  ...configCommands,
  ...debugCommands,
  ...latencyCommands,
  ...memoryCommands,
  ...saveCommands,
  ...slowlogCommands,
  ...commandlogCommands,
  ...timeCommands,
  ...pluginCommands,
  ...pubsubCommands,
];
