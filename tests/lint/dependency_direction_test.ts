// Enforces the direction of dependencies between rooms (docs/decisions/001): what stands above may use what stands
// below, never the other way round. Type-only imports may go further than code, because nothing of them runs.
import assert from "node:assert/strict";
import { importsOf, sourceFiles } from "./source_files.ts";

interface Rule {
  /** Rooms whose code this room may import. */
  code: string[];
  /** Rooms of which it may import types besides. */
  types?: string[];
}

const GROUND = ["core/bytes", "core/log"];
const DATA = [...GROUND, "core/memory", "core/structures", "core/keyspace"];
const MIDDLE = ["core/protocol", "core/persistence", "core/replication", "core/plugins"];
const UPPER = ["core/commands", "core/net", "core/scripting"];

const RULES: Record<string, Rule> = {
  "core/bytes": { code: [] },
  "core/log": { code: ["core/bytes"] },
  "core/memory": { code: GROUND },
  "core/structures": { code: [...GROUND, "core/memory"] },
  "core/keyspace": { code: [...GROUND, "core/memory", "core/structures"] },
  "core/protocol": { code: DATA },
  "core/persistence": { code: [...DATA, "core/protocol"], types: ["core/plugins", "plugins/sdk"] },
  "core/replication": { code: [...DATA, "core/protocol", "core/persistence"], types: ["core/plugins"] },
  "core/plugins": { code: [...DATA, "core/protocol", "core/persistence", "plugins/sdk"] },
  // Commands see the server, its clients and its plugins through interfaces only.
  "core/commands": { code: [...DATA, ...MIDDLE], types: ["core/server", "core/net"] },
  "core/net": { code: [...DATA, ...MIDDLE, "core/commands"], types: ["core/server"] },
  "core/scripting": { code: [...DATA, ...MIDDLE, "core/commands"] },
  "core/server": { code: [...DATA, ...MIDDLE, ...UPPER, "modules"], types: ["plugins/sdk"] },
  modules: {
    code: [...DATA, "core/protocol", "core/persistence", "core/commands"],
    types: ["core/replication", "core/plugins"],
  },
  "plugins/sdk": { code: [...DATA, "core/persistence"] },
  "plugins/*": { code: ["plugins/sdk"] },
  "main.ts": { code: [...DATA, ...MIDDLE, ...UPPER, "core/server", "modules"] },
};

/** The table of the plugins inside the executable is the one file of core that names them. */
const SHIPPED_TABLE = "core/plugins/shipped.ts";

Deno.test("every import goes down", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles()) {
    const from = roomOf(file.path);
    if (isToolOrTest(file.path) || file.path === SHIPPED_TABLE) continue;
    const rule = RULES[from] ?? (from.startsWith("plugins/") ? RULES["plugins/*"] : undefined);
    assert.ok(rule, `${file.path}: no rule for ${from}; add the room to RULES with its direction`);
    for (const { target, line, isTypeOnly } of importsOf(file)) {
      if (target === null) continue;
      const to = roomOf(target);
      const isAllowed = to === from || rule.code.includes(to) || (isTypeOnly && rule.types?.includes(to));
      if (!isAllowed) {
        wrong.push(
          `${file.path}:${line}: ${from} must not import ${
            isTypeOnly ? "types" : "code"
          } of ${to} (${target})`,
        );
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the rules themselves have no cycle", () => {
  const visiting: string[] = [];
  const done = new Set<string>();
  const visit = (room: string) => {
    if (done.has(room)) return;
    assert.ok(!visiting.includes(room), `cycle: ${[...visiting, room].join(" -> ")}`);
    visiting.push(room);
    for (const below of RULES[room]?.code ?? []) visit(below);
    visiting.pop();
    done.add(room);
  };
  for (const room of Object.keys(RULES)) visit(room);
});

Deno.test("imports are found in every form that the source uses", () => {
  const text = [
    'import a from "./a.ts";',
    'import type { B } from "../b.ts";',
    'import {\n  c,\n  type D,\n} from "../c/c.ts";',
    'import { type E } from "./e.ts";',
    'export { f } from "./f.ts";',
    'const g = await import("./g.ts");',
    'new Worker(new URL("./h.ts", import.meta.url));',
    'import "./i.ts";',
    'import assert from "node:assert/strict";',
  ].join("\n");
  const found = importsOf({ path: "core/x/y.ts", text }).map((one) => `${one.target} ${one.isTypeOnly}`);
  assert.deepEqual(found.sort(), [
    "core/b.ts true",
    "core/c/c.ts false",
    "core/x/a.ts false",
    "core/x/e.ts true",
    "core/x/f.ts false",
    "core/x/g.ts false",
    "core/x/h.ts false",
    "core/x/i.ts false",
    "null false",
  ]);
});

/** Tests and tools may look at everything; nothing may look at them (they are in no rule's list). */
function isToolOrTest(path: string): boolean {
  return /_(test|bench)\.ts$/.test(path) || /^(tests|bench|tools|docs)\//.test(path);
}

function roomOf(path: string): string {
  const [first, second] = path.split("/");
  if (second === undefined) return first;
  return first === "core" || first === "plugins" ? `${first}/${second}` : first;
}
