import assert from "node:assert/strict";
import { PluginError } from "../../plugins/plugin_error.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import { loadConfig } from "./load_config.ts";
import { MemoryHost } from "./memory_host.ts";

function load(yaml: string, ...words: string[]): Config {
  return loadConfig(
    ["spork.yaml", ...words],
    new MemoryHost({ "/home/spork.yaml": yaml, "/home/b.yml": "hz: 33\n" }),
  );
}

function failure(yaml: string): ConfigError {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

function text(config: Config, name: string): string {
  return config.get([name])[0][1];
}

Deno.test("keys are option names; lists, texts, numbers and booleans say what conf lines say", () => {
  const config = load(
    `
# a comment
port: 7000
bind: [127.0.0.1, "-::1"]
save:
  - 3600 1
  - [300, 100]
client-output-buffer-limit:
  - normal 1mb 0 0
  - pubsub 2mb 1mb 5
maxmemory: 1gb
unixsocketperm: 0700
rdbcompression: false
stop-writes-on-bgsave-error: no
appendonly: "no"
requirepass: "with # and 'quotes'"
slave-priority: 5
include: b.yml
`,
    "--timeout",
    "9",
  );
  const { values } = config;
  assert.equal(values.port, 7000);
  assert.deepEqual(values.bind, ["127.0.0.1", "-::1"]);
  assert.equal(text(config, "save"), "3600 1 300 100");
  assert.equal(
    text(config, "client-output-buffer-limit"),
    "normal 1048576 0 0 slave 268435456 67108864 60 pubsub 2097152 1048576 5",
  );
  assert.equal(values.maxmemory, 2 ** 30);
  assert.equal(values.unixsocketperm, 0o700);
  assert.equal(values.rdbcompression, false);
  assert.equal(values.stopWritesOnBgsaveError, false);
  assert.equal(values.requirepass, "with # and 'quotes'");
  assert.equal(values.replicaPriority, 5);
  assert.equal(values.hz, 33);
  assert.equal(values.timeout, 9);
});

for (const nothing of ["save: []", 'save: ""', "save: ['']"]) {
  Deno.test(`${nothing} means no periodic saves`, () => assert.deepEqual(load(nothing).values.save, []));
}

Deno.test("an empty file, and one with comments only, set nothing", () => {
  assert.equal(load("").values.port, 6379);
  assert.equal(load("# nothing\n").values.port, 6379);
});

Deno.test("the plugins section picks strategies and lists plugins", () => {
  const config = load(`
plugins:
  snapshot: fork-emulated
  load:
    - path: ./mine
      options: { level: 3 }
      grants: { read: [/data] }
`);
  assert.equal(config.values.snapshotStrategy, "fork-emulated");
  assert.equal(config.plugins.chosen.snapshot?.name, "fork-emulated");
  assert.equal(config.plugins.plugins[0].path, "/home/mine");
  assert.equal(config.plugins.plugins[0].options.level.line, 6);
  assert.equal(config.plugins.plugins[0].options.level.value, 3);
  assert.equal(
    load("plugins:\n  snapshot: fork-emulated\n", "--snapshot-strategy", "threadsave").values
      .snapshotStrategy,
    "threadsave",
  );
  assert.throws(() => load("hz: 1\nplugins:\n  nosuch: x\n"), PluginError);
});

const mistakes: [yaml: string, line: number, code: string, reason: RegExp][] = [
  ["hz: 1\nmaxmemoy: 1gb\n", 2, "CONFIG_UNKNOWN_OPTION", /Bad directive/],
  ["hz: 1\n\nport: 70000\n", 3, "CONFIG_BAD_VALUE", /between 0 and 65535/],
  ["hz: 1\nport:\n", 2, "CONFIG_SYNTAX", /port has no value that can be read/],
  ["port: {a: 1}\n", 1, "CONFIG_SYNTAX", /port has no value that can be read/],
  ["port: [1, 2]\n", 1, "CONFIG_BAD_VALUE", /wrong number of arguments/],
  ["hz: 1\nhz: 2\n", 2, "CONFIG_SYNTAX", /unique/],
  ["a: [1\n", 2, "CONFIG_SYNTAX", /./],
  ["- port\n", 1, "CONFIG_SYNTAX", /no mapping/],
  ["hz: 1\ndaemonize: yes\n", 2, "CONFIG_REFUSED", /detach/],
  ["hz: 1\ndaemonize: true\n", 2, "CONFIG_REFUSED", /detach/],
];

for (const [yaml, line, code, reason] of mistakes) {
  Deno.test(`${JSON.stringify(yaml)} is refused at line ${line}`, () => {
    const error = failure(yaml);
    assert.equal(error.code, code);
    assert.match(error.reason, reason);
    assert.equal(error.origin?.file, "/home/spork.yaml");
    assert.equal(error.origin?.line, line);
  });
}
