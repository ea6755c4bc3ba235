// npm ioredis against a server process.
import { Redis } from "ioredis";
import { runIoredisSuite } from "./ioredis_suite.ts";

runIoredisSuite("ioredis", (options) => new Redis(options));
