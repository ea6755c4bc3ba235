// What a conformance suite is: a list of named cases that throw where the plugin does not keep a promise of its kind.
// The author kit prints them, tests register them; the shipped plugins run the same ones.

export interface ConformanceCase {
  name: string;
  run(): void | Promise<void>;
}

export interface CaseResult {
  name: string;
  /** Undefined: passed. */
  problem: string | undefined;
}

/** Runs all cases, one after the other. */
export async function runCases(cases: readonly ConformanceCase[]): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { name, run } of cases) {
    let problem: string | undefined;
    try {
      await run();
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    results.push({ name, problem });
  }
  return results;
}

export function expect(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}

/** The same bytes for the same seed: cases must not differ from run to run. */
export class SeededBytes {
  constructor(private state: number) {}

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.state / 2 ** 32 * limit);
  }

  /** Bytes without a pattern. */
  noise(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Bytes as applications have them: words that come again. */
  text(length: number): Uint8Array<ArrayBuffer> {
    const words = ["user", "session", ":1000", '{"name":', "null", ",", " ", "0000000000000000"];
    let text = "";
    while (text.length < length) text += words[this.below(words.length)];
    return new TextEncoder().encode(text.slice(0, length));
  }
}
