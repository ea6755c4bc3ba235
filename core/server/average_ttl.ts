// The mean time to live that INFO keyspace prints, from a sample of the keys that expire.
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";

const SAMPLES = 100;

/** Milliseconds; 0 where no key of the database expires. */
export function averageTtl(database: Database, keyspace: Keyspace): number {
  const { expires } = database;
  if (expires.size === 0) return 0;
  let sum = 0;
  let count = 0;
  const now = keyspace.clock.ms;
  const add = (ref: number): void => {
    sum += Math.max(0, keyspace.entries.expireAt(ref) - now);
    count++;
  };
  if (expires.size <= SAMPLES) expires.forEach(add);
  else for (let i = 0; i < SAMPLES; i++) add(expires.random());
  return Math.round(sum / count);
}
