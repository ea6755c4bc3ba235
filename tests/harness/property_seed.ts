// Preloaded by `deno task test`: where PROPERTY_SEED is a number, every property test begins with it, so that a run can be
// repeated. CI sets it: whether a change lands must not hang on chance. Without it each run tries other values.
import fc from "fast-check";

const seed = Deno.env.get("PROPERTY_SEED") ?? "";
if (seed !== "") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
