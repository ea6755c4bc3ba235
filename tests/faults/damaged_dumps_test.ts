// Damaged dumps, thousands of them, of every type and encoding, made by Spork and by redis-server: through RESTORE and
// through the loader. None may crash, hang, take memory without bounds, or leave anything behind when it is refused.
// FUZZ_SECONDS in the environment makes the run longer, FUZZ_SEED repeats one.
import assert from "node:assert/strict";
import { hasRedisServer, projectDirectory, RedisServer, type RespClient } from "../harness/mod.ts";
import { payloadOf } from "../interop/server_pair.ts";
import { Random } from "../values/random.ts";
import { SAMPLES } from "../values/samples.ts";
import { testSeed } from "../harness/test_seed.ts";

const SECONDS_DEFAULT = 15;
/** Without a sign of life for so long the process hangs; the slowest case takes milliseconds. */
const SILENCE_MS_MAX = 60_000;
const LINES_SHOWN = 40;

/** Payloads of redis-server for every sample that it knows, one a line in hex. */
async function foreignPayloads(seed: number): Promise<string[]> {
  const random = new Random(seed);
  await using server = await RedisServer.start();
  await using client = await server.connect();
  const lines: string[] = [];
  for (const compression of ["no", "yes"]) {
    await client.call("CONFIG", "SET", "rdbcompression", compression);
    for (const limit of ["128", "0"]) {
      await client.call("CONFIG", "SET", "hash-max-listpack-entries", limit);
      await client.call("CONFIG", "SET", "zset-max-listpack-entries", limit);
      await client.call("CONFIG", "SET", "set-max-intset-entries", limit);
      for (const sample of SAMPLES) {
        if (!sample.isNew) lines.push(await foreignPayload(client, sample.make("k", random)));
      }
    }
  }
  return lines;
}

async function foreignPayload(client: RespClient, commands: (string | number)[][]): Promise<string> {
  await client.call("DEL", "k");
  for (const reply of await client.pipeline(commands)) assert.ok(!(reply instanceof Error), String(reply));
  return payloadOf(await client.raw("DUMP", "k")).toHex();
}

Deno.test("damaged dumps are refused or harmless", async () => {
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? testSeed());
  const seconds = Number(Deno.env.get("FUZZ_SECONDS") ?? SECONDS_DEFAULT);
  const file = await Deno.makeTempFile();
  try {
    const args = ["--seed", `${seed}`, "--seconds", `${seconds}`];
    if (hasRedisServer) {
      await Deno.writeTextFile(file, (await foreignPayloads(seed)).join("\n"));
      args.push("--payloads", file);
    }
    const last = await runWatched(args, seed);
    const { cases, taken, refused, filesTaken, filesRefused } = JSON.parse(last);
    assert.equal(taken + refused + filesTaken + filesRefused, cases);
    assert.ok(taken > cases / 20, `only ${taken} of ${cases} were taken: the damage is too wild`);
    assert.ok(refused > cases / 5, `only ${refused} of ${cases} were refused: the damage is too tame`);
    assert.ok(cases > 40 * seconds, `${cases} cases in ${seconds} s`);
  } finally {
    await Deno.remove(file);
  }
});

/** Runs the process to its end; its last line. Fails with what it printed where it fails, or falls silent. */
async function runWatched(args: string[], seed: number): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-remote",
      "-P=tools",
      "tests/faults/damaged_dumps.ts",
      ...args,
    ],
    cwd: projectDirectory,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const kill = () => {
    lines.push(`killed after ${SILENCE_MS_MAX} ms of silence`);
    process.kill("SIGKILL");
  };
  let watchdog = setTimeout(kill, SILENCE_MS_MAX);
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      clearTimeout(watchdog);
      watchdog = setTimeout(kill, SILENCE_MS_MAX);
      lines.push(...decoder.decode(chunk, { stream: true }).trimEnd().split("\n"));
    }
  };
  try {
    const [status] = await Promise.all([process.status, read(process.stdout), read(process.stderr)]);
    assert.ok(status.success, `--seed ${seed}\n${lines.slice(-LINES_SHOWN).join("\n")}`);
  } finally {
    clearTimeout(watchdog);
  }
  return lines.at(-1)!;
}
