// The crash test in its long form: `deno task faults [--rounds N] [--seconds S] [--seed N] [--server redis-server]
// [--policy P] [--strategy S]`. A round's seed repeats its choices: `--rounds 1 --seed N`. Ends with status 1 where a round
// failed.
import { hasFaultDisk } from "./fault_disk.ts";
import { type RoundChoices, roundChoices, runRound, type ServerName } from "./crash_round.ts";

const ROUNDS_DEFAULT = "200";

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? undefined : Deno.args[at + 1];
}

const firstSeed = Number(option("seed") ?? Date.now() % 1_000_000_000);
const rounds = Number(option("rounds") ?? ROUNDS_DEFAULT);
const until = performance.now() + Number(option("seconds") ?? Infinity) * 1000;
const server = (option("server") ?? "spork") as ServerName;
const fixed: Partial<RoundChoices> = {};
for (const name of ["policy", "strategy", "rewrites", "preamble", "snapshotStrategy"] as const) {
  const value = option(name);
  if (value !== undefined) Object.assign(fixed, { [name]: value });
}
if (!hasFaultDisk) console.log("no C compiler: the power never fails in these rounds");

let failures = 0;
let done = 0;
let acked = 0;
for (; done < rounds && performance.now() < until; done++) {
  const choices = roundChoices(server, firstSeed + done, fixed);
  try {
    const report = await runRound(choices);
    acked += report.acked;
    const lives = report.lives.map(({ ending, lostSteps, lostMilliseconds }) =>
      `${ending}${lostSteps ? ` (lost ${lostSteps} steps of ${lostMilliseconds} ms)` : ""}`
    );
    console.log(
      `${choices.seed} ${choices.policy} ${choices.strategy} rewrites ${choices.rewrites} sync +${choices.syncMilliseconds} ms:` +
        ` ${report.acked} of ${report.steps} steps acknowledged; ${lives.join(", ")}`,
    );
    if (option("verbose")) console.log(JSON.stringify(report.noted));
  } catch (error) {
    failures++;
    console.log(`FAILED: round with --seed ${choices.seed} --rounds 1\n${(error as Error).message}`);
  }
}
console.log(JSON.stringify({ server, seed: firstSeed, rounds: done, failures, acknowledgedSteps: acked }));
if (failures > 0) Deno.exit(1);
