// The seed of a test that makes random choices by itself: another one each time, or PROPERTY_SEED, which repeats a run.

/** A whole number from 0 to 2^31 - 1. */
export function testSeed(): number {
  const given = Deno.env.get("PROPERTY_SEED") ?? "";
  return given === "" ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
