// CONFIG's replies, over a real Config and a server that is only as much as CONFIG needs.
import assert from "node:assert/strict";
import { latin1Text } from "../../core/bytes/ascii.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { silentLog } from "../../core/log/logger.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { OutputSink } from "../../core/protocol/output_sink.ts";
import { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { loadConfig } from "../../core/server/config/load_config.ts";
import { MemoryHost } from "../../core/server/config/memory_host.ts";
import { configCommands } from "./config_commands.ts";

class ConfigRig {
  readonly host = new MemoryHost({ "/home/a.conf": "hz 20\n" });
  readonly config;
  readonly logged: string[] = [];
  resets = 0;
  /** The arguments as the slow log sees them. */
  lastArguments: string[] = [];
  isLocal = false;
  loading = false;
  protocol: 2 | 3 = 2;

  constructor(...words: string[]) {
    this.config = loadConfig(words, this.host);
  }

  run(...words: (string | Uint8Array)[]): string {
    const sink = new OutputSink();
    const reply = new ReplyWriter(sink);
    reply.protocol = this.protocol;
    const args = Arguments.of("CONFIG", ...words);
    const sub = configCommands[0].subcommands!.find((each) => args.is(1, each.name))!;
    const log = { ...silentLog, notice: this.#log, warning: this.#log };
    const server = {
      config: this.config,
      log,
      loading: this.loading ? { startedAt: 0 } : null,
      resetStats: () => this.resets++,
      aof: { settling: null },
    };
    sub.handler!({ server, reply, isLocal: this.isLocal } as unknown as CommandClient, args);
    this.lastArguments = args.toStrings();
    return latin1Text(sink.bytes, 0, sink.length);
  }

  readonly #log = (message: string) => {
    this.logged.push(message);
  };
}

Deno.test("CONFIG GET gives names and values, as a map under RESP3", () => {
  const rig = new ConfigRig();
  assert.equal(
    rig.run("GET", "hz", "nosuch", "MAXMEM*ory"),
    "*4\r\n$2\r\nhz\r\n$2\r\n10\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n",
  );
  rig.protocol = 3;
  assert.equal(rig.run("GET", "hz"), "%1\r\n$2\r\nhz\r\n$2\r\n10\r\n");
  assert.equal(rig.run("GET", "nosuch"), "%0\r\n");
});

Deno.test("CONFIG SET replies OK, or the error with nothing changed", () => {
  const rig = new ConfigRig();
  assert.equal(rig.run("SET", "hz", "20", "Timeout", "3"), "+OK\r\n");
  assert.equal(rig.config.values.timeout, 3);
  assert.equal(
    rig.run("SET", "hz", "30", "timeout", "x"),
    "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer\r\n",
  );
  assert.equal(rig.config.values.hz, 20);
  assert.equal(rig.run("SET", "hz", "30", "timeout"), "-ERR syntax error\r\n");
  assert.equal(
    rig.run("SET", "nosuch", "1"),
    "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n",
  );
});

Deno.test("CONFIG SET knows local clients and loading", () => {
  const rig = new ConfigRig("--enable-protected-configs", "local");
  const refused =
    "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config\r\n";
  assert.equal(rig.run("SET", "dbfilename", "x.rdb"), refused);
  rig.isLocal = true;
  assert.equal(rig.run("SET", "dbfilename", "x.rdb"), "+OK\r\n");
  rig.loading = true;
  assert.equal(rig.run("SET", "dir", "/data"), "-LOADING Valkey is loading the dataset in memory\r\n");
});

Deno.test("a value that is no UTF-8 is refused", () => {
  const rig = new ConfigRig();
  assert.equal(
    rig.run("SET", "hz", "30", "requirepass", new Uint8Array([0xff])),
    "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - argument must be UTF-8 text\r\n",
  );
  assert.equal(rig.config.values.hz, 10);
});

Deno.test("the slow log does not see secrets, also when the command fails", () => {
  const rig = new ConfigRig();
  rig.run("SET", "hz", "20", "requirepass", "hunter2", "masterauth", "hunter3");
  assert.deepEqual(rig.lastArguments, [
    "CONFIG",
    "SET",
    "hz",
    "20",
    "requirepass",
    "(redacted)",
    "masterauth",
    "(redacted)",
  ]);
  assert.equal(rig.config.values.requirepass, "hunter2");
  rig.run("SET", "nosuch", "1", "requirepass", "hunter4");
  assert.equal(rig.lastArguments.at(-1), "(redacted)");
  rig.run("SET", "hz", "20");
  assert.deepEqual(rig.lastArguments, ["CONFIG", "SET", "hz", "20"]);
});

Deno.test("CONFIG REWRITE writes the file and logs it; without a file it says so", () => {
  const rig = new ConfigRig("a.conf");
  rig.run("SET", "hz", "30");
  assert.equal(rig.run("REWRITE"), "+OK\r\n");
  assert.match(rig.host.text("/home/a.conf"), /^hz 30\n/);
  assert.deepEqual(rig.logged, ["CONFIG REWRITE executed with success."]);
  rig.host.replaceFile = () => {
    throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  };
  assert.equal(rig.run("REWRITE"), "-ERR Rewriting config file: Permission denied\r\n");
  assert.equal(rig.logged.at(-1), "CONFIG REWRITE failed: ERR Rewriting config file: Permission denied");
  assert.equal(new ConfigRig().run("REWRITE"), "-ERR The server is running without a config file\r\n");
});

Deno.test("CONFIG RESETSTAT resets", () => {
  const rig = new ConfigRig();
  assert.equal(rig.run("RESETSTAT"), "+OK\r\n");
  assert.equal(rig.resets, 1);
});
