// An aof plugin as the server uses it: starts the plugin and makes the log's writer that asks it to write and sync.
// core/server/aof opens one for the strategy that the configuration names, and another one after a change of it.
import { InlineWriter } from "../persistence/aof/writer/inline_writer.ts";
import { OffloadWriter } from "../persistence/aof/writer/offload_writer.ts";
import type { LogWriter, LogWriterEvents, LogWriterStart } from "../persistence/aof/writer/log_writer.ts";
import type { AofPlugin } from "../../plugins/sdk/types.ts";
import type { Plugin } from "./plugin.ts";

export class AofStrategy {
  readonly name: string;
  /** `loop`: under `always` all of a turn is durable when endTurn returns. `worker`: the loop never waits for the disk. */
  readonly runs: "loop" | "worker";

  constructor(readonly plugin: Plugin) {
    this.name = plugin.name;
    this.runs = plugin.plan.manifest.provides.runs === "loop" ? "loop" : "worker";
  }

  /**
   * Starts the plugin and makes a writer that has no file yet: call its `open` next. One at a time: close the one
   * before first. Rejects with a PluginError where the plugin does not start.
   */
  async open(start: LogWriterStart, events: LogWriterEvents): Promise<LogWriter> {
    const { plugin } = this;
    await plugin.ensureReady();
    const writer = this.runs === "loop"
      ? new InlineWriter({
        start,
        events,
        plugin: plugin.onLoop as AofPlugin,
        onBytes: (bytes) => plugin.counters.bytes += bytes,
      })
      : new OffloadWriter({
        start,
        events,
        worker: {
          start: () => plugin.start(),
          drive: async (input) => void await plugin.job(input),
        },
      });
    plugin.queueDepth = () => writer.waitingBytes;
    return writer;
  }
}
