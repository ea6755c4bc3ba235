// Micro-benchmark of propagation: what a SET costs between its handler and the writer of the log. One iteration is one read of
// 16 pipelined commands, then the end of the turn; divide by 16. Run: deno task bench core/server/feed/propagation_bench.ts
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena } from "../../memory/arena.ts";
import { defaultClientLimits } from "../../net/client_host.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { COMMAND, RequestParser } from "../../protocol/request_parser.ts";
import { TO_LOG, TO_REPLICAS } from "./feed_stream.ts";
import { Propagation } from "./propagation.ts";

const PIPELINE = 16;
const encoder = new TextEncoder();
const keyspace = new Keyspace(Arena.create({ bytes: 1024 * 1024 }), 1);
const parser = new RequestParser(defaultClientLimits());

function batch(command: string[]): Uint8Array {
  const one = `*${command.length}\r\n` + command.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  return encoder.encode(one.repeat(PIPELINE));
}

function run(requests: Uint8Array, execute: (args: Arguments) => void, batchEnds: () => void): void {
  for (let from = 0; from < requests.length;) {
    const view = parser.prepare();
    const part = requests.subarray(from, from + view.length);
    view.set(part);
    parser.filled(part.length);
    from += part.length;
    while (parser.next() === COMMAND) execute(parser.args);
    batchEnds();
  }
}

/** As dispatch does it for a command that changes something. */
function propagate(propagation: Propagation, args: Arguments): void {
  if (!propagation.active) return;
  propagation.commandBegins(0);
  keyspace.dirty++;
  propagation.commandEnds(args);
  propagation.endUnit();
}

function feeding(...targets: number[]): Propagation {
  const propagation = new Propagation(keyspace);
  for (const target of targets) propagation.attach({ target, append: () => {} });
  return propagation;
}

const small = batch(["SET", "key:000000123456", "xxx"]);
const sets = batch(["SET", "key:000000123456", "x".repeat(64)]);
const large = batch(["SET", "key:000000123456", "x".repeat(1024)]);

for (const [name, requests] of [["3", small], ["64", sets], ["1,024", large]] as const) {
  for (
    const [to, propagation] of [
      ["nobody", feeding()],
      ["a log", feeding(TO_LOG)],
      ["a log and replicas", feeding(TO_LOG, TO_REPLICAS)],
    ] as const
  ) {
    Deno.bench({ name: `16 x SET of ${name} bytes, to ${to}`, group: name }, () => {
      run(requests, (args) => propagate(propagation, args), () => propagation.settle());
      propagation.flush();
    });
  }
}
