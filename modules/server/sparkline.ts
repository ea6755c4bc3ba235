// A small graph of numbers in plain characters, for LATENCY GRAPH.

const ROWS = 4;
const SHADES = "_o#";
const COLUMNS_MAX = 80;

/**
 * Columns of up to four rows, three shades each, scaled to the largest value, with a label under each column
 * (written downwards). At most the last 80 values are drawn.
 */
export function sparkline(values: readonly number[], labels: readonly string[]): string {
  const shown = values.slice(-COLUMNS_MAX);
  const names = labels.slice(-COLUMNS_MAX);
  const low = Math.min(...shown);
  const high = Math.max(...shown);
  const steps = ROWS * SHADES.length - 1;
  const heights = shown.map((value) => high === low ? 0 : Math.round((value - low) / (high - low) * steps));
  const lines: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) {
    const line = heights.map((height) => {
      const step = height - row * SHADES.length;
      if (step < 0) return " ";
      return step >= SHADES.length ? "|" : SHADES[step];
    }).join("");
    if (line.trim() !== "") lines.push(line);
  }
  lines.push("");
  const longest = Math.max(...names.map((name) => name.length));
  for (let at = 0; at < longest; at++) lines.push(names.map((name) => name[at] ?? " ").join("").trimEnd());
  return lines.map((line) => `${line}\n`).join("");
}
