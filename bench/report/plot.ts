// The plot of docs/benchmarks.md as SVG: one bar for each comparison, its length the ratio to redis-server, with the
// target as a tick. Drawn by hand because it is only rectangles and text.
import type { Measurement } from "../measurement.ts";
import { compare } from "./compare.ts";

const WIDTH = 900;
const LABEL_WIDTH = 330;
const VALUE_WIDTH = 80;
const ROW = 22;
const TOP = 56;
const RATIO_MAX = 4;

interface Bar {
  label: string;
  ratio: number;
  isBetter: boolean;
  target?: number;
}

/** What the table tells better, or what is not held to redis-server: CPU follows throughput, quiet answers are noise. */
const LEFT_OUT = ["cpu/", "start/", "stall/quiet", "durability/inline", "durability/off"];

/** Ratios to redis-server; bars of measurements where less is better are drawn the same and say so. */
export function ratioPlot(measurements: Measurement[]): string {
  const bars = measurements.filter(({ id }) => !LEFT_OUT.some((prefix) => id.startsWith(prefix))).flatMap(
    barsOf,
  );
  const height = TOP + bars.length * ROW + 30;
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) /
    Math.min(RATIO_MAX, Math.max(2, ...bars.map((bar) => Math.max(bar.ratio, bar.target ?? 0))));
  const x = (ratio: number) => LABEL_WIDTH + Math.min(ratio, RATIO_MAX) * scale;
  const shapes = bars.map((bar, index) => {
    const y = TOP + index * ROW;
    const tick = bar.target === undefined
      ? ""
      : `<path d="M${x(bar.target)} ${y + 1}v${ROW - 4}" stroke="#333" stroke-width="2"/>`;
    return `<text x="${LABEL_WIDTH - 8}" y="${y + 14}" text-anchor="end">${escape(bar.label)}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${x(bar.ratio) - LABEL_WIDTH}" height="${ROW - 8}" ` +
      `fill="${bar.isBetter ? "#2a7f62" : "#c9803a"}"/>${tick}` +
      `<text x="${WIDTH - 16}" y="${y + 14}" text-anchor="end">${bar.ratio.toFixed(2)}x</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-size="16">Spork, ratio to redis-server (medians)</text>`,
    `<text x="16" y="42" fill="#555">green: better than redis-server; tick: target</text>`,
    ...shapes,
    `<path d="M${x(1)} ${TOP - 6}V${height - 20}" stroke="#b00" stroke-dasharray="4 3"/>`,
    `<text x="${x(1)}" y="${height - 6}" text-anchor="middle" fill="#b00">1.0 = redis-server</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function barsOf(measurement: Measurement): Bar[] {
  const bars: Bar[] = [];
  for (const { contender, ratio } of compare(measurement)) {
    if (ratio === undefined || !Number.isFinite(ratio)) continue;
    const target = measurement.targets?.[contender];
    const direction = measurement.better === "lower" ? " (less is better)" : "";
    const variant = contender === "spork" ? "" : ` [${contender.replace(/^spork /, "")}]`;
    bars.push({
      label: `${shortTitle(measurement)}${variant}${direction}`,
      ratio,
      isBetter: measurement.better === "higher" ? ratio >= 1 : ratio <= 1,
      ...(target?.kind === "ratio" && { target: target.bound }),
    });
  }
  return bars;
}

function shortTitle({ id, title }: Measurement): string {
  return id.startsWith("throughput/") ? title : id.replaceAll("_", " ");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
