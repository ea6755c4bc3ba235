// The map of keys against a plain Map of strings, and its removal of entries that share a slot.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import { keyHash, KeyMap, type KeyMapEntry } from "./key_map.ts";

class Entry implements KeyMapEntry {
  readonly hash: number;
  next: this | null = null;
  constructor(readonly key: Uint8Array) {
    this.hash = keyHash(key);
  }
}

function textsOf(map: KeyMap<Entry>): string[] {
  const texts: string[] = [];
  map.forEach(({ key }) => texts.push(latin1Text(key, 0, key.length)));
  return texts.sort();
}

Deno.test("a map of keys finds, adds and removes as a Map does", () => {
  const key = fc.nat(200).map((number) => `key:${number}`);
  const operation = fc.tuple(fc.constantFrom("add", "add", "remove", "find"), key);
  fc.assert(fc.property(fc.array(operation, { maxLength: 600, size: "max" }), (operations) => {
    const map = new KeyMap<Entry>();
    const model = new Map<string, Entry>();
    for (const [what, text] of operations) {
      const bytes = latin1Bytes(`<${text}>`);
      const found = map.find(bytes, 1, bytes.length - 1);
      assert.equal(found, model.get(text) ?? null);
      if (what === "add" && found === null) {
        const entry = new Entry(latin1Bytes(text));
        map.add(entry);
        model.set(text, entry);
      } else if (what === "remove" && found !== null) {
        map.remove(found);
        model.delete(text);
      }
      assert.equal(map.size, model.size);
    }
    assert.deepEqual(textsOf(map), [...model.keys()].sort());
  }));
});

Deno.test("removing what is not in the map is a mistake that is noticed", () => {
  const map = new KeyMap<Entry>();
  map.add(new Entry(latin1Bytes("there")));
  assert.throws(() => map.remove(new Entry(latin1Bytes("elsewhere"))), /not in the map/);
});
