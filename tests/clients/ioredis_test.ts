// npm ioredis against a server process.
import { Redis } from "ioredis";
import { runIoredisFamiliesSuite } from "./ioredis_families_suite.ts";
import { runIoredisSuite } from "./ioredis_suite.ts";

runIoredisSuite("ioredis", (options) => new Redis(options));
runIoredisFamiliesSuite("ioredis", (options) => new Redis(options));
