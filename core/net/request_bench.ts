// Micro-benchmark of the way of a request without the socket: parse, dispatch of toy commands, reply, output buffer. One
// iteration is one read of 32 pipelined commands; divide by 32. Run: deno task bench core/net/request_bench.ts
import type { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply_writer.ts";
import { COMMAND, RequestParser } from "../protocol/request_parser.ts";
import { defaultClientLimits } from "./client_host.ts";
import { OutputBuffer } from "./output_buffer.ts";

const PIPELINE = 32;
const encoder = new TextEncoder();

function batch(command: string[]): Uint8Array {
  const one = `*${command.length}\r\n` + command.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  return encoder.encode(one.repeat(PIPELINE));
}

const value = new Uint8Array(64).fill(0x61);
const arena = { u8: new Uint8Array(new SharedArrayBuffer(1 << 20)) };
const parser = new RequestParser(defaultClientLimits());
const output = new OutputBuffer();
const reply = new ReplyWriter(output);

function run(requests: Uint8Array, execute: (args: Arguments) => void): void {
  const view = parser.prepare();
  view.set(requests);
  parser.filled(requests.length);
  while (parser.next() === COMMAND) execute(parser.args);
  for (let bytes = output.next(); bytes !== null; bytes = output.next()) output.advance(bytes.length);
}

const gets = batch(["GET", "key:000000123456"]);
const sets = batch(["SET", "key:000000123456", "x".repeat(64)]);

// The parser's buffer grows to its working size.
for (let round = 0; round < 100; round++) run(sets, () => reply.ok());

Deno.bench("32 x GET, 64 byte value", () => run(gets, () => reply.bulk(value, 0, 64)));
Deno.bench("32 x GET, 64 byte value in the arena", () => run(gets, () => reply.bulkArena(arena, 4096, 64)));
Deno.bench("32 x GET, 1 KiB value in the arena", () => run(gets, () => reply.bulkArena(arena, 4096, 1024)));
Deno.bench("32 x SET, 64 byte value", () => run(sets, () => reply.ok()));
Deno.bench("32 x INCR-shaped reply", () => run(gets, () => reply.integer(123456)));
Deno.bench("parse only, 32 x SET", () => run(sets, () => {}));
