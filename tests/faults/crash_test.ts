// The crash test, ten rounds of it (`deno task faults` runs hundreds): kill -9 and loss of power while clients write and
// look. CRASH_SEED in the environment repeats a run's choices. The judge itself is held to redis-server.
import assert from "node:assert/strict";
import { hasRedisServer } from "../harness/mod.ts";
import { testSeed } from "../harness/test_seed.ts";
import { type RoundChoices, roundChoices, runRound } from "./crash_round.ts";
import { hasFaultDisk } from "./fault_disk.ts";

const seed = Number(Deno.env.get("CRASH_SEED") ?? testSeed());

const ROUNDS: Partial<RoundChoices>[] = [
  { policy: "always", strategy: "aof-offload", rewrites: "none" },
  { policy: "always", strategy: "aof-offload", rewrites: "many", preamble: "yes", switches: false },
  {
    policy: "always",
    strategy: "aof-offload",
    rewrites: "some",
    preamble: "no",
    snapshotStrategy: "threadsave",
  },
  {
    policy: "always",
    strategy: "aof-offload",
    rewrites: "many",
    preamble: "no",
    snapshotStrategy: "fork-emulated",
  },
  { policy: "always", strategy: "aof-inline", rewrites: "some" },
  { policy: "always", switches: true, rewrites: "some" },
  { policy: "everysec", strategy: "aof-offload" },
  { policy: "everysec", strategy: "aof-inline", rewrites: "some" },
  { policy: "no", strategy: "aof-offload", rewrites: "some" },
  { policy: "no", strategy: "aof-inline" },
];

for (const [at, fixed] of ROUNDS.entries()) {
  const choices = roundChoices("spork", seed + at, { lives: at % 3 === 1 ? 2 : 1, ...fixed });
  Deno.test(`a crash: ${choices.policy}, ${choices.strategy}, rewrites ${choices.rewrites} (round ${at})`, async () => {
    const report = await runRound(choices);
    assert.ok(report.acked > 0);
  });
}

Deno.test(
  { name: "the judge of crashes: redis-server keeps its promises", ignore: !hasRedisServer },
  async () => {
    for (const policy of ["always", "everysec"] as const) {
      const report = await runRound(
        roundChoices("redis-server", seed, { policy, lives: 1, rewrites: "some" }),
      );
      assert.ok(report.acked > 0);
    }
  },
);

Deno.test({
  name: "the judge of crashes sees acknowledged writes that are lost",
  ignore: !hasRedisServer || !hasFaultDisk,
}, async () => {
  const choices = roundChoices("redis-server", seed, { policy: "everysec", lives: 1, rewrites: "none" });
  await assert.rejects(
    runRound({ ...choices, endings: ["power loss"], judgedAs: "always" }),
    /has lost what it must not/,
  );
});
