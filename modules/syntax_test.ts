import assert from "node:assert/strict";
import type { CommandSpec } from "../core/commands/command.ts";
import { allCommands } from "./modules.ts";
import { syntaxOf } from "./syntax.ts";

function syntaxOfName(name: string, sub?: string): string {
  const spec = allCommands.find((each) => each.name === name)!;
  if (sub === undefined) return syntaxOf(spec);
  return syntaxOf(spec.subcommands!.find((each: CommandSpec) => each.name === sub)!, spec);
}

Deno.test("syntax: words, options, choices, repetition, blocks", () => {
  assert.equal(syntaxOfName("get"), "GET key");
  assert.equal(syntaxOfName("del"), "DEL key [key ...]");
  assert.equal(syntaxOfName("expire"), "EXPIRE key seconds [NX | XX | GT | LT]");
  assert.equal(syntaxOfName("mset"), "MSET key value [key value ...]");
  assert.equal(syntaxOfName("copy"), "COPY source destination [DB destination-db] [REPLACE]");
  assert.equal(syntaxOfName("client", "pause"), "CLIENT PAUSE timeout [WRITE | ALL]");
  assert.match(
    syntaxOfName("client", "list"),
    /^CLIENT LIST \[TYPE <NORMAL \| MASTER \| REPLICA \| PUBSUB>\] \[ID client-id \[client-id \.\.\.\]\] \[USER username\]/,
  );
  assert.equal(syntaxOfName("client", "no-evict"), "CLIENT NO-EVICT <ON | OFF>");
  assert.equal(
    syntaxOfName("set"),
    "SET key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | " +
      "EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
  );
});
