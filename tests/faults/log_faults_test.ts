// The log on a disk that is full, takes half of a write or fails to sync, and with a worker that breaks: the server ends with
// status 1 or refuses writes until all is well again, as configured, says so, and loses nothing that it acknowledged.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { persistence } from "../integration/saves.ts";
import { hasFaultDisk } from "./fault_disk.ts";
import {
  LateReply,
  type LogOptions,
  nothingLost,
  startLogged,
  STRATEGIES,
  untilRefusing,
  untilWritable,
  Writes,
} from "./logs.ts";
import { PowerLossDisk } from "./power_loss.ts";

const LOG = { files: "appendonlydir" };
const SPACE_BYTES = 100_000;

interface Trouble {
  name: string;
  begin(disk: PowerLossDisk): void;
  /** In the log when the server ends. */
  exitLog: RegExp[];
  misconf: RegExp;
}

const TROUBLES: Trouble[] = [
  {
    name: "a full disk",
    begin: (disk) => void (disk.faults.spaceBytes = SPACE_BYTES),
    exitLog: [
      /(Short write while writing to|Error writing to) the AOF file:.*No space left on device/,
      /Can't recover from AOF write error when the AOF fsync policy is 'always'\. Exiting\.\.\./,
    ],
    misconf: /^MISCONF Errors writing to the AOF file: No space left on device/,
  },
  {
    name: "a write that takes half of a record, then none",
    begin: (disk) => disk.faults.fail("write", "ENOSPC", { from: 3, comesShort: true }),
    exitLog: [
      /Short write while writing to the AOF file: \(nwritten=\d+, expected=\d+\)/,
      /Can't recover from AOF write error when the AOF fsync policy is 'always'\. Exiting\.\.\./,
    ],
    misconf: /^MISCONF Errors writing to the AOF file: No space left on device/,
  },
  {
    name: "a sync that fails",
    begin: (disk) => disk.faults.fail("sync", "EIO", { from: 3 }),
    exitLog: [
      /Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input\/output error.*\. Exiting\.\.\./,
    ],
    misconf: /^MISCONF Errors writing to the AOF file: Input\/output error/,
  },
];

for (const strategy of STRATEGIES) {
  for (const trouble of TROUBLES) {
    Deno.test({ name: `${strategy}, always, exit: ${trouble.name}`, ignore: !hasFaultDisk }, async () => {
      using disk = new PowerLossDisk(LOG);
      const options: LogOptions = { policy: "always", strategy };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      const writes = new Writes();
      assert.ok(await writes.pipeline(client, 20));
      trouble.begin(disk);
      await writes.untilTrouble(client);
      const { code, signal } = await server.exited;
      assert.deepEqual({ code, signal }, { code: 1, signal: null }, server.log);
      for (const line of trouble.exitLog) assert.match(server.log, line);
      await nothingLost(disk, server, options, writes);
    });

    Deno.test(
      { name: `${strategy}, always, read-only: ${trouble.name}`, ignore: !hasFaultDisk },
      async () => {
        using disk = new PowerLossDisk(LOG);
        const options: LogOptions = { policy: "always", strategy, errorPolicy: "read-only" };
        await using server = await startLogged(disk, options);
        await using client = await server.connect();
        await using other = await server.connect();
        await using third = await server.connect();
        const writes = new Writes();
        assert.ok(await writes.pipeline(client, 20));
        trouble.begin(disk);
        const trying = writes.untilTrouble(client);
        await untilRefusing(third);
        const refusal = await other.error("SET", "other", "x");
        assert.match(refusal, trouble.misconf);
        // What is durable is served.
        assert.equal(await third.call("GET", "key:0").then((value) => String(value).slice(0, 2)), "0:");
        writes.stop();
        disk.faults.heal();
        await untilWritable(server, third);
        await trying;
        assert.ok(await writes.pipeline(client, 20), "the writer goes on");
        assert.match(server.log, /AOF write error looks solved\. The server can write again\./);
        assert.doesNotMatch(server.log, /Exiting/);
        await nothingLost(disk, server, options, writes);
      },
    );
  }

  for (const trouble of TROUBLES) {
    Deno.test({
      name: `${strategy}, always, read-only: a loss of power during ${trouble.name}`,
      ignore: !hasFaultDisk,
    }, async () => {
      using disk = new PowerLossDisk(LOG);
      const options: LogOptions = { policy: "always", strategy, errorPolicy: "read-only" };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      await using other = await server.connect();
      const writes = new Writes();
      assert.ok(await writes.pipeline(client, 20));
      trouble.begin(disk);
      const trying = writes.untilTrouble(client);
      await untilRefusing(other);
      await nothingLost(disk, server, options, writes);
      await trying;
    });
  }

  Deno.test({
    name:
      `${strategy}, always, read-only: what was written before the disk failed is seen when it is durable`,
    ignore: !hasFaultDisk,
  }, async () => {
    using disk = new PowerLossDisk(LOG);
    const options: LogOptions = { policy: "always", strategy, errorPolicy: "read-only" };
    await using server = await startLogged(disk, options);
    await using writer = await server.connect();
    await using reader = await server.connect();
    await using other = await server.connect();
    await other.call("SET", "clean", "yes");
    disk.faults.fail("sync", "EIO");
    const set = new LateReply(writer, ["SET", "dirty", "new"]);
    await untilRefusing(other);
    const get = new LateReply(reader, ["GET", "dirty"]);
    await set.isHeldWhile(other);
    await get.isHeldWhile(other);
    assert.equal(await other.call("GET", "clean"), "yes");
    disk.faults.heal();
    await Promise.all([set.arrived, get.arrived]);
    assert.deepEqual([set.reply, get.reply], ["OK", "new"]);
  });

  for (const trouble of TROUBLES) {
    Deno.test({ name: `${strategy}, everysec: ${trouble.name}`, ignore: !hasFaultDisk }, async () => {
      using disk = new PowerLossDisk(LOG);
      const options: LogOptions = { policy: "everysec", strategy };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      const writes = new Writes();
      assert.ok(await writes.pipeline(client, 20));
      trouble.begin(disk);
      await eventually(async () => !(await writes.pipeline(client, 10)), { what: "a write is refused" });
      assert.match(writes.refusal!, trouble.misconf);
      assert.equal((await persistence(client)).aof_last_write_status, "err");
      assert.equal(await client.call("GET", "key:0").then((value) => String(value).slice(0, 2)), "0:");
      disk.faults.heal();
      await untilWritable(server, client);
      assert.ok(await writes.pipeline(client, 20));
      assert.equal(await client.call("WAITAOF", 1, 0, 10_000).then(String), "1,0");
      await nothingLost(disk, server, options, writes);
    });
  }

  Deno.test(
    { name: `${strategy}: a shutdown while the disk is full says so`, ignore: !hasFaultDisk },
    async () => {
      using disk = new PowerLossDisk(LOG);
      const options: LogOptions = { policy: "everysec", strategy };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      const writes = new Writes();
      assert.ok(await writes.pipeline(client, 20));
      disk.faults.spaceBytes = 10_000;
      await eventually(async () => !(await writes.pipeline(client, 10)), { what: "a write is refused" });
      const status = await server.terminate();
      assert.match(server.log, /AOF/);
      assert.notEqual(status.signal, "SIGKILL", "the shutdown came to an end");
      disk.faults.heal();
      await using again = await startLogged(disk, options);
      await again.kill();
    },
  );
}

/** A log plugin whose worker breaks at the hundredth flush. */
class BreakingPlugin implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "spork-log-breaks-" });

  constructor(runs: string, what: string) {
    Deno.writeTextFileSync(
      `${this.folder}/plugin.yaml`,
      `name: breaks
version: 1.0.0
api: ^1.0.0
kind: aof
entry: main.ts
permissions:
  write:
    allow: ["\${dir}/\${appenddirname}"]
    reason: writes and syncs the log
declares: [durable-before-ack]
provides:
  runs: ${runs}
`,
    );
    Deno.writeTextFileSync(
      `${this.folder}/main.ts`,
      `let written = 0;
export default () => ({
  flush(log) {
    written += log.waitingBytes;
    if (written > 50_000) { written = 0; ${what} }
    log.write();
    if (log.syncDue) log.sync();
  },
});
`,
    );
  }

  get config(): string {
    return `plugins:
  aof: breaks
  load:
    - path: ${this.folder}
      grants:
        write: ["\${dir}/\${appenddirname}"]
`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

const BREAKS = [
  { name: "throws", what: `throw new Error("oh no");` },
  { name: "ends its worker", what: "Deno.exit(3);" },
  {
    name: "forgets a rejected promise",
    what: `Promise.reject(new Error("oh no")); throw new Error("again");`,
  },
];

for (const { name, what } of BREAKS) {
  Deno.test({ name: `a log plugin that ${name}: exit`, ignore: !hasFaultDisk }, async () => {
    using disk = new PowerLossDisk(LOG);
    using plugin = new BreakingPlugin("worker", what);
    const options: LogOptions = { policy: "always", strategy: "breaks", config: plugin.config };
    await using server = await startLogged(disk, options);
    await using client = await server.connect();
    const writes = new Writes();
    await writes.untilTrouble(client);
    const { code, signal } = await server.exited;
    assert.deepEqual({ code, signal }, { code: 1, signal: null }, server.log);
    assert.match(server.log, /Can't recover from AOF write error when the AOF fsync policy is 'always'/);
    await nothingLost(disk, server, { policy: "always" }, writes);
  });

  Deno.test({
    name: `a log plugin that ${name}: read-only, and another worker goes on`,
    ignore: !hasFaultDisk,
  }, async () => {
    using disk = new PowerLossDisk(LOG);
    using plugin = new BreakingPlugin("worker", what);
    const options: LogOptions = {
      policy: "always",
      strategy: "breaks",
      errorPolicy: "read-only",
      config: plugin.config,
    };
    await using server = await startLogged(disk, options);
    await using client = await server.connect();
    await using other = await server.connect();
    const writes = new Writes();
    const trying = writes.untilTrouble(client);
    await server.waitForLog(/Error writing to the AOF file|AOF write error looks solved/);
    await untilWritable(server, other);
    await server.waitForLog(/AOF write error looks solved/);
    writes.stop();
    await trying;
    await nothingLost(disk, server, { policy: "always" }, writes);
  });
}

Deno.test("a log whose last record is torn is cut to the last whole one, once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-torn-" });
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  try {
    const server = await SporkServer.start({ dir, args });
    await using client = await server.connect();
    const writes = new Writes();
    assert.ok(await writes.pipeline(client, 20));
    await server.kill();
    const path = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`;
    const whole = (await Deno.stat(path)).size;
    await Deno.writeTextFile(path, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\nhalf", { append: true });

    const cut = await SporkServer.start({ dir, args });
    assert.match(cut.log, /Truncating the AOF/);
    assert.equal((await Deno.stat(path)).size, whole);
    await using after = await cut.connect();
    await writes.check(after);
    assert.ok(await writes.pipeline(after, 5));
    await cut.kill();

    await using again = await SporkServer.start({ dir, args });
    assert.doesNotMatch(again.log, /Truncating/);
    await using last = await again.connect();
    await writes.check(last);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
