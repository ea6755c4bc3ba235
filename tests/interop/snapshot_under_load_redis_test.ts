// Background saves under the load of redis-benchmark: redis-check-rdb accepts the file, a real redis-server loads it, and
// it holds exactly one moment. The moment is known without stopping anything: one client writes numbered values over a
// ring of keys, so every prefix of its writes leaves a dataset that no other prefix leaves.
import assert from "node:assert/strict";
import {
  eventually,
  hasRedisServer,
  hasRedisTools,
  parseInfo,
  RedisServer,
  type RespClient,
  runToEnd,
  SporkServer,
} from "../harness/mod.ts";

const RING = 5_000;
const BATCH = 100;
const OTHER_KEYS = 50_000;

for (const type of ["thread", "fork"]) {
  Deno.test({
    name: `BGSAVE ${type} under write load gives redis-server one moment of the data`,
    ignore: !hasRedisServer || !hasRedisTools,
  }, async () => {
    await using spork = await SporkServer.start({ args: ["--rdb-version", "10"] });
    await using control = await spork.connect();
    const flood = new AbortController();
    const flooding = floodWith(spork.port, flood.signal);
    const ring = new RingWriter(await spork.connect());
    const writing = ring.run();
    await eventually(() => ring.written > 2 * RING, { what: "the ring has been written" });
    await eventually(async () => await control.call("DBSIZE") as number > OTHER_KEYS, {
      what: "the load has arrived",
    });

    const writtenBefore = ring.acknowledged;
    assert.equal(await control.call("BGSAVE", type), `Background saving (${type}) started`);
    const writtenAfter = ring.written;
    const fields = await saved(control);
    const writtenAtEnd = ring.acknowledged;
    ring.stop();
    await writing;
    flood.abort();
    await flooding;
    assert.equal(fields.rdb_last_bgsave_status, "ok", spork.log);
    assert.ok(writtenAtEnd > writtenAfter, "writes went on during the save");

    const file = `${spork.dir}/dump.rdb`;
    const checked = await runToEnd({ program: "redis-check-rdb", args: [file] });
    assert.equal(checked.code, 0, checked.stdout);
    assert.match(checked.stdout, /RDB looks OK/);

    const dir = await Deno.makeTempDir({ prefix: "spork-moment-" });
    try {
      await Deno.copyFile(file, `${dir}/dump.rdb`);
      await using redis = await RedisServer.start({ dir });
      await using reader = await redis.connect();
      const cut = await momentOf(reader);
      assert.ok(cut >= writtenBefore && cut <= writtenAfter, `${writtenBefore} <= ${cut} <= ${writtenAfter}`);
      assert.ok(await reader.call("DBSIZE") as number > OTHER_KEYS);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/** Writes 0, 1, 2, ... to `ring:<n mod RING>`, as a string and as a field of a hash in turns. */
class RingWriter {
  /** Numbers below this have been sent. */
  written = 0;
  /** Numbers below this have been answered. */
  acknowledged = 0;
  #stopped = false;

  constructor(private readonly client: RespClient) {}

  async run(): Promise<void> {
    while (!this.#stopped) {
      const commands = [];
      for (let count = 0; count < BATCH; count++) commands.push(writeOf(this.written++));
      const replies = await this.client.pipeline(commands);
      const wrong = replies.find((reply) => reply instanceof Error);
      assert.ok(!wrong, `${wrong}`);
      this.acknowledged = this.written;
    }
    this.client.close();
  }

  stop(): void {
    this.#stopped = true;
  }
}

function writeOf(number: number): (string | number)[] {
  const slot = number % RING;
  return slot % 2 === 0 ? ["SET", `ring:${slot}`, number] : ["HSET", `ring:${slot}`, "number", number];
}

/** How many writes the loaded data holds; fails unless it is what exactly the first so many leave. */
async function momentOf(client: RespClient): Promise<number> {
  const slots = Array.from({ length: RING }, (_, slot) => slot);
  const values = (await client.pipeline(
    slots.map((slot) => slot % 2 === 0 ? ["GET", `ring:${slot}`] : ["HGET", `ring:${slot}`, "number"]),
  )).map(Number);
  const count = Math.max(...values) + 1;
  for (const slot of slots) {
    const expected = count - 1 - (count - 1 - slot + RING) % RING;
    assert.equal(values[slot], expected, `ring:${slot} after ${count} writes`);
  }
  return count;
}

async function floodWith(port: number, signal: AbortSignal): Promise<void> {
  const args = [
    "-p",
    `${port}`,
    "-t",
    "set,hset",
    "-r",
    "200000",
    "-n",
    "1000000",
    "-d",
    "100",
    "-c",
    "20",
    "-P",
    "8",
    "-q",
  ];
  while (!signal.aborted) {
    const process = new Deno.Command("redis-benchmark", { args, stdout: "null", stderr: "null" }).spawn();
    const kill = () => process.kill("SIGKILL");
    signal.addEventListener("abort", kill);
    await process.status;
    signal.removeEventListener("abort", kill);
  }
}

function saved(client: RespClient): Promise<Record<string, string>> {
  return eventually(async () => {
    const fields = parseInfo(await client.call("INFO", "persistence") as string);
    return fields.rdb_bgsave_in_progress === "0" && fields;
  }, { what: "the end of the background save", withinMilliseconds: 60_000 });
}
