import assert from "node:assert/strict";
import { type LogOptions, type LogSink, ServerLog } from "./logger.ts";

const DEFAULTS: LogOptions = { level: "notice", file: "", format: "legacy", timestampFormat: "legacy" };
const WHEN = new Date(2026, 6, 3, 4, 5, 6, 7);

class MemorySink implements LogSink {
  output = "";
  errors = "";
  failing = false;
  readonly files = new Map<string, string>();
  appendToFile(path: string, line: Uint8Array): void {
    if (this.failing) throw new Error("No space left on device");
    this.files.set(path, (this.files.get(path) ?? "") + new TextDecoder().decode(line));
  }
  writeToOutput(line: Uint8Array): void {
    this.output += new TextDecoder().decode(line);
  }
  writeToErrors(line: Uint8Array): void {
    this.errors += new TextDecoder().decode(line);
  }
}

function make(options: Partial<LogOptions> = {}) {
  const sink = new MemorySink();
  return { sink, log: new ServerLog({ ...DEFAULTS, ...options }, 4711, sink, () => WHEN) };
}

Deno.test("a line has pid, role, local time with milliseconds, the level's mark and the message", () => {
  const { sink, log } = make({ level: "debug" });
  log.debug("a");
  log.role = "M";
  log.verbose("b");
  log.role = "S";
  log.notice("c");
  log.role = "X";
  log.warning("d");
  assert.equal(
    sink.output,
    "4711:C 03 Jul 2026 04:05:06.007 . a\n4711:M 03 Jul 2026 04:05:06.007 - b\n" +
      "4711:S 03 Jul 2026 04:05:06.007 * c\n4711:X 03 Jul 2026 04:05:06.007 # d\n",
  );
});

Deno.test("messages below the level are left out, and the level can change while the server runs", () => {
  const { sink, log } = make({ level: "warning" });
  log.notice("no");
  log.options.level = "notice";
  log.notice("yes");
  log.options.level = "nothing";
  log.warning("no");
  assert.equal(sink.output, "4711:C 03 Jul 2026 04:05:06.007 * yes\n");
});

Deno.test("logfmt is one key=value line without quotes or control characters in the message", () => {
  const { sink, log } = make({ format: "logfmt", timestampFormat: "milliseconds" });
  log.role = "M";
  log.notice('say "hi"\nthere');
  assert.equal(
    sink.output,
    `pid=4711 role=primary timestamp="${WHEN.getTime()}" level=notice message="say 'hi' there"\n`,
  );
});

Deno.test("ISO 8601 times name the zone", () => {
  const { sink, log } = make({ timestampFormat: "iso8601" });
  log.notice("x");
  const match = /^4711:C (\S+) \* x\n$/.exec(sink.output);
  assert.match(match![1], /^2026-07-03T04:05:06\.007[+-]\d\d:\d\d$/);
  assert.equal(new Date(match![1]).getTime(), WHEN.getTime());
});

Deno.test("a long message is cut at 1024 bytes, between characters", () => {
  const { sink, log } = make();
  log.notice("é".repeat(2000));
  const message = sink.output.slice(sink.output.indexOf("* ") + 2, -1);
  assert.equal(message, "é".repeat(512));
});

Deno.test("a file that can't be written sends the line to the standard error, says why once, and counts", () => {
  const { sink, log } = make({ file: "some.log" });
  log.notice("one");
  sink.failing = true;
  log.notice("two");
  log.notice("three");
  sink.failing = false;
  log.notice("four");
  assert.equal(log.lost, 2);
  assert.deepEqual([...sink.files.keys()], ["some.log"]);
  assert.match(sink.files.get("some.log")!, /one\n.*four\n$/s);
  assert.match(sink.errors, /^Can't write the log: No space left on device\n.*two\n.*three\n$/s);
});

Deno.test("a real file is appended to, and made again after it was moved away", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const file = `${directory}/spork.log`;
    Deno.writeTextFileSync(file, "before\n");
    const log = new ServerLog({ ...DEFAULTS, file }, 1, undefined, () => WHEN);
    log.notice("one");
    Deno.renameSync(file, `${file}.1`);
    log.notice("two");
    assert.equal(Deno.readTextFileSync(`${file}.1`), "before\n1:C 03 Jul 2026 04:05:06.007 * one\n");
    assert.equal(Deno.readTextFileSync(file), "1:C 03 Jul 2026 04:05:06.007 * two\n");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
