// Medians, ratios and whether targets are met: what both the table and the plot show.
import { type Measurement, REFERENCE } from "../measurement.ts";
import { median } from "../statistics.ts";

export interface Comparison {
  contender: string;
  median: number;
  /** Median divided by the reference's; undefined for the reference itself or where it has no samples. */
  ratio: number | undefined;
  /** Undefined without a target. */
  met: boolean | undefined;
}

export function compare(measurement: Measurement): Comparison[] {
  const name = measurement.reference ?? REFERENCE;
  const reference = measurement.samples[name];
  return Object.entries(measurement.samples).map(([contender, samples]) => {
    const middle = median(samples);
    const ratio = contender === name || !reference ? undefined : middle / median(reference);
    const target = measurement.targets?.[contender];
    const value = target?.kind === "ratio" ? ratio : middle;
    const met = target === undefined || value === undefined
      ? undefined
      : measurement.better === "higher"
      ? value >= target.bound
      : value <= target.bound;
    return { contender, median: middle, ratio, met };
  });
}

/** Three significant digits, thousands separated. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
    ? value.toFixed(1)
    : value.toFixed(2);
}
