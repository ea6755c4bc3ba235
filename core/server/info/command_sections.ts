// INFO commandstats, errorstats and latencystats: what was run, how long it took, what was refused.
import type { RegisteredCommand } from "../../commands/server_services.ts";
import type { Server } from "../server.ts";
import type { Lines } from "./lines.ts";

export function writeCommandStats(server: Server, out: Lines): void {
  for (const command of ran(server)) {
    const perCall = command.calls === 0 ? 0 : command.micros / command.calls;
    out.add(
      `cmdstat_${command.fullName}`,
      `calls=${command.calls},usec=${Math.round(command.micros)},usec_per_call=${perCall.toFixed(2)},` +
        `rejected_calls=${command.rejected},failed_calls=${command.failed}`,
    );
  }
}

export function writeErrorStats(server: Server, out: Lines): void {
  for (const [word, count] of server.stats.errors) out.add(`errorstat_${word}`, `count=${count}`);
}

export function writeLatencyStats(server: Server, out: Lines): void {
  const { latencyTracking, latencyTrackingInfoPercentiles: percentiles } = server.config.values;
  if (!latencyTracking) return;
  for (const command of ran(server)) {
    if (command.histogram.total === 0) continue;
    const parts = percentiles.map((each: number) => {
      const micros = command.histogram.percentile(each) / 1000;
      return `p${each}=${micros.toFixed(3)}`;
    });
    out.add(`latency_percentiles_usec_${command.fullName}`, parts.join(","));
  }
}

function* ran(server: Server): Generator<RegisteredCommand> {
  for (const command of server.commands.everything()) {
    if (command.calls > 0 || command.rejected > 0 || command.failed > 0) yield command;
  }
}
