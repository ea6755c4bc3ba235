// Hashes with expiring fields against a model, under a clock that only the test moves: replies, what is hidden, what is
// still there, who is known to the keyspace as having expiring fields; and no memory is left behind.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ActiveExpire } from "../../core/keyspace/active_expire.ts";
import { FLAG_FIELD_EXPIRY } from "../../core/keyspace/entry_layout.ts";
import { FieldExpiry } from "../../core/keyspace/field_expiry.ts";
import { deleteCommands } from "../keys/delete_commands.ts";
import { moveCommands } from "../keys/move_commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { hashCommands } from "./commands.ts";

const STAYS = -1;
const START = 1_700_000_000_000;

interface Field {
  value: string;
  at: number;
}
type Hash = Map<string, Field>;

/** What Valkey does, as plainly as it can be said. */
class Model {
  now = START;
  readonly keys = new Map<string, Hash>();
  expiredFields = 0;

  visible(key: string, field: string): Field | undefined {
    const found = this.keys.get(key)?.get(field);
    return found !== undefined && !this.hasPassed(found) ? found : undefined;
  }

  hasPassed(field: Field): boolean {
    return field.at !== STAYS && this.now > field.at;
  }

  /** True where the field counts as new. */
  set(key: string, field: string, value: string, at: number | "keep"): boolean {
    const old = this.visible(key, field);
    if (old === undefined && this.keys.get(key)?.has(field)) this.expiredFields++;
    const until = at === "keep" ? old?.at ?? STAYS : at;
    if (!this.keys.has(key)) this.keys.set(key, new Map());
    this.keys.get(key)!.set(field, { value, at: until });
    return old === undefined;
  }

  delete(key: string, field: string): boolean {
    if (this.visible(key, field) === undefined) return false;
    this.drop(key, field);
    return true;
  }

  drop(key: string, field: string): boolean {
    const hash = this.keys.get(key);
    const had = hash?.delete(field) ?? false;
    if (hash?.size === 0) this.keys.delete(key);
    return had;
  }

  /** Deletes all fields whose time has come. */
  reclaim(): void {
    for (const [key, hash] of [...this.keys]) {
      for (const [field, entry] of [...hash]) {
        if (!this.hasPassed(entry)) continue;
        this.drop(key, field);
        this.expiredFields++;
      }
    }
  }
}

const bulk = (text: string | undefined) => text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`;
const integer = (value: number | boolean) => `:${Number(value)}\r\n`;
const array = (items: string[]) => `*${items.length}\r\n${items.join("")}`;

interface Step {
  what: string;
  key: string;
  other: string;
  fields: string[];
  value: string;
  /** Milliseconds from now; 0 and less is the past where the command allows it. */
  after: number;
  condition: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    ..."hset hset hsetex hsetex hsetex hexpire hexpire hexpire hpersist hget hmget hdel hgetdel hgetex hgetexpersist"
      .split(" "),
    ..."hincrby hsetnx hlen hgetall hkeys hscan hrandfield httl hpexpiretime copy rename del later later reclaim reclaimsome"
      .split(" "),
  ),
  key: fc.constantFrom("one", "two", "three"),
  other: fc.constantFrom("one", "two", "three"),
  fields: fc.array(fc.constantFrom("a", "b", "c", "dd", "a longer field", "f6", "f7"), {
    minLength: 1,
    maxLength: 4,
  }),
  value: fc.oneof(fc.nat(99).map(String), fc.constant("x".repeat(50)), fc.constant("y".repeat(300))),
  after: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
  condition: fc.constantFrom("", "", "", "NX", "XX", "GT", "LT", "FNX", "FXX", "KEEPTTL"),
});

class Run {
  readonly model = new Model();
  readonly #active: ActiveExpire;

  constructor(readonly rig: CommandRig) {
    const { clock } = rig.keyspace;
    clock.update = () => clock.ms = this.model.now;
    clock.update();
    this.#active = new ActiveExpire(rig.keyspace);
    rig.keyspace.stats.expiredFields = 0;
  }

  step(step: Step): void {
    const { rig, model } = this;
    const { key, fields, value, after } = step;
    const count = `${fields.length}`;
    const at = model.now + after;
    switch (step.what) {
      case "hset": {
        const added = fields.map((field) => model.set(key, field, value, STAYS));
        const reply = rig.raw("HSET", key, ...fields.flatMap((field) => [field, value]));
        assert.equal(reply, integer(added.filter(Boolean).length));
        return;
      }
      case "hsetex":
        return this.hsetex(step, at);
      case "hexpire":
        return this.hexpire(step, at);
      case "hpersist": {
        const expected = fields.map((field) => {
          const found = model.visible(key, field);
          if (found === undefined) return -2;
          if (found.at === STAYS) return -1;
          found.at = STAYS;
          return 1;
        });
        assert.equal(rig.raw("HPERSIST", key, "FIELDS", count, ...fields), array(expected.map(integer)));
        return;
      }
      case "hget":
        assert.equal(rig.raw("HGET", key, fields[0]), bulk(model.visible(key, fields[0])?.value));
        return;
      case "hmget":
        assert.equal(
          rig.raw("HMGET", key, ...fields),
          array(fields.map((field) => bulk(model.visible(key, field)?.value))),
        );
        return;
      case "hdel":
        assert.equal(
          rig.raw("HDEL", key, ...fields),
          integer(fields.filter((field) => model.delete(key, field)).length),
        );
        return;
      case "hgetdel":
      case "hgetex":
      case "hgetexpersist":
        return this.get(step, at);
      case "hincrby":
        return this.hincrby(step);
      case "hsetnx": {
        const isNew = model.visible(key, fields[0]) === undefined;
        if (isNew) model.set(key, fields[0], value, STAYS);
        assert.equal(rig.raw("HSETNX", key, fields[0], value), integer(isNew));
        return;
      }
      case "hlen":
        assert.equal(rig.raw("HLEN", key), integer(model.keys.get(key)?.size ?? 0));
        return;
      case "httl":
      case "hpexpiretime": {
        const isTtl = step.what === "httl";
        const expected = fields.map((field) => {
          const found = model.visible(key, field);
          if (found === undefined) return -2;
          if (found.at === STAYS) return -1;
          return isTtl ? Math.round((found.at - model.now) / 1000) : found.at;
        });
        assert.equal(
          rig.raw(step.what, key, "FIELDS", count, ...fields),
          array(expected.map(integer)),
        );
        return;
      }
      case "hgetall":
      case "hkeys":
      case "hscan":
      case "hrandfield":
        return this.read(step);
      case "copy":
        return this.copy(step);
      case "rename":
        if (!model.keys.has(key) || key === step.other) return;
        assert.equal(rig.raw("RENAME", key, step.other), "+OK\r\n");
        model.keys.set(step.other, model.keys.get(key)!);
        model.keys.delete(key);
        return;
      case "del":
        assert.equal(rig.raw("DEL", key), integer(model.keys.delete(key)));
        return;
      case "later":
        model.now += after;
        return;
      case "reclaim":
        rig.keyspace.clock.update();
        this.#active.slowCycle({ effort: 10, hz: 1 });
        model.reclaim();
        return;
      case "reclaimsome":
        return this.reclaimSome(key, 1 + fields.length % 2);
    }
    throw new Error(step.what);
  }

  hsetex({ key, fields, value, after, condition }: Step, at: number): void {
    const { rig, model } = this;
    const isKeep = condition === "KEEPTTL";
    const options = isKeep ? ["KEEPTTL"] : condition.length === 3 ? [condition] : [];
    // Now and then without a time.
    const withTime = !isKeep && after % 5 !== 4;
    if (withTime) options.push("PX", `${after}`);
    const reply = rig.raw(
      "HSETEX",
      key,
      ...options,
      "FIELDS",
      `${fields.length}`,
      ...fields.flatMap((field) => [field, value]),
    );
    const has = (field: string) => model.visible(key, field) !== undefined;
    const refused = (condition === "FNX" && fields.some(has)) || (condition === "FXX" && !fields.every(has));
    assert.equal(reply, integer(!refused));
    if (refused) return;
    if (withTime && after === 0) {
      model.expiredFields += fields.length;
      for (const field of fields) model.drop(key, field);
      return;
    }
    for (const field of fields) model.set(key, field, value, isKeep ? "keep" : withTime ? at : STAYS);
  }

  hexpire({ key, fields, after, condition }: Step, at: number): void {
    const { rig, model } = this;
    const rule = condition.length === 2 ? [condition] : [];
    const reply = rig.raw("HPEXPIRE", key, `${after}`, ...rule, "FIELDS", `${fields.length}`, ...fields);
    const expected = fields.map((field) => {
      const found = model.visible(key, field);
      if (found === undefined) return -2;
      const stays = found.at === STAYS;
      if (rule[0] === "NX" && !stays) return 0;
      if (rule[0] === "XX" && stays) return 0;
      if (rule[0] === "GT" && (stays || at <= found.at)) return 0;
      if (rule[0] === "LT" && !stays && at >= found.at) return 0;
      if (after === 0) {
        model.delete(key, field);
        model.expiredFields++;
        return 2;
      }
      found.at = at;
      return 1;
    });
    assert.equal(reply, array(expected.map(integer)));
  }

  get({ what, key, fields, after }: Step, at: number): void {
    const { rig, model } = this;
    const options = what === "hgetex" ? ["PX", `${after}`] : what === "hgetexpersist" ? ["PERSIST"] : [];
    const command = what === "hgetdel" ? "HGETDEL" : "HGETEX";
    const reply = rig.raw(command, key, ...options, "FIELDS", `${fields.length}`, ...fields);
    const expected = fields.map((field) => {
      const found = model.visible(key, field);
      if (found === undefined) return undefined;
      if (what === "hgetdel") model.delete(key, field);
      else if (what === "hgetexpersist") found.at = STAYS;
      else if (after > 0) found.at = at;
      else {
        model.delete(key, field);
        model.expiredFields++;
      }
      return found.value;
    });
    assert.equal(reply, array(expected.map(bulk)));
  }

  hincrby({ key, fields }: Step): void {
    const { rig, model } = this;
    const found = model.visible(key, fields[0]);
    const reply = rig.raw("HINCRBY", key, fields[0], "7");
    if (found !== undefined && !/^\d+$/.test(found.value)) {
      assert.equal(reply, "-ERR hash value is not an integer\r\n");
      return;
    }
    const sum = Number(found?.value ?? 0) + 7;
    assert.equal(reply, integer(sum));
    model.set(key, fields[0], `${sum}`, "keep");
  }

  read({ what, key }: Step): void {
    const { rig, model } = this;
    const names = [...model.keys.get(key)?.keys() ?? []].filter((field) => model.visible(key, field));
    const args = what === "hscan" ? ["0", "COUNT", "100", "NOVALUES"] : what === "hrandfield" ? ["10"] : [];
    const reply = rig.raw(what, key, ...args);
    let items = [...reply.matchAll(/\$(\d+)\r\n(.*?)\r\n/gs)].map((match) => match[2]);
    if (what === "hscan") items = items.slice(1);
    if (what === "hgetall") {
      const values = items.filter((_, index) => index % 2 === 1);
      items = items.filter((_, index) => index % 2 === 0);
      assert.deepEqual(values, items.map((field) => model.visible(key, field)!.value));
    }
    assert.deepEqual(items.toSorted(), names.toSorted());
    if (what === "hrandfield") {
      const one = rig.raw(what, key);
      assert.ok(names.length === 0 ? one === bulk(undefined) : names.some((field) => one === bulk(field)));
    }
  }

  copy({ key, other }: Step): void {
    if (key === other) return;
    const { rig, model } = this;
    const source = model.keys.get(key);
    assert.equal(rig.raw("COPY", key, other, "REPLACE"), integer(source !== undefined));
    if (source === undefined) return;
    model.keys.set(other, new Map([...source].map(([field, entry]) => [field, { ...entry }])));
  }

  reclaimSome(key: string, countMax: number): void {
    const { rig, model } = this;
    const bytes = new TextEncoder().encode(key);
    const database = rig.keyspace.databases[0];
    const ref = database.peek(bytes, 0, bytes.length);
    if (ref === 0) return;
    rig.keyspace.clock.update();
    const passed = [...model.keys.get(key)!].filter(([, entry]) => model.hasPassed(entry));
    const removed = new FieldExpiry(rig.keyspace).reclaim(database, ref, countMax);
    assert.equal(removed, Math.min(countMax, passed.length));
    model.expiredFields += removed;
    const gone = passed.filter(([field]) => !this.isThere(key, field));
    const left = passed.filter(([field]) => this.isThere(key, field));
    assert.equal(gone.length, removed);
    assert.ok(gone.every(([, first]) => left.every(([, later]) => first.at <= later.at)));
    for (const [field] of gone) model.drop(key, field);
  }

  /** Whether the hash has the field, its time come or not. */
  isThere(key: string, field: string): boolean {
    const { keyspace } = this.rig;
    keyspace.honoursExpiry = false;
    try {
      return this.rig.raw("HEXISTS", key, field) === integer(1);
    } finally {
      keyspace.honoursExpiry = true;
    }
  }

  /** The keyspace knows which hashes have expiring fields, and counts what expired. */
  check(): void {
    const { rig: { keyspace }, model } = this;
    const database = keyspace.databases[0];
    assert.equal(keyspace.stats.expiredFields, model.expiredFields);
    let expiring = 0;
    for (const [key, hash] of model.keys) {
      const bytes = new TextEncoder().encode(key);
      const ref = database.keys.find(bytes, 0, bytes.length);
      const has = [...hash.values()].some(({ at }) => at !== STAYS);
      assert.equal((keyspace.entries.meta(ref) & FLAG_FIELD_EXPIRY) !== 0, has);
      assert.equal(database.fieldExpires.has(ref), has);
      if (has) expiring++;
    }
    assert.equal(database.fieldExpires.size, expiring);
    assert.equal(database.size, model.keys.size);
  }
}

for (const hashMaxListpackEntries of [128, 0]) {
  Deno.test(`hashes with expiring fields behave like the model, up to ${hashMaxListpackEntries} fields as listpack`, () => {
    const rig = new CommandRig([...hashCommands, ...deleteCommands, ...moveCommands], {
      config: { hashMaxListpackEntries },
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        rig.keyspace.flushAll();
        // The tables of the database have their first segments after this.
        rig.raw("HSETEX", "key", "EX", "100", "FIELDS", "1", "field", "value");
        rig.raw("DEL", "key");
        const { used } = rig.keyspace.arena.stats;
        const run = new Run(rig);
        for (const each of steps) {
          run.step(each);
          run.check();
        }
        for (const key of run.model.keys.keys()) rig.raw("DEL", key);
        rig.takeEvents();
        assert.equal(rig.keyspace.arena.stats.used, used);
      }),
      { numRuns: 1000 },
    );
  });
}
