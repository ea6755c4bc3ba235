import assert from "node:assert/strict";
import { CommandStream } from "./command_stream.ts";

Deno.test("commands carry their key number and a value of the right size", () => {
  const stream = new CommandStream({ words: ["SET", "key:#", "<value>"], valueBytes: 8 });
  const text = (count: number, key: number) =>
    new TextDecoder().decode(stream.commands(count, (index) => key + index));
  const pattern = (digits: string) =>
    `\\*3\\r\\n\\$3\\r\\nSET\\r\\n\\$16\\r\\nkey:${digits}\\r\\n\\$8\\r\\n[A-Za-z0-9+/]{8}\\r\\n`;
  assert.match(text(1, 42), new RegExp(`^${pattern("000000000042")}$`));
  assert.match(text(2, 999), new RegExp(`^${pattern("000000000999")}${pattern("000000001000")}$`));
});
