// A plugin that runs on the loop's thread, seen as its worker would be: only aof plugins inside the executable do. It has
// the program's permissions, and nothing can end it but its own return. Owned by Plugin.
import type { Lifecycle } from "../../plugins/sdk/types.ts";
import { WorkerEndedError } from "./plugin_worker.ts";
import { type LogLine, PluginRunner } from "./worker/plugin_runner.ts";
import type { HostRequest } from "./worker_protocol.ts";

export class PluginOnLoop {
  private readonly runner: PluginRunner;
  private ended = false;

  constructor(log: LogLine) {
    this.runner = new PluginRunner(log);
  }

  /** Undefined before it was loaded. */
  get plugin(): Lifecycle | undefined {
    return this.runner.plugin;
  }

  /** Rejects with what the plugin throws. A step that does not end stops the loop itself, so there is no limit. */
  async ask(request: HostRequest, _limitMs: number): Promise<unknown> {
    if (this.ended) throw new WorkerEndedError("the plugin has ended");
    const isSealing = request.op === "load" && request.sealed;
    if (isSealing) throw new Error("only trusted plugins run on the loop");
    return await this.runner.handle(request);
  }

  terminate(): void {
    this.ended = true;
  }
}
