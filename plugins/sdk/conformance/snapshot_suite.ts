// What every snapshot plugin must keep, as conformance cases: the file holds the dataset as it was at the cut whatever
// happens to it meanwhile; what the file system does wrong ends in a failed save, never in a wrong file; the dump that
// was there before stays; and whatever became of one save, the next one works.
// The saves are the server's own (SaveJob) with the plugin in a real worker, over a dataset made here.
import { latin1Bytes, latin1Text } from "../../../core/bytes/ascii.ts";
import { ArenaDataset, rdbHeader } from "../../../core/persistence/rdb/arena_dataset.ts";
import { MemoryByteSource } from "../../../core/persistence/rdb/byte_source.ts";
import { loadRdb } from "../../../core/persistence/rdb/load.ts";
import { RdbError } from "../../../core/persistence/rdb/rdb_error.ts";
import { RecordingSink } from "../../../core/persistence/rdb/recording_sink.ts";
import { SaveJob, type SaveOutcome } from "../../../core/persistence/snapshot/save_job.ts";
import type { SnapshotFormat } from "../snapshot/snapshot_job.ts";
import { commandModelOf, commandModelOfBytes } from "./command_model.ts";
import { type ConformanceCase, expect, SeededBytes } from "./conformance_case.ts";
import { addEveryType, EVERY_TYPE_KEYS } from "./every_type.ts";
import type { FaultPlan } from "./fault_plan.ts";

/** The plugin under test. */
export interface SnapshotSubject {
  /** Begins saves in the plugin's worker. */
  readonly strategy: ConstructorParameters<typeof SaveJob>[1];
  /** Makes sure that the plugin's worker runs. */
  start(): Promise<void>;
  /** A folder that the plugin may write to and this program may read. */
  readonly folder: string;
  /** The plugin's file calls fail like this from now on; undefined = they work. */
  setFaults(plan: FaultPlan | undefined): Promise<void>;
  /** Ends the plugin's worker without a word. */
  kill(): void;
}

const DUMP_NAME = "dump.rdb";
const TEMP_NAME = "temp-forkless-1-1.rdb";
const OLD_DUMP = "the dump that was there before";
/** A save that takes longer than this hangs. */
const SAVE_LIMIT_MS = 30_000;
/** After a key, where a case needs the save to last. */
const SLOW_MICROS = 300;

export function snapshotCases(subject: SnapshotSubject): ConformanceCase[] {
  return [
    {
      name: "the file holds all entries of all databases, small and large, with their expiry",
      async run() {
        const dataset = filledDataset(2_000);
        await saveAndCompare(subject, dataset, modelOf(dataset));
      },
    },
    {
      name: "an empty dataset gives an empty file that loads",
      async run() {
        const dataset = new ArenaDataset();
        await saveAndCompare(subject, dataset, modelOf(dataset));
      },
    },
    {
      name: "the file holds the dataset as it was at the cut, whatever changes during the save",
      async run() {
        const dataset = filledDataset(800);
        const model = modelOf(dataset);
        const save = begin(subject, dataset, SLOW_MICROS);
        const random = new SeededBytes(20);
        await during(save, () => changeSomething(dataset, random));
        await expectSaved(save);
        compare(subject, model);
      },
    },
    {
      name: "as commands for the log, too, the file holds the dataset as it was at the cut",
      async run() {
        const dataset = filledDataset(800);
        const model = commandModelOf(dataset);
        const save = begin(subject, dataset, SLOW_MICROS, "commands");
        const random = new SeededBytes(21);
        await during(save, () => changeSomething(dataset, random));
        await expectSaved(save);
        compareModels(commandModelOfBytes(fileOf(subject)), model);
        expectNoTemp(subject);
      },
    },
    {
      name: "short writes are continued",
      async run() {
        await subject.setFaults({ call: "write", from: 1, fault: "short" });
        const dataset = filledDataset(500);
        await saveAndCompare(subject, dataset, modelOf(dataset));
      },
    },
    failing(subject, "no space: the save fails, the old dump stays", {
      call: "write",
      from: 2,
      fault: "ENOSPC",
    }),
    failing(subject, "a failing fsync: the save fails, the old dump stays", {
      call: "sync",
      from: 1,
      fault: "EIO",
    }),
    failing(subject, "a file that cannot be made: the save fails", { call: "open", from: 1, fault: "EIO" }),
    {
      name: "a cancelled save ends soon, leaves no file, and the next one works",
      async run() {
        const dataset = filledDataset(800);
        const save = begin(subject, dataset, SLOW_MICROS);
        await progressOf(save, 20);
        save.cancel();
        const outcome = await outcomeOf(save);
        expect(outcome.result === "cancelled", `the cancelled save ended as ${describe(outcome)}`);
        expectOldDump(subject);
        await saveAndCompare(subject, dataset, modelOf(dataset));
      },
    },
    {
      name: "a killed worker fails its save, the old dump stays, and the next one works",
      async run() {
        const dataset = filledDataset(800);
        const save = begin(subject, dataset, SLOW_MICROS);
        await progressOf(save, 20);
        subject.kill();
        const outcome = await outcomeOf(save);
        expect(outcome.result === "failed", `the save of a killed worker ended as ${describe(outcome)}`);
        expectOldDump(subject);
        await saveAndCompare(subject, dataset, modelOf(dataset));
      },
    },
    {
      name: "a corrupt tail of the file is seen by the loader",
      async run() {
        const dataset = withSmallValues(100);
        await saveAndCompare(subject, dataset, modelOf(dataset));
        const bytes = fileOf(subject);
        for (let cut = 1; cut <= 20; cut++) {
          expectRefused(bytes.slice(0, bytes.length - cut), `cut by ${cut} bytes`);
        }
        for (let at = 1; at <= 20; at++) {
          const bad = bytes.slice();
          bad[bad.length - at] ^= 0x10;
          expectRefused(bad, `one bit changed ${at} bytes before the end`);
        }
      },
    },
  ].map(({ name, run }) => ({ name, run: () => inFolder(subject, run) }));
}

function failing(subject: SnapshotSubject, name: string, plan: FaultPlan): ConformanceCase {
  return {
    name: `${name}, and the next one works`,
    async run() {
      const dataset = filledDataset(3_000);
      await subject.setFaults(plan);
      const outcome = await outcomeOf(begin(subject, dataset, 0));
      expect(outcome.result === "failed", `the save ended as ${describe(outcome)}`);
      expectOldDump(subject);
      await subject.setFaults(undefined);
      await saveAndCompare(subject, dataset, modelOf(dataset));
    },
  };
}

/** Each case begins with an old dump and without faults. */
async function inFolder(subject: SnapshotSubject, run: () => void | Promise<void>): Promise<void> {
  Deno.writeTextFileSync(`${subject.folder}/${DUMP_NAME}`, OLD_DUMP);
  await subject.start();
  await subject.setFaults(undefined);
  await run();
}

function begin(
  subject: SnapshotSubject,
  { keyspace }: ArenaDataset,
  keySaveDelay: number,
  format: SnapshotFormat = "rdb",
): SaveJob {
  return new SaveJob(
    keyspace,
    subject.strategy,
    {
      header: rdbHeader,
      functions: [],
      format,
      rdbVersion: 11,
      checksum: true,
      compress: true,
      incrementalSync: true,
      access: "none",
      keySaveDelay,
      directory: () => subject.folder,
      tempName: TEMP_NAME,
      shadowBytesMax: 256 * 1024 * 1024,
      heldBytesMax: 256 * 1024 * 1024,
      onFeed: () => {},
      onCongested: () => {},
    },
    DUMP_NAME,
  );
}

async function outcomeOf(save: SaveJob): Promise<SaveOutcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the save did not end within ${SAVE_LIMIT_MS} ms`)),
      SAVE_LIMIT_MS,
    );
  });
  try {
    return await Promise.race([save.done, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function expectSaved(save: SaveJob): Promise<void> {
  const outcome = await outcomeOf(save);
  expect(outcome.result === "saved", `the save ended as ${describe(outcome)}`);
}

async function saveAndCompare(subject: SnapshotSubject, dataset: ArenaDataset, model: Model): Promise<void> {
  await expectSaved(begin(subject, dataset, 0));
  compare(subject, model);
}

/** Calls `step` again and again until the save has ended. */
async function during(save: SaveJob, step: () => void): Promise<void> {
  let ended = false;
  let rounds = 0;
  save.done.then(() => ended = true);
  while (!ended) {
    for (let i = 0; i < 20; i++) step();
    rounds++;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(rounds > 5, `the save ended after ${rounds} rounds of changes; it should have lasted longer`);
}

/** Waits until so many entries are saved; fails where the save ends before. */
async function progressOf(save: SaveJob, entries: number): Promise<void> {
  let outcome: SaveOutcome | undefined;
  save.done.then((ended) => outcome = ended);
  const end = Date.now() + SAVE_LIMIT_MS;
  while (save.progress().processed < entries) {
    if (outcome !== undefined) {
      throw new Error(`the save ended as ${describe(outcome)} before ${entries} entries`);
    }
    expect(Date.now() < end, `after ${SAVE_LIMIT_MS} ms the save had not processed ${entries} entries`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** By database and key, everything that matters of a value, as text. */
type Model = Map<string, string>;

function filledDataset(keys: number): ArenaDataset {
  const dataset = withSmallValues(keys);
  const random = new SeededBytes(keys);
  dataset.string("large", textOf(random.text(400_000)));
  const fields: Record<string, string> = {};
  for (let i = 0; i < 2_000; i++) fields[`field:${i}`] = textOf(random.text(random.below(40)));
  dataset.hashTable("table", fields);
  addEveryType(dataset);
  return dataset;
}

/** Strings of all encodings and small hashes in three databases; one value in ten expires. */
function withSmallValues(keys: number): ArenaDataset {
  const dataset = new ArenaDataset();
  const random = new SeededBytes(keys);
  for (let i = 0; i < keys; i++) {
    const database = i % 3;
    const expireAt = i % 10 === 0 ? 4_000_000_000_000 + i : -1;
    if (i % 7 === 0) dataset.string(`int:${i}`, `${i - 500}`, expireAt, database);
    else if (i % 7 === 1) dataset.hashListpack(`small:${i}`, ["a", `${i}`, "b", "text"], expireAt, database);
    else dataset.string(`string:${i}`, textOf(random.text(random.below(300))), expireAt, database);
  }
  return dataset;
}

/** One change of the kinds that a save must not see. */
function changeSomething({ keyspace }: ArenaDataset, random: SeededBytes): void {
  const database = keyspace.databases[random.below(3)];
  const number = random.below(800);
  const key = latin1Bytes(`string:${number}`);
  switch (random.below(7)) {
    case 0:
    case 1: {
      const value = random.text(random.below(500));
      database.setString(key, 0, key.length, value, 0, value.length, -1);
      return;
    }
    case 2:
      database.remove(key, 0, key.length);
      return;
    case 3: {
      const fresh = latin1Bytes(`new:${number}`);
      database.setString(fresh, 0, fresh.length, fresh, 0, fresh.length, -1);
      return;
    }
    case 4: {
      const ref = database.lookupWrite(key, 0, key.length);
      if (ref !== 0) database.setExpire(ref, 4_100_000_000_000);
      return;
    }
    case 5: {
      const table = latin1Bytes("table");
      const ref = keyspace.databases[0].lookupWrite(table, 0, table.length);
      const field = latin1Bytes(`field:${random.below(4_000)}`);
      keyspace.fields.attach(keyspace.entries.valueRef(ref)).set(field, 0, field.length, key, 0, key.length);
      return;
    }
    case 6: {
      // Its blocks are freed while the worker may be in the middle of them.
      const name = latin1Bytes(EVERY_TYPE_KEYS[random.below(EVERY_TYPE_KEYS.length)]);
      keyspace.databases[0].remove(name, 0, name.length);
    }
  }
}

/** The model of what is in memory now, by way of an encoding on this thread. */
function modelOf(dataset: ArenaDataset): Model {
  return modelOfBytes(dataset.encode());
}

function modelOfBytes(bytes: Uint8Array): Model {
  const sink = new RecordingSink();
  loadRdb(new MemoryByteSource(bytes), sink, {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  });
  const model: Model = new Map();
  for (const [database, keys] of sink.databases) {
    for (const [key, { value, kind, expireAt }] of keys) {
      const parts = Array.isArray(value) && kind === "members" ? value.toSorted() : value;
      const text = typeof parts === "string" ? parts : JSON.stringify(Object.entries(parts).sort());
      model.set(`${database}/${key}`, `${expireAt} ${text}`);
    }
  }
  return model;
}

function fileOf(subject: SnapshotSubject): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(`${subject.folder}/${DUMP_NAME}`);
}

function compare(subject: SnapshotSubject, model: Model): void {
  compareModels(modelOfBytes(fileOf(subject)), model);
  expectNoTemp(subject);
}

function compareModels(saved: Model, model: Model): void {
  for (const [key, value] of model) {
    const found = saved.get(key);
    expect(found !== undefined, `key ${key} is missing in the file`);
    expect(
      found === value,
      `key ${key} has another value in the file: ${shortened(found)}, not ${shortened(value)}`,
    );
  }
  expect(saved.size === model.size, `the file has ${saved.size} keys, the dataset had ${model.size}`);
}

function expectOldDump(subject: SnapshotSubject): void {
  const text = Deno.readTextFileSync(`${subject.folder}/${DUMP_NAME}`);
  expect(text === OLD_DUMP, "the old dump was changed by a save that did not succeed");
  expectNoTemp(subject);
}

function expectNoTemp(subject: SnapshotSubject): void {
  const names = [...Deno.readDirSync(subject.folder)].map((entry) => entry.name).filter((name) =>
    name !== DUMP_NAME
  );
  expect(names.length === 0, `the save left ${names.join(", ")} behind`);
}

function expectRefused(bytes: Uint8Array, what: string): void {
  try {
    modelOfBytes(bytes);
  } catch (error) {
    if (error instanceof RdbError) return;
    throw error;
  }
  throw new Error(`a file ${what} was loaded without complaint`);
}

function describe(outcome: SaveOutcome): string {
  return outcome.result === "failed" ? `failed (${outcome.error.message})` : outcome.result;
}

function shortened(text: string): string {
  return text.length <= 60 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 60))}...`;
}

function textOf(bytes: Uint8Array): string {
  return latin1Text(bytes, 0, bytes.length);
}
