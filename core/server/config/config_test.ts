import assert from "node:assert/strict";
import type { Config, SetContext } from "./config.ts";
import { loadConfig } from "./load_config.ts";
import { MemoryHost } from "./memory_host.ts";

const REMOTE: SetContext = { local: false, loading: false };

function make(...words: string[]): Config {
  return loadConfig(words, new MemoryHost());
}

function set(config: Config, ...words: string[]): string | null {
  const pairs: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i], words[i + 1]]);
  return config.set(pairs, REMOTE);
}

function one(config: Config, name: string): string {
  return config.get([name])[0][1];
}

const failed = (name: string, reason: string) =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;

// Each with the words of a real server.
const refusals: [words: string[], error: string][] = [
  [["nosuch", "1"], "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"],
  [["databases", "3"], failed("databases", "can't set immutable config")],
  [["SlaveOf", "a 1"], failed("SlaveOf", "can't set immutable config")],
  [["dir", "/data"], failed("dir", "can't set protected config")],
  [["dbfilename", "x.rdb"], failed("dbfilename", "can't set protected config")],
  [["maxmemory", "1", "maxmemory", "2"], failed("maxmemory", "duplicate parameter")],
  [["maxmemory", "abc"], failed("maxmemory", "argument must be a memory value")],
  [["maxmemory", "-1"], failed("maxmemory", "argument must be a memory value")],
  [["maxclients", "0"], failed("maxclients", "argument must be between 1 and 4294967295 inclusive")],
  [["hz", "abc"], failed("hz", "argument couldn't be parsed into an integer")],
  [["hz", "01"], failed("hz", "argument couldn't be parsed into an integer")],
  [["hz", " 1"], failed("hz", "argument couldn't be parsed into an integer")],
  [["port", "99999"], failed("port", "argument must be between 0 and 65535 inclusive")],
  [
    ["slowlog-log-slower-than", "-2"],
    failed("slowlog-log-slower-than", "argument must be between -1 and 9223372036854775807 inclusive"),
  ],
  [
    ["list-max-listpack-size", "99999999999"],
    failed("list-max-listpack-size", "argument must be between -2147483648 and 2147483647 inclusive"),
  ],
  [
    ["hash-max-listpack-value", "9223372036854775808"],
    failed("hash-max-listpack-value", "argument must be between 0 and 9223372036854775807 inclusive"),
  ],
  [
    ["proto-max-bulk-len", "10"],
    failed("proto-max-bulk-len", "argument must be between 1048576 and 9223372036854775807 inclusive"),
  ],
  [
    ["appendfsync", "sometimes"],
    failed("appendfsync", "argument(s) must be one of the following: everysec, always, no"),
  ],
  [["appendonly", "maybe"], failed("appendonly", "argument must be 'yes' or 'no'")],
  [["save", "x"], failed("save", "Invalid save parameters")],
  [["save", "1"], failed("save", "Invalid save parameters")],
  [["save", "1 -1"], failed("save", "Invalid save parameters")],
  [["save", "900  1"], failed("save", "Invalid save parameters")],
  [["maxmemory-clients", "1x"], failed("maxmemory-clients", "argument must be a memory or percent value")],
  [
    ["maxmemory-clients", "101%"],
    failed("maxmemory-clients", "percentage argument must be less or equal to 100"),
  ],
  [
    ["client-output-buffer-limit", "x"],
    failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration."),
  ],
  [
    ["client-output-buffer-limit", "master 1 1 1"],
    failed("client-output-buffer-limit", "Invalid client class specified in buffer limit configuration."),
  ],
  [
    ["client-output-buffer-limit", "slave 1 1 x"],
    failed(
      "client-output-buffer-limit",
      "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
    ),
  ],
  [
    ["notify-keyspace-events", "q"],
    failed("notify-keyspace-events", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
  ],
  [
    ["shutdown-on-sigint", "foo"],
    failed(
      "shutdown-on-sigint",
      "argument(s) must be one of the following: default, save, nosave, now, force",
    ),
  ],
  [
    ["shutdown-on-sigint", ""],
    failed(
      "shutdown-on-sigint",
      "argument(s) must be one of the following: default, save, nosave, now, force",
    ),
  ],
  [
    ["shutdown-on-sigint", "save nosave"],
    failed("shutdown-on-sigint", "shutdown options SAVE and NOSAVE can't be used simultaneously"),
  ],
  [["oom-score-adj-values", "1"], failed("oom-score-adj-values", "wrong number of arguments")],
  [
    ["oom-score-adj-values", "1 2 3000"],
    failed("oom-score-adj-values", "Invalid oom-score-adj-values, elements must be between -2000 and 2000."),
  ],
  [
    ["latency-tracking-info-percentiles", "x"],
    failed("latency-tracking-info-percentiles", "Invalid latency-tracking-info-percentiles parameters"),
  ],
  [
    ["latency-tracking-info-percentiles", "50 101"],
    failed(
      "latency-tracking-info-percentiles",
      "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
    ),
  ],
  [
    ["proc-title-template", "{x}"],
    failed("proc-title-template", "template format is invalid or contains unknown variables"),
  ],
  [
    ["proc-title-template", "{title} {port"],
    failed("proc-title-template", "template format is invalid or contains unknown variables"),
  ],
  [["rdb-version", "12"], failed("rdb-version", "argument(s) must be one of the following: 10, 11, 80")],
  [
    ["threadsave-enabled-for-backup", "x"],
    failed("threadsave-enabled-for-backup", "argument must be 'yes' or 'no'"),
  ],
  [
    ["bgsave-default-method", "x"],
    failed("bgsave-default-method", "argument(s) must be one of the following: fork, forkless"),
  ],
  // Spork's own refusals: what would be harmful to accept without doing it.
  [
    ["port", "7000"],
    failed("port", "the server can't change it while it runs; set it in the configuration and restart"),
  ],
];

for (const [words, error] of refusals) {
  Deno.test(`CONFIG SET ${words.join(" ")} is refused and changes nothing`, () => {
    const config = make();
    const before = config.get(["*"]);
    assert.equal(set(config, "slowlog-max-len", "7", ...words), error);
    assert.deepEqual(config.get(["*"]), before);
  });
}

const accepted: [words: string[], printed: string][] = [
  [["maxmemory", "10gb"], "10737418240"],
  [["maxmemory", "1k"], "1000"],
  [["maxmemory", "1kB"], "1024"],
  [["maxmemory", "10b"], "10"],
  [["maxmemory", ""], "0"],
  [["maxmemory", "18446744073709551615"], "18446744073709551615"],
  [["maxmemory", "99999999999999999999"], "18446744073709551615"],
  [["slowlog-log-slower-than", "9223372036854775807"], "9223372036854775807"],
  [["hz", "5000"], "500"],
  [["hz", "0"], "1"],
  [["save", "900 1 300 10"], "900 1 300 10"],
  [["save", ""], ""],
  [["appendfsync", "ALWAYS"], "always"],
  [["stop-writes-on-bgsave-error", "NO"], "no"],
  [["notify-keyspace-events", "KEA"], "AKE"],
  [["notify-keyspace-events", "mnKEd"], "dnKEm"],
  [["notify-keyspace-events", "$lshzxetdg"], "A"],
  [["notify-keyspace-events", ""], ""],
  [["shutdown-on-sigint", "now save"], "save now"],
  [["shutdown-on-sigint", "default"], "default"],
  [
    ["client-output-buffer-limit", "normal 1mb 0 0"],
    "normal 1048576 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
  ],
  [
    ["client-output-buffer-limit", "Replica 1 2 3 pubsub 4 5 6"],
    "normal 0 0 0 slave 1 2 3 pubsub 4 5 6",
  ],
  [["latency-tracking-info-percentiles", "0.0000001 99.9999999 50.12345678 1e1"], "0 100 50.123457 10"],
  [["latency-tracking-info-percentiles", ""], ""],
  [["rdb-version", "80"], "80"],
  [["snapshot-shadow-limit", "10%"], "10%"],
  [["snapshot-shadow-limit", "1gb"], "1073741824"],
  [["commandlog-execution-slower-than", "5"], "5"],
  [["lua-time-limit", "7"], "7"],
];

for (const [words, printed] of accepted) {
  Deno.test(`CONFIG SET ${words.join(" ")} prints as ${JSON.stringify(printed)}`, () => {
    const config = make();
    assert.equal(set(config, ...words), null);
    assert.equal(one(config, words[0]), printed);
  });
}

Deno.test("typed values follow", () => {
  const config = make();
  assert.equal(set(config, "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru", "save", "60 1"), null);
  assert.equal(config.values.maxmemory, 2 ** 30);
  assert.equal(config.values.maxmemoryPolicy, "allkeys-lru");
  assert.deepEqual(config.values.save, [{ seconds: 60, changes: 1 }]);
  assert.equal(config.values.arenaSize, -75);
  assert.equal(config.values.replicaof, null);
});

Deno.test("CONFIG GET: several patterns, the client's spelling, each option once, hidden ones only by name", () => {
  const config = make();
  assert.deepEqual(config.get(["SAVE", "Maxmemory", "max*ory", "save"]), [
    ["SAVE", "3600 1 300 100 60 10000"],
    ["Maxmemory", "0"],
  ]);
  assert.deepEqual(config.get(["slave-prio*", "replica-p?iority", "[hq]z"]), [
    ["slave-priority", "100"],
    ["replica-priority", "100"],
    ["hz", "10"],
  ]);
  assert.deepEqual(config.get(["rdb-key-save-dela*"]), []);
  assert.deepEqual(config.get(["rdb-key-save-delay"]), [["rdb-key-save-delay", "0"]]);
  assert.deepEqual(config.get(["nosuch", "x*y"]), []);
});

Deno.test("aliases and other words for one setting are the same setting", () => {
  const config = make();
  assert.equal(set(config, "slave-priority", "5"), null);
  assert.equal(one(config, "replica-priority"), "5");
  assert.equal(
    set(config, "replica-priority", "1", "slave-priority", "2"),
    failed("slave-priority", "duplicate parameter"),
  );
  assert.equal(set(config, "bgsave-default-method", "fork"), null);
  assert.equal(config.values.snapshotStrategy, "fork-emulated");
  assert.equal(one(config, "threadsave-enabled-for-backup"), "no");
  assert.equal(set(config, "threadsave-enabled-for-backup", "yes"), null);
  assert.equal(one(config, "snapshot-strategy"), "threadsave");
  assert.equal(one(config, "bgsave-default-method"), "forkless");
  assert.equal(set(config, "snapshot-strategy", "my-own", "bio-aof-offload-enabled", "no"), null);
  assert.equal(set(config, "bgsave-default-method", "forkless"), null);
  assert.equal(config.values.snapshotStrategy, "my-own");
  assert.equal(config.values.aofStrategy, "aof-inline");
  assert.equal(one(config, "forkless-infrastructure-enabled"), "yes");
});

Deno.test("forkless as default method needs the infrastructure; the older option falls back silently", () => {
  const config = make("--forkless-options-supported", "no");
  assert.equal(
    set(config, "bgsave-default-method", "forkless"),
    failed(
      "bgsave-default-method",
      "bgsave-default-method forkless requires forkless-infrastructure-enabled yes",
    ),
  );
  assert.equal(set(config, "bgsave-default-method", "fork"), null);
  assert.equal(set(config, "threadsave-enabled-for-backup", "yes"), null);
});

Deno.test("hooks run once after all values are set, and only for what changed", () => {
  const config = make();
  const calls: string[] = [];
  config.onChange(["maxmemory", "maxmemory-policy"], (values) => {
    calls.push(`${values.maxmemory} ${values.maxmemoryPolicy}`);
  });
  config.onChange("hz", () => {
    calls.push("hz");
  });
  assert.equal(set(config, "maxmemory", "5", "hz", "10", "maxmemory-policy", "allkeys-lfu"), null);
  assert.deepEqual(calls, ["5 allkeys-lfu"]);
  assert.equal(set(config, "maxmemory", "5"), null);
  assert.deepEqual(calls, ["5 allkeys-lfu"]);
});

Deno.test("a hook that refuses undoes everything, and hooks that ran see the old values again", () => {
  const config = make();
  const seen: number[] = [];
  config.onChange("maxclients", (values) => {
    seen.push(values.maxclients);
  });
  config.onChange(
    "port",
    (values) => values.port === 1 ? "Unable to listen on this port. Check server logs." : undefined,
  );
  assert.equal(
    set(config, "maxclients", "5", "port", "1", "hz", "50"),
    failed("port", "Unable to listen on this port. Check server logs."),
  );
  assert.deepEqual(seen, [5, 10000]);
  assert.equal(config.values.port, 6379);
  assert.equal(config.values.hz, 10);
  assert.equal(set(config, "port", "7000"), null);
  assert.equal(config.values.port, 7000);
});

Deno.test("protected options follow enable-protected-configs", () => {
  const local: SetContext = { local: true, loading: false };
  const config = make("--enable-protected-configs", "local");
  assert.equal(set(config, "dbfilename", "x.rdb"), failed("dbfilename", "can't set protected config"));
  assert.equal(config.set([["dbfilename", "x.rdb"]], local), null);
  assert.equal(
    config.set([["dbfilename", "a/b"]], local),
    failed("dbfilename", "dbfilename can't be a path, just a filename"),
  );
  assert.equal(config.set([["dbfilename", ""]], local), failed("dbfilename", "dbfilename can't be empty"));
  assert.equal(config.allows("enableDebugCommand", true), false);
});

Deno.test("dir changes the working directory, and changes back when another option is bad", () => {
  const host = new MemoryHost();
  const config = loadConfig(["--enable-protected-configs", "yes"], host);
  assert.equal(
    set(config, "dir", "/data", "hz", "x"),
    failed("hz", "argument couldn't be parsed into an integer"),
  );
  assert.equal(host.here, "/home");
  assert.equal(set(config, "dir", "/nosuch"), failed("dir", "No such file or directory"));
  assert.equal(set(config, "dir", ""), failed("dir", "dir can't be empty"));
  assert.equal(set(config, "dir", "/data"), null);
  assert.equal(host.here, "/data");
  assert.equal(one(config, "dir"), "/data");
});

Deno.test("while a dataset loads, options that it depends on stay as they are", () => {
  const config = make("--enable-protected-configs", "yes");
  const loading: SetContext = { local: false, loading: true };
  assert.equal(
    config.set([["hz", "50"], ["dir", "/data"]], loading),
    "LOADING Valkey is loading the dataset in memory",
  );
  assert.equal(config.values.hz, 10);
  assert.equal(config.set([["hz", "50"]], loading), null);
});

Deno.test("CONFIG REWRITE without a file, and with one that can't be written", () => {
  assert.equal(make().rewrite(), "ERR The server is running without a config file");
  const host = new MemoryHost({ "/home/a.conf": "hz 20\n" });
  const config = loadConfig(["a.conf"], host);
  host.locked.add("/home/a.conf");
  host.readFile = () => new TextEncoder().encode("hz 20\n");
  assert.equal(config.rewrite(), "ERR Rewriting config file: No space left on device");
  assert.equal(host.files.get("/home/a.conf"), "hz 20\n");
});
