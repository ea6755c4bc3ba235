import assert from "node:assert/strict";
import { PluginError } from "../../plugins/plugin_error.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import { denoHost } from "./config_host.ts";
import { loadConfig } from "./load_config.ts";
import { MemoryHost } from "./memory_host.ts";

type Files = Record<string, string | Uint8Array>;

function load(files: Files, ...words: string[]): Config {
  return loadConfig(words, new MemoryHost(files));
}

function failure(files: Files, ...words: string[]): ConfigError {
  try {
    load(files, ...words);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

function text(config: Config, name: string): string {
  return config.get([name])[0][1];
}

Deno.test("conf syntax: comments, blank lines, any case, quotes, several words, repeated lines", () => {
  const config = load({
    "/home/a.conf": `# comment
      PORT 7000

maxmemory 1gb
save 60 1
save 300 2
client-output-buffer-limit normal 1mb 0 0
client-output-buffer-limit pubsub 2mb 1mb 5
requirepass "a \\"b\\" # \\x41"
bind 127.0.0.1 -::1\r
slave-priority 7
`,
  }, "a.conf");
  assert.equal(config.file, "/home/a.conf");
  assert.equal(config.values.port, 7000);
  assert.equal(text(config, "save"), "60 1 300 2");
  assert.equal(
    text(config, "client-output-buffer-limit"),
    "normal 1048576 0 0 slave 268435456 67108864 60 pubsub 2097152 1048576 5",
  );
  assert.equal(config.values.requirepass, 'a "b" # A');
  assert.deepEqual(config.values.bind, ["127.0.0.1", "-::1"]);
  assert.equal(config.values.replicaPriority, 7);
});

Deno.test("the file comes first, then the standard input, then the command line", () => {
  const host = new MemoryHost({ "/home/a.conf": "port 1\nhz 11\ntimeout 1" });
  host.standardInput = "hz 12\ntimeout 2";
  const config = loadConfig(["a.conf", "--timeout", "3", "-"], host);
  assert.deepEqual([config.values.port, config.values.hz, config.values.timeout], [1, 12, 3]);
});

Deno.test("save lines of file and command line add up, and an empty one forgets those before it", () => {
  const files = { "/home/a.conf": "save 900 1\n" };
  assert.equal(text(load(files, "a.conf"), "save"), "900 1");
  assert.equal(text(load(files, "a.conf", "--save", "60", "1"), "save"), "900 1 60 1");
  assert.equal(text(load(files, "a.conf", "--save", ""), "save"), "");
  assert.equal(text(load(files, "a.conf", "--save", "", "--save", "60 1"), "save"), "60 1");
});

Deno.test("include: from the working directory, from beside the including file, patterns in order, nothing is fine", () => {
  const config = load({
    "/etc/spork/main.conf":
      "include local.conf\ninclude parts/*.conf\ninclude none/*.conf\ninclude here.conf\n",
    "/etc/spork/local.conf": "hz 21\n",
    "/etc/spork/parts/b.conf": "timeout 2\n",
    "/etc/spork/parts/a.conf": "timeout 1\ntcp-keepalive 9\n",
    "/etc/spork/parts/.hidden.conf": "timeout 3\n",
    "/home/here.conf": "databases 4\n",
    "/etc/spork/here.conf": "databases 5\n",
  }, "/etc/spork/main.conf");
  const { hz, timeout, tcpKeepalive, databases } = config.values;
  assert.deepEqual([hz, timeout, tcpKeepalive, databases], [21, 2, 9, 4]);
});

Deno.test("an include of itself, or of a file that is not there, names the line", () => {
  const circle = failure({ "/home/a.conf": "port 1\ninclude a.conf\n" }, "a.conf");
  assert.equal(circle.code, "CONFIG_FILE");
  assert.equal(
    circle.message,
    "CONFIG_FILE: /home/a.conf line 2: include goes deeper than 16 files; " +
      "a file must not include itself, directly or through others",
  );
  const missing = failure({ "/home/a.conf": "include b.conf\n" }, "a.conf");
  assert.equal(
    missing.message,
    "CONFIG_FILE: /home/a.conf line 1: Fatal error, can't open config file '/home/b.conf': No such file or directory",
  );
  assert.equal(
    failure({}, "b.conf").reason,
    "Fatal error, can't open config file '/home/b.conf': No such file or directory",
  );
});

const mistakes: [line: string, code: string, reason: string, advice: string][] = [
  [
    "maxmemoy 1gb",
    "CONFIG_UNKNOWN_OPTION",
    "Bad directive or wrong number of arguments",
    '"maxmemoy" is no option of Spork; did you mean maxmemory?',
  ],
  [
    "search.threads 1",
    "CONFIG_UNKNOWN_OPTION",
    "Bad directive or wrong number of arguments",
    '"search.threads" is no option of Spork',
  ],
  [
    "port=7000",
    "CONFIG_UNKNOWN_OPTION",
    "Bad directive or wrong number of arguments",
    'give port and its value as two words, without "="',
  ],
  [
    "maxmemory 1x",
    "CONFIG_BAD_VALUE",
    "argument must be a memory value",
    'maxmemory: found "1x", accepted: bytes, with or without a unit (1k, 1kb, 1m, 1mb, 1g, 1gb), 0 or more',
  ],
  [
    "port 70000",
    "CONFIG_BAD_VALUE",
    "argument must be between 0 and 65535 inclusive",
    'port: found "70000", accepted: a whole number, 0 to 65535',
  ],
  [
    "port 1 2",
    "CONFIG_BAD_VALUE",
    "wrong number of arguments",
    'port: found "1 2", accepted: a whole number, 0 to 65535',
  ],
  [
    "unixsocketperm 999",
    "CONFIG_BAD_VALUE",
    "argument couldn't be parsed as an octal number",
    'unixsocketperm: found "999", accepted: an octal number from 0 to 777',
  ],
  [
    "unixsocketperm 1777",
    "CONFIG_BAD_VALUE",
    "argument must be between 0 and 777 inclusive",
    'unixsocketperm: found "1777", accepted: an octal number from 0 to 777',
  ],
  [
    "appendfsync sometimes",
    "CONFIG_BAD_VALUE",
    "argument(s) must be one of the following: everysec, always, no",
    'appendfsync: found "sometimes", accepted: everysec | always | no',
  ],
  [
    "save 60 1 x",
    "CONFIG_BAD_VALUE",
    "Invalid save parameters",
    'save: found "60 1 x", accepted: pairs of seconds and changes ("3600 1 300 100"), or "" for no periodic saves',
  ],
  [
    "dir /nosuch",
    "CONFIG_BAD_VALUE",
    "No such file or directory",
    'dir: found "/nosuch", accepted: a directory that exists',
  ],
  [
    'logfile "x',
    "CONFIG_SYNTAX",
    "Unbalanced quotes in configuration line",
    "a closing quote must end a word, and \\xHH must spell UTF-8",
  ],
  [
    "daemonize yes",
    "CONFIG_REFUSED",
    "daemonize yes: Spork does not detach itself; start it from a service manager, a container or setsid, with " +
    "daemonize no",
    "accepted: no",
  ],
  [
    "slaveof 10.0.0.1 6379",
    "CONFIG_REFUSED",
    "slaveof 10.0.0.1 6379: Spork does not replicate yet",
    'accepted: ""',
  ],
  [
    "cluster-enabled yes",
    "CONFIG_REFUSED",
    "cluster-enabled yes: Spork has no cluster mode yet",
    "accepted: no",
  ],
  [
    "aclfile users.acl",
    "CONFIG_REFUSED",
    "aclfile users.acl: Spork has no access control lists yet; use requirepass",
    'accepted: ""',
  ],
  ["user alice on", "CONFIG_REFUSED", "user: Spork has no access control lists yet; use requirepass", ""],
  [
    "loadmodule /m.so",
    "CONFIG_REFUSED",
    "loadmodule: Spork does not load C modules; it has plugins (see the line `plugin FOLDER`)",
    "",
  ],
  ["sentinel monitor x", "CONFIG_REFUSED", "sentinel: Spork is no Sentinel; it works under one", ""],
];

for (const [line, code, reason, advice] of mistakes) {
  Deno.test(`"${line}" is refused with file, line and what is accepted`, () => {
    const error = failure({ "/home/a.conf": `# one\nhz 10\n  ${line}\n` }, "a.conf");
    assert.deepEqual(
      { code: error.code, reason: error.reason, advice: error.advice, origin: error.origin },
      { code, reason, advice, origin: { file: "/home/a.conf", line: 3, text: line } },
    );
  });
}

Deno.test("rename-command collects pairs of names; half a pair is a mistake", () => {
  const words = ["--rename-command", "CONFIG", "", "--rename-command", "FlushAll", "Badger"];
  const config = loadConfig(words, new MemoryHost({}));
  assert.deepEqual(config.renames.map(({ from, to }) => [from, to]), [["config", ""], [
    "flushall",
    "badger",
  ]]);
  const error = failure({}, "--rename-command", "CONFIG");
  assert.equal(error.reason, "Bad directive or wrong number of arguments");
});

Deno.test("a report for the terminal has the place, the line and what is wrong", () => {
  assert.equal(
    failure({ "/home/a.conf": "maxmemoy 1gb" }, "a.conf").report("1.2.3"),
    `
*** FATAL CONFIG FILE ERROR (Spork 1.2.3) ***
Reading /home/a.conf, at line 1
>>> 'maxmemoy 1gb'
Bad directive or wrong number of arguments
"maxmemoy" is no option of Spork; did you mean maxmemory?
(CONFIG_UNKNOWN_OPTION)
`,
  );
});

Deno.test("secrets do not show in errors", () => {
  const error = failure({ "/home/a.conf": "requirepass hunter2 hunter3\n" }, "a.conf");
  assert.equal(error.reason, "wrong number of arguments");
  assert.ok(!error.report("1").includes("hunter"), error.report("1"));
  const yaml = failure({ "/home/a.yaml": "requirepass: [hunter2, hunter3]\n" }, "a.yaml");
  assert.ok(!yaml.report("1").includes("hunter"), yaml.report("1"));
});

Deno.test("a refused value may be overridden by a later source", () => {
  const config = load(
    { "/home/a.conf": "daemonize yes\ncluster-enabled yes\n" },
    "a.conf",
    "--daemonize",
    "no",
    "--cluster-enabled",
    "no",
  );
  assert.equal(config.values.daemonize, false);
});

Deno.test("obsolete lines of old files are read over", () => {
  load({
    "/home/a.conf": "list-max-ziplist-entries 512\nlua-replicate-commands yes\nlist-max-ziplist-value 64\n",
  }, "a.conf");
});

Deno.test("bgsave-default-method forkless without the infrastructure refuses to start, whichever line comes first", () => {
  const lines = ["bgsave-default-method forkless", "forkless-infrastructure-enabled no"];
  for (const [first, second] of [[0, 1], [1, 0]]) {
    const error = failure({ "/home/a.conf": `${lines[first]}\n${lines[second]}\n` }, "a.conf");
    assert.equal(error.code, "CONFIG_REFUSED");
    assert.match(error.reason, /forkless-infrastructure-enabled yes/);
    assert.equal(error.origin?.line, first + 1);
  }
});

Deno.test("with tls-port, options that the runtime's TLS can't follow are refused", () => {
  const error = failure({ "/home/a.conf": "tls-ciphers HIGH\ntls-port 6380\n" }, "a.conf");
  assert.equal(error.reason, "the runtime's TLS chooses this itself: with tls-port, remove tls-ciphers");
  assert.equal(error.origin?.line, 1);
  assert.equal(load({ "/home/a.conf": "tls-ciphers HIGH\n" }, "a.conf").values.tlsPort, 0);
});

Deno.test("a log file that can't be opened, and text that is no UTF-8, stop the start", () => {
  const host = new MemoryHost({
    "/home/a.conf": "logfile /locked.log\n",
    "/home/b.conf": new Uint8Array([104, 0xff]),
  });
  host.locked.add("/locked.log");
  assert.throws(() => loadConfig(["a.conf"], host), {
    code: "CONFIG_BAD_VALUE",
    reason: "Can't open the log file: Permission denied",
    option: "logfile",
  });
  assert.throws(() => loadConfig(["b.conf"], host), {
    code: "CONFIG_SYNTAX",
    reason: "/home/b.conf is not UTF-8 text",
  });
});

Deno.test("plugins are named by conf lines and by the command line", () => {
  const config = load(
    { "/home/a.conf": "plugin /opt/mine\nplugin-option mine level 3\nplugin-grant mine read /data\n" },
    "a.conf",
    "--plugin-trust",
    "aof-inline",
    "--snapshot-strategy",
    "mine",
  );
  assert.equal(config.values.snapshotStrategy, "mine");
  assert.deepEqual(config.plugins.plugins.map((plugin) => plugin.path ?? plugin.name), [
    "/opt/mine",
    "mine",
    "mine",
    "aof-inline",
  ]);
  const relative = load({ "/etc/a.conf": "plugin mine\n" }, "/etc/a.conf", "--plugin", "./other");
  assert.deepEqual(relative.plugins.plugins.map((plugin) => plugin.path), ["/etc/mine", "/home/other"]);
  assert.throws(() => load({ "/home/a.conf": "\nplugin\n" }, "a.conf"), (error: unknown) => {
    assert.ok(error instanceof PluginError);
    assert.equal(error.line, 2);
    return true;
  });
});

const stockFile = "/etc/redis/redis.conf";

Deno.test({
  name: "Debian's stock redis.conf loads, started as its service unit does",
  ignore: !denoHost.fileExists(stockFile),
}, () => {
  const host = new MemoryHost({ [stockFile]: denoHost.readFile(stockFile) });
  host.directories.add("/var/lib/redis");
  assert.throws(() => loadConfig([stockFile], host), { code: "CONFIG_REFUSED", option: "daemonize" });
  const config = loadConfig([stockFile, "--supervised", "no", "--daemonize", "no"], host);
  assert.equal(config.values.dir, "/var/lib/redis");
  assert.deepEqual(config.values.bind, ["127.0.0.1", "-::1"]);
  assert.equal(config.values.logfile, "/var/log/redis/redis-server.log");
});
