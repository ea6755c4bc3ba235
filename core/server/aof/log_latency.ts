// The latency events of the log, from what its writer has measured wherever it runs.
import type { LogHost } from "./log_host.ts";
import type { LogOutput } from "./log_output.ts";

/** `isBusy`: a save or rewrite runs beside it. */
export function sampleLatency(output: LogOutput, { latency, keyspace }: LogHost, isBusy: boolean): void {
  const now = keyspace.clock.ms;
  output.takeSamples((kind, milliseconds) => {
    if (kind === "write") {
      latency.addIfNeeded("aof-write", milliseconds, now);
      latency.addIfNeeded(isBusy ? "aof-write-active-child" : "aof-write-alone", milliseconds, now);
    } else if (output.policy === "always") latency.addIfNeeded("aof-fsync-always", milliseconds, now);
  });
}
