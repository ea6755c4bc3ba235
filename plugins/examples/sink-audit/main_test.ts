import assert from "node:assert/strict";
import type { Options, Sdk, SinkPlugin } from "../../sdk/types.ts";
import { createAudit } from "./main.ts";

const encoder = new TextEncoder();

/** A file that takes a few bytes at a time, and what was done with it. */
class ShortFile {
  text = "";
  readonly calls: string[] = [];

  seekSync(): number {
    return this.text.length;
  }
  writeSync(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, 7);
    this.text += String.fromCharCode(...bytes.subarray(0, count));
    return count;
  }
  syncSync(): void {
    this.calls.push("sync");
  }
  close(): void {
    this.calls.push("close");
  }
}

function open(file: ShortFile, options: Partial<Options> = {}): SinkPlugin {
  const log = { notice: (line: string) => file.calls.push(line) };
  const factory = createAudit(() => file, () => new Date(0));
  const plugin = factory({ log } as unknown as Sdk) as SinkPlugin;
  plugin.configure!({ file: "/audit", "size-max": 2000, ...options } as Options);
  plugin.validate!();
  plugin.start!();
  return plugin;
}

function commands(...lines: string[]): string {
  return lines.map((line) => {
    const words = line.split(" ");
    return `*${words.length}\r\n` +
      words.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`).join("");
  }).join("");
}

const STREAM = commands("SELECT 3", "SET k\u00e9y value", "MULTI", "DEL a b", "INCR n", "EXEC", "FLUSHALL");
const AUDIT = [
  '{"began":"1970-01-01T00:00:00.000Z"}',
  '{"offset":23,"database":3,"command":"SET","key":"k\u00c3\u00a9y","words":3,"bytes":34}',
  '{"offset":72,"database":3,"command":"DEL","key":"a","words":3,"bytes":27,"transaction":57}',
  '{"offset":99,"database":3,"command":"INCR","key":"n","words":2,"bytes":21,"transaction":57}',
  '{"offset":134,"database":3,"command":"FLUSHALL","words":1,"bytes":18}',
  "",
];

function audit(file: ShortFile): string[] {
  return new TextDecoder().decode(Uint8Array.from(file.text, (byte) => byte.charCodeAt(0))).split("\n");
}

Deno.test("each change has its line, wherever the stream is cut", async () => {
  const bytes = encoder.encode(STREAM);
  for (const step of [1, 2, 10, 1000]) {
    const file = new ShortFile();
    const plugin = open(file);
    for (let at = 0; at < bytes.length; at += step) await plugin.receive(bytes.slice(at, at + step), at);
    assert.deepEqual(audit(file), AUDIT);
    await plugin.drain!();
    await plugin.stop!();
    assert.deepEqual(file.calls, ["sync", "close", "4 changes in /audit"]);
  }
});

Deno.test("a gap has its line, and what was begun before it is forgotten", async () => {
  const file = new ShortFile();
  const plugin = open(file);
  const begun = encoder.encode(commands("MULTI", "SET a 1") + "*3\r\n$3\r\nSE");
  await plugin.receive(begun, 0);
  await plugin.gap!(begun.length, 500);
  await plugin.receive(encoder.encode(commands("SELECT 0", "SET b 2")), 500);
  assert.deepEqual(audit(file).slice(1), [
    '{"offset":15,"database":0,"command":"SET","key":"a","words":3,"bytes":27,"transaction":0}',
    `{"missed":[${begun.length},500]}`,
    '{"offset":523,"database":0,"command":"SET","key":"b","words":3,"bytes":27}',
    "",
  ]);
});

Deno.test("values of any size pass", async () => {
  const file = new ShortFile();
  const plugin = open(file);
  const bytes = encoder.encode(commands(`SET big ${"x".repeat(300_000)}`, "DEL big"));
  await plugin.receive(bytes.slice(0, 100_000), 0);
  await plugin.receive(bytes.slice(100_000), 100_000);
  assert.match(audit(file)[1], /"key":"big","words":3,"bytes":300033}/);
  assert.match(audit(file)[2], /"offset":300033,.*"DEL"/);
});

Deno.test("the file stays within its size", async () => {
  const file = new ShortFile();
  const plugin = open(file, { "size-max": 100 });
  const bytes = encoder.encode(commands("SET a 1"));
  await assert.rejects(async () => await plugin.receive(bytes, 0), /\/audit would be larger than 100 bytes/);
  assert.throws(() => open(file, { "size-max": 20 }), /would be larger than 20 bytes/);
});
