// A codec plugin as the server uses it for byte streams: one stream at a time through the plugin's own worker, from
// ring to ring. (For the strings of snapshots a codec is loaded into the snapshot's worker instead.)
import type { RingHandle } from "../memory/shared_ring.ts";
import type { CodecJobInput, CodecReport } from "../../plugins/sdk/codec/codec_job.ts";
import type { Plugin } from "./plugin.ts";

export interface CodecStream {
  /** Rejects with a PluginError where the data is bad, the stream was cancelled or the plugin ended. */
  readonly done: Promise<CodecReport>;
  readonly cancel: () => void;
}

export class CodecStreams {
  private lastJob = 0;
  private running = false;

  constructor(readonly plugin: Plugin) {}

  /** Begins a stream; the worker is started first where it does not run. An empty record ends a stream. */
  open(direction: "encode" | "decode", input: RingHandle, output: RingHandle): CodecStream {
    if (this.running) throw new Error(`plugin ${this.plugin.name} has a stream already`);
    this.running = true;
    const job: CodecJobInput = { id: ++this.lastJob, direction, input, output };
    let cancelled = false;
    const run = async (): Promise<CodecReport> => {
      try {
        await this.plugin.ensureReady();
        if (cancelled) this.plugin.control.cancelJob(job.id);
        return await this.plugin.job(job) as CodecReport;
      } finally {
        this.running = false;
      }
    };
    return {
      done: run(),
      cancel: () => {
        cancelled = true;
        this.plugin.control.cancelJob(job.id);
      },
    };
  }
}
