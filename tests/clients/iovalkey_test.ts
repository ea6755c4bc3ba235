// npm iovalkey (the Valkey project's fork of ioredis) against a server process.
import type { Redis as Ioredis, RedisOptions as Options } from "ioredis";
import { Redis, type RedisOptions } from "iovalkey";
import { runIoredisFamiliesSuite } from "./ioredis_families_suite.ts";
import { runIoredisSuite } from "./ioredis_suite.ts";

// The two packages' classes have the same methods but are different types.
const create = (options: Options) => new Redis(options as RedisOptions) as unknown as Ioredis;

runIoredisSuite("iovalkey", create);
runIoredisFamiliesSuite("iovalkey", create);
