// Start of an empty server: from the spawn of its process to its first PONG.
import { alternate, contenderKinds } from "../contender.ts";
import { Samples } from "../measurement.ts";
import type { Scenario } from "../scenario.ts";

const ID = "start/empty";

export const start: Scenario = {
  ids: [ID],
  async run(options, _wanted, log) {
    const samples = new Samples();
    const kinds = contenderKinds(options);
    // The first start fills caches of the system; it does not count.
    for (const kind of kinds) await (await kind.start()).stop();
    for (let round = 0; round < options.repeats; round++) {
      for (const kind of alternate(kinds, round)) {
        const spawnedAt = performance.now();
        const server = await kind.start();
        const took = performance.now() - spawnedAt;
        await server.stop();
        samples.add(
          {
            id: ID,
            title: "start to first PONG, empty",
            unit: "ms",
            better: "lower",
            targets: { spork: { kind: "absolute", bound: 400 } },
          },
          kind.name,
          took,
        );
        log(`${ID} ${kind.name}: ${took.toFixed(0)} ms`);
      }
    }
    return samples.finish();
  },
};
