// The executable that compile.sh builds on this machine, compiled or portable, does what the source does. With
// SPORK_EXECUTABLE set it is that file which is tested, nothing is built.
import assert from "node:assert/strict";
import {
  eventually,
  parseInfo,
  projectDirectory,
  type Reply,
  type RespClient,
  runToEnd,
  SporkServer,
} from "../harness/mod.ts";

const BUILD_MILLISECONDS_MAX = 400_000;

const given = Deno.env.get("SPORK_EXECUTABLE");
const work = Deno.makeTempDirSync({ prefix: "spork-packaging-" });
const executable = given ?? `${work}/spork`;
// A cache of its own: the first start really unpacks.
const env = { SPORK_CACHE_DIR: `${work}/cache` };

Deno.test.beforeAll(async () => {
  if (given) return;
  const built = await runToEnd({
    program: "bash",
    args: ["compile.sh", "--output", executable],
    cwd: projectDirectory,
  }, {
    env: { DENO_EXECUTABLE: Deno.execPath() },
    withinMilliseconds: BUILD_MILLISECONDS_MAX,
  });
  assert.equal(built.code, 0, built.stdout + built.stderr);
  console.log(built.stdout.trim());
});

Deno.test.afterAll(() => Deno.remove(work, { recursive: true }));

Deno.test("--version, help and a wrong option tell and end with the right status", async () => {
  const version = await run(["--version"]);
  assert.equal(version.code, 0, version.stderr);
  assert.match(version.stdout, /^Spork server v=\d+\.\d+\.\d+ /);
  assert.match((await run(["--help"])).stdout, /^Usage: spork /);
  const wrong = await run(["--prot", "7777"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr + wrong.stdout, /port/);
});

Deno.test("SET, GET, BGSAVE with each strategy, clean shutdown, load", async () => {
  const dir = await Deno.makeTempDir({ dir: work });
  for (const type of ["thread", "fork"]) {
    await using server = await start({ dir });
    await using client = await server.connect();
    assert.equal(await client.call("SET", `by ${type}`, "value"), "OK");
    assert.equal(await client.call("HSET", "hash", type, "1"), 1);
    assert.equal(await client.call("BGSAVE", type), `Background saving (${type}) started`);
    const fields = await saved(client);
    assert.equal(fields.rdb_last_bgsave_status, "ok", server.log);
    assert.equal(fields.rdb_last_bgsave_type, type);
    assert.equal((await server.terminate()).code, 0, server.log);
  }
  await using server = await start({ dir });
  await using client = await server.connect();
  assert.deepEqual(await client.call("MGET", "by thread", "by fork"), ["value", "value"]);
  assert.deepEqual(await client.call("HGETALL", "hash"), ["thread", "1", "fork", "1"]);
});

Deno.test("a third-party plugin in TypeScript is loaded from disk, with its own permissions", async () => {
  const folder = await Deno.makeTempDir({ dir: work });
  await Deno.writeTextFile(
    `${folder}/plugin.yaml`,
    "name: greeter\nversion: 1.0.0\napi: ^1.0.0\nkind: sink\nentry: main.ts\n",
  );
  await Deno.writeTextFile(`${folder}/words.ts`, `export const words: string = "hello from disk";\n`);
  await Deno.writeTextFile(
    `${folder}/main.ts`,
    `import { words } from "./words.ts";
export default (sdk: { log: { notice(text: string): void } }) => ({
  receive() {},
  start() {
    sdk.log.notice(words);
    try {
      Deno.writeTextFileSync(${JSON.stringify(`${folder}/escaped`)}, "");
    } catch (error) {
      sdk.log.notice("writing: " + (error as Error).name);
    }
  },
});
`,
  );
  await using server = await start({ args: ["--plugin", folder] });
  await server.waitForLog(/hello from disk/);
  await server.waitForLog(/writing: NotCapable/);
  await using client = await server.connect();
  assert.match(Deno.inspect(await client.call("PLUGIN", "LIST"), { depth: 9 }), /greeter/);
});

Deno.test("a new plugin is written and checked", async () => {
  const cwd = await Deno.makeTempDir({ dir: work });
  const made = await runToEnd({ program: executable, args: ["plugin", "new", "codec", "packer"], cwd }, {
    env,
  });
  assert.equal(made.code, 0, made.stdout + made.stderr);
  const checked = await run(["plugin", "check", `${cwd}/packer`]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /\n\d+ passed, 0 failed\n$/);
});

Deno.test("configuration comes through standard input", async () => {
  const result = await run(["-"], "no-such-option yes\n");
  assert.equal(result.code, 1);
  assert.match(result.stderr + result.stdout, /no-such-option/);
});

Deno.test("many first starts at the same time", async () => {
  const alone = { SPORK_CACHE_DIR: `${work}/crowd` };
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => runToEnd({ program: executable, args: ["--version"] }, { env: alone })),
  );
  assert.deepEqual(results.map((result) => [result.code, result.stderr]), results.map(() => [0, ""]));
  if (isPortable()) {
    const entries = [...Deno.readDirSync(alone.SPORK_CACHE_DIR)].map((entry) => entry.name);
    assert.equal(entries.length, 1, `left in the cache: ${entries}`);
  }
});

Deno.test("the portable executable refuses damage and a cache that it cannot write", async (test) => {
  const ignore = !isPortable();
  await test.step({
    name: "damage",
    ignore,
    fn: async () => {
      const damaged = `${work}/damaged`;
      const bytes = await Deno.readFile(executable);
      bytes[bytes.length >> 1] ^= 1;
      await Deno.writeFile(damaged, bytes, { mode: 0o755 });
      const unused = { SPORK_CACHE_DIR: `${work}/unused` };
      const result = await runToEnd({ program: damaged, args: ["--version"] }, { env: unused });
      assert.equal(result.code, 1);
      assert.match(result.stderr, /is damaged: its checksum is/);
    },
  });
  await test.step({
    name: "no cache",
    ignore,
    fn: async () => {
      const unwritable = { SPORK_CACHE_DIR: "/dev/null/cache" };
      const result = await runToEnd({ program: executable, args: ["--version"] }, { env: unwritable });
      assert.equal(result.code, 1);
      assert.match(result.stderr, /cannot unpack into \/dev\/null\/cache; set SPORK_CACHE_DIR/);
    },
  });
});

Deno.test("the program knows no path of the machine that built it", async () => {
  const home = Deno.env.get("HOME")!;
  const files = isPortable()
    ? [...filesBelow(env.SPORK_CACHE_DIR)].filter((path) => !/\/deno$|\/deno_dir\//.test(path))
    : [
      executable,
    ];
  assert.ok(files.length > 0);
  for (const path of files) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (const known of [projectDirectory, `${home}/.cache`, `${home}/.npm`]) {
      assert.ok(!text.includes(known), `${path} contains ${known}`);
    }
  }
});

function start(options: { dir?: string; args?: string[] }): Promise<SporkServer> {
  return SporkServer.start({ ...options, env, executable });
}

function run(args: string[], input?: string) {
  return runToEnd({ program: executable, args }, { env, input });
}

function saved(client: RespClient): Promise<Record<string, string>> {
  return eventually(async () => {
    const fields = parseInfo(await client.call("INFO", "persistence") as Reply as string);
    return fields.rdb_bgsave_in_progress === "0" && fields;
  }, { what: "the end of the background save" });
}

/** The portable executable begins as a shell script. */
function isPortable(): boolean {
  using file = Deno.openSync(executable);
  const start = new Uint8Array(2);
  file.readSync(start);
  return new TextDecoder().decode(start) === "#!";
}

function* filesBelow(directory: string): Generator<string> {
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}
