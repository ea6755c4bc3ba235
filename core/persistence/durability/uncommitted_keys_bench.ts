// deno bench core/persistence/durability/uncommitted_keys_bench.ts
// Ten thousand calls an iteration: divide by 10,000. The map stands for what is said without a table of one's own: text
// keys, offsets, and a sweep over all of them at each acknowledgement. "A commit of n": n keys are changed, one unit each,
// then the commit before is acknowledged, as it is while many clients write.
import { latin1Text } from "../../bytes/ascii.ts";
import { UncommittedKeys } from "./uncommitted_keys.ts";

const CALLS = 10_000;
const KEY_BYTES = 16;
const text = Array.from({ length: CALLS * 2 }, (_, n) => `key:${n}`.padEnd(KEY_BYTES)).join("");
const bytes = new TextEncoder().encode(text);
/** The first half of the keys is changed, the second one is not. */
const CLEAN = CALLS * KEY_BYTES;

class SweptMap {
  readonly #offsets = new Map<string, number>();
  #touched: string[] = [];
  seen = 0;

  touched(_database: number, key: Uint8Array, start: number, end: number): void {
    this.#touched.push(latin1Text(key, start, end));
  }

  stamp(offset: number): void {
    for (const key of this.#touched) this.#offsets.set(key, offset);
    this.#touched = [];
  }

  looked(_database: number, key: Uint8Array, start: number, end: number): void {
    const offset = this.#offsets.get(latin1Text(key, start, end));
    if (offset !== undefined && offset > this.seen) this.seen = offset;
  }

  resetSeen(): void {
    this.seen = 0;
  }

  acknowledge(acked: number): void {
    for (const [key, offset] of this.#offsets) if (offset <= acked) this.#offsets.delete(key);
  }
}

type Keys = UncommittedKeys | SweptMap;

function looks(keys: Keys, from: number): void {
  for (let at = from; at < from + CLEAN; at += KEY_BYTES) {
    keys.resetSeen();
    keys.looked(0, bytes, at, at + KEY_BYTES);
  }
}

function changed(keys: Keys, count: number): Keys {
  for (let n = 0; n < count; n++) {
    keys.touched(0, bytes, n * KEY_BYTES, (n + 1) * KEY_BYTES);
    keys.stamp(n + 1);
  }
  return keys;
}

/** Commits of `size` keys, of which `distinct` are different. */
function commits(keys: Keys, size: number, distinct: number, from: number): number {
  let offset = from;
  for (let call = 0; call < CALLS; call++) {
    const at = (call % distinct) * KEY_BYTES;
    keys.touched(0, bytes, at, at + KEY_BYTES);
    keys.stamp(++offset);
    if (offset % size === 0) keys.acknowledge(offset - size);
  }
  return offset;
}

const contenders: [string, () => Keys][] = [["two generations", () => new UncommittedKeys(16)], [
  "map",
  () => new SweptMap(),
]];

for (const dirty of [0, 50, CALLS]) {
  for (const [name, make] of contenders) {
    const keys = changed(make(), dirty);
    const baseline = name === contenders[0][0];
    const group = `look beside ${dirty} changed keys`;
    Deno.bench(`${group}, clean: ${name}`, { group, baseline }, () => looks(keys, CLEAN));
    if (dirty < CALLS) continue;
    Deno.bench(`${group}, changed: ${name}`, { group: `${group}, changed`, baseline }, () => looks(keys, 0));
  }
}

for (const [size, distinct] of [[8, CALLS], [50, CALLS], [1000, CALLS], [1000, 1], [CALLS, CALLS]]) {
  for (const [name, make] of contenders) {
    const keys = make();
    let offset = 0;
    const group = `commits of ${size}, ${distinct} keys`;
    Deno.bench(`${group}: ${name}`, { group, baseline: name === contenders[0][0] }, () => {
      offset = commits(keys, size, distinct, offset);
    });
  }
}
