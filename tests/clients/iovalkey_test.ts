// npm iovalkey (the Valkey project's fork of ioredis) against a server process.
import type { Redis as Ioredis } from "ioredis";
import { Redis, type RedisOptions } from "iovalkey";
import { runIoredisSuite } from "./ioredis_suite.ts";

// The two packages' classes have the same methods but are different types.
runIoredisSuite("iovalkey", (options) => new Redis(options as RedisOptions) as unknown as Ioredis);
