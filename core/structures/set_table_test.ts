import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import { Arena } from "../memory/arena.ts";
import { SetTable } from "./set_table.ts";

const MiB = 1024 * 1024;
const ADDS = new Array(8).fill("add");

function membersOf(arena: Arena, table: SetTable): string[] {
  const members: string[] = [];
  table.forEach((ref) => {
    const address = table.memberAddress(ref);
    members.push(latin1Text(arena.u8, address, address + table.memberLength(ref)));
  });
  return members.sort();
}

Deno.test("random changes against a model, copies included, without a leak", () => {
  const arena = Arena.create({ bytes: 64 * MiB });
  const table = new SetTable(arena);
  const other = new SetTable(arena);
  const before = arena.stats.used;
  const member = fc.oneof(
    fc.nat(300).map((number) => `member:${number}`),
    fc.nat(40).map((length) => "x".repeat(length)),
    fc.string({ unit: "binary-ascii", maxLength: 8 }),
  );
  const operation = fc.tuple(fc.constantFrom(...ADDS, "delete", "delete", "take", "take", "copy"), member);
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 200, size: "max" }), (operations) => {
      const model = new Set<string>();
      table.create();
      for (const [kind, text] of operations) {
        const bytes = latin1Bytes(`-${text}`);
        if (kind === "add") {
          assert.equal(table.add(bytes, 1, bytes.length), !model.has(text));
          model.add(text);
        } else if (kind === "delete") {
          assert.equal(table.delete(bytes, 1, bytes.length), model.delete(text));
        } else if (kind === "take" && model.size > 0) {
          const ref = table.random();
          const address = table.memberAddress(ref);
          assert.ok(model.delete(latin1Text(arena.u8, address, address + table.memberLength(ref))));
          table.deleteRef(ref);
        } else if (kind === "copy") {
          other.copyOf(table.root);
          assert.deepEqual(membersOf(arena, other), [...model].sort());
          other.destroyWithMembers();
        }
        assert.equal(table.find(bytes, 1, bytes.length) !== 0, model.has(text));
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(membersOf(arena, table), [...model].sort());
      table.destroyWithMembers();
      assert.equal(arena.stats.used, before);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a full arena leaves the table as it was, and nothing of a copy", () => {
  const arena = Arena.create({ bytes: MiB });
  const table = new SetTable(arena);
  table.create();
  const bytes = new Uint8Array(60_000);
  const refused = () => assert.throws(() => table.add(bytes, 0, bytes.length), { code: "ARENA_FULL" });
  let added = 0;
  for (; added < 9; added++) {
    bytes[0] = added;
    table.add(bytes, 0, bytes.length);
  }
  const used = arena.stats.used;
  assert.throws(() => new SetTable(arena).copyOf(table.root), { code: "ARENA_FULL" });
  assert.equal(arena.stats.used, used);
  for (bytes[0] = added; added < 40; added++) {
    bytes[0] = added;
    try {
      table.add(bytes, 0, bytes.length);
    } catch {
      break;
    }
  }
  refused();
  assert.equal(table.size, added);
});
