// The loss of power that crash tests play takes what no sync has made durable, and nothing else.
import assert from "node:assert/strict";
import { Random } from "../values/random.ts";
import { hasFaultDisk } from "./fault_disk.ts";
import { PowerLossDisk } from "./power_loss.ts";

const RANDOM_TRIES = 20;

/** Runs `code` (`at` is the directory, `file(name)` opens, `syncFolder()` syncs it) on the disk, then the power fails. */
function after(disk: PowerLossDisk, code: string, seed: number): Record<string, string> {
  const program = `
    const at = ${JSON.stringify(disk.data)};
    const file = (name) => Deno.openSync(at + "/" + name, { write: true, create: true });
    const put = (open, text) => open.writeSync(new TextEncoder().encode(text));
    const syncFolder = () => { const open = Deno.openSync(at); open.syncSync(); open.close(); };
    ${code}`;
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(path, program);
    disk.begin();
    const { success, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-R", "-W", path],
      env: disk.env,
    }).outputSync();
    assert.ok(success, new TextDecoder().decode(stderr));
    disk.lose(new Random(seed));
    return Object.fromEntries(
      [...Deno.readDirSync(disk.data)].map((
        { name },
      ) => [name, Deno.readTextFileSync(`${disk.data}/${name}`)]),
    );
  } finally {
    Deno.removeSync(path);
  }
}

function everyOutcome(code: string, before: Record<string, string> = {}): Record<string, string>[] {
  const outcomes = new Map<string, Record<string, string>>();
  for (let seed = 0; seed < RANDOM_TRIES; seed++) {
    using disk = new PowerLossDisk();
    for (const [name, text] of Object.entries(before)) Deno.writeTextFileSync(`${disk.data}/${name}`, text);
    const outcome = after(disk, code, seed * 7919);
    outcomes.set(JSON.stringify(outcome), outcome);
  }
  return [...outcomes.values()];
}

Deno.test({ name: "a loss of power takes bytes behind the last sync", ignore: !hasFaultDisk }, () => {
  const outcomes = everyOutcome(
    `const open = file("log"); put(open, "durable"); open.syncDataSync(); syncFolder(); put(open, "lost");`,
  );
  assert.ok(outcomes.length > 1);
  for (const { log } of outcomes) assert.ok("durablelost".startsWith(log) && log.startsWith("durable"), log);
});

Deno.test({
  name: "a loss of power takes names that no sync of their directory has made durable",
  ignore: !hasFaultDisk,
}, () => {
  const outcomes = everyOutcome(
    `const open = file("temp"); put(open, "new"); open.syncSync(); syncFolder();
     Deno.renameSync(at + "/temp", at + "/log"); file("other").syncSync(); Deno.removeSync(at + "/old");`,
    { log: "before", old: "old" },
  );
  const steps: Record<string, string>[] = [
    { log: "before", old: "old", temp: "new" },
    { log: "new", old: "old" },
    { log: "new", old: "old", other: "" },
    { log: "new", other: "" },
  ];
  assert.ok(outcomes.length > 1);
  for (const outcome of outcomes) {
    assert.ok(
      steps.some((step) => JSON.stringify(sorted(step)) === JSON.stringify(sorted(outcome))),
      Deno.inspect(outcome),
    );
  }
});

Deno.test(
  { name: "a loss of power leaves what was synced with its directory", ignore: !hasFaultDisk },
  () => {
    const outcomes = everyOutcome(
      `const open = file("temp"); put(open, "new"); open.syncSync(); Deno.renameSync(at + "/temp", at + "/log"); syncFolder();`,
      { log: "before" },
    );
    assert.deepEqual(outcomes, [{ log: "new" }]);
  },
);

for (
  const { name, repair, text } of [
    { name: "is a hole, though later syncs had success", repair: "", text: "one\0\0\0three" },
    {
      name: "is there when it was cut and written again",
      repair: `open.truncateSync(3); open.seekSync(3, 0); put(open, "two");`,
      text: "onetwothree",
    },
  ]
) {
  Deno.test({ name: `what a failed sync left out ${name}`, ignore: !hasFaultDisk }, () => {
    using disk = new PowerLossDisk({ files: "log" });
    disk.faults.fail("sync", "EIO", { from: 2, times: 1 });
    const outcome = after(
      disk,
      `const open = file("log"); syncFolder(); put(open, "one"); open.syncDataSync(); put(open, "two");
       try { open.syncDataSync(); throw new TypeError("no fault"); } catch (error) { if (error instanceof TypeError) throw error; }
       ${repair}
       put(open, "three"); open.syncDataSync();`,
      1,
    );
    assert.deepEqual(outcome, { log: text });
  });
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort();
}
