// `deno task bench`: Spork and Debian's redis-server side by side. Prints each run, stores medians' samples as JSON in
// bench/results and writes tables and plot into docs/ (see --help for partial runs).
import type { Measurement } from "./measurement.ts";
import { parseOptions, USAGE } from "./options.ts";
import { markdown, replaceGenerated } from "./report/markdown.ts";
import { ratioPlot } from "./report/plot.ts";
import { describeRun, merge, readResults, writeResults } from "./results.ts";
import type { Scenario } from "./scenario.ts";
import { dataset } from "./scenarios/dataset.ts";
import { memoryTypes } from "./scenarios/memory_types.ts";
import { durability } from "./scenarios/durability.ts";
import { mixedDataset } from "./scenarios/mixed_dataset.ts";
import { ranges } from "./scenarios/ranges.ts";
import { stall } from "./scenarios/stall.ts";
import { start } from "./scenarios/start.ts";
import { throughput } from "./scenarios/throughput.ts";
import { types } from "./scenarios/types.ts";

const SCENARIOS: Scenario[] = [
  throughput,
  types,
  ranges,
  dataset,
  memoryTypes,
  mixedDataset,
  start,
  stall,
  durability,
];
const PAGE = new URL("../docs/benchmarks.md", import.meta.url);
const PLOT = new URL("../docs/benchmarks.svg", import.meta.url);

const options = parseOptions(Deno.args);
if (options.help) {
  console.log(USAGE);
  Deno.exit(0);
}

const startedAt = performance.now();
const log = (line: string) =>
  console.log(`[${((performance.now() - startedAt) / 1000).toFixed(0)} s] ${line}`);
const wanted = (id: string) =>
  options.only.length === 0 || options.only.some((part) => id.toLowerCase().includes(part.toLowerCase()));

const measurements: Measurement[] = [];
for (const scenario of SCENARIOS) {
  if (!scenario.ids.some((id) => wanted(id))) continue;
  measurements.push(...await scenario.run(options, wanted, log));
}
if (measurements.length === 0) {
  console.error(`nothing matches --only ${options.only.join(",")}\n${USAGE}`);
  Deno.exit(1);
}

const fresh = describeRun(options, measurements);
console.log(`\n${markdown(fresh)}\n`);
if (options.save) {
  const results = merge(readResults(), fresh);
  writeResults(results);
  Deno.writeTextFileSync(PLOT, ratioPlot(results.measurements));
  const generated = `![Ratios to redis-server](benchmarks.svg)\n\n${markdown(results)}`;
  Deno.writeTextFileSync(PAGE, replaceGenerated(Deno.readTextFileSync(PAGE), generated));
  console.log("stored in bench/results/latest.json, docs/benchmarks.md and docs/benchmarks.svg");
}
