// Held replies in this process, over a log that is durable as soon as it is told to go on.
import { clientScenes } from "./durability_client_scenes.ts";
import { keyScenes } from "./durability_scenes.ts";
import { MemoryWorld, Stage } from "./durability_world.ts";

for (const { name, play } of [...keyScenes, ...clientScenes]) {
  Deno.test(`held replies: ${name}`, async () => {
    using world = new MemoryWorld();
    const stage = new Stage(world);
    await play(stage);
    await stage.end();
  });
}
