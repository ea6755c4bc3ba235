// Medians and quantiles of benchmark samples. Used by the scenarios and the report.

export function median(samples: number[]): number {
  return quantile(samples, 0.5);
}

/** Quantile with linear interpolation between the two nearest samples; NaN without samples. */
export function quantile(samples: number[], fraction: number): number {
  if (samples.length === 0) return NaN;
  const sorted = Float64Array.from(samples).sort();
  const position = (sorted.length - 1) * fraction;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Largest sample; NaN without samples. Works for any number of samples. */
export function largest(samples: number[]): number {
  let found = samples.length === 0 ? NaN : -Infinity;
  for (const sample of samples) if (sample > found) found = sample;
  return found;
}
