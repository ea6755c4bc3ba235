// deno bench core/structures/stream_bench.ts
// A stream that grows by entries of one field, trimmed to 100,000 of them; its ranges; a group that delivers and
// acknowledges; an id tree of 1,000,000 ids.
import { Arena } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { Stream } from "./stream.ts";
import { StreamCursor } from "./stream_cursor.ts";
import { StreamGroups } from "./stream_groups.ts";
import { StreamId } from "./stream_id.ts";

const LENGTH = 100_000;
const TREE_SIZE = 1_000_000;

const arena = Arena.create({ bytes: 512 * 1024 * 1024 });
const limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
const text = new TextEncoder().encode("fieldvalue of 16 byte");
const starts = [0, 5];
const ends = [5, 21];
const stream = new Stream(arena);
const root = stream.create();
const cursor = new StreamCursor(arena);
const groups = new StreamGroups(arena).attach(root);
const id = new StreamId();
const max = new StreamId().setMax();
let clock = 1_700_000_000_000;

function add(): void {
  id.setMs(++clock);
  stream.append(limits, id, text, starts, ends, 0, 1);
}

for (let n = 0; n < LENGTH; n++) add();
const group = groups.create(text, 0, 5, id.setMs(0), 0);
groups.findConsumer(group, text, 0, 5);
const consumer = groups.createConsumer(text, 0, 5, 0);

Deno.bench("append, and trim about every 100", { group: "stream" }, () => {
  add();
  if (clock % 100 === 0) stream.trimToLength(LENGTH, "about", 10_000);
});

Deno.bench("read 10 entries with their fields from the middle", { group: "stream" }, () => {
  cursor.openForward(root, id.setMs(clock - LENGTH / 2), max);
  for (let n = 0; n < 10 && cursor.next(); n++) cursor.nextPair();
});

Deno.bench("read the last entry", { group: "stream" }, () => {
  stream.readEdge(id, "last");
});

Deno.bench("find an entry by its id", { group: "stream" }, () => {
  stream.has(id.setMs(clock - 31_415));
});

Deno.bench("deliver and acknowledge", { group: "stream" }, () => {
  id.setMs(++clock);
  groups.deliver(group, consumer, id, clock);
  groups.acknowledge(group, id);
});

const header = arena.allocate(16);
for (let word = 0; word < 4; word++) arena.setU32(header * 4 + word, 0);
const tree = new IdTree(arena).attach(header * 4);
for (let n = 0; n < TREE_SIZE; n++) tree.insert(id.setMs(n * 7), n + 1);
let at = 0;

Deno.bench("find one of a million ids", { group: "id tree" }, () => {
  at = (at + 611_953) % TREE_SIZE;
  tree.find(id.setMs(at * 7));
});

Deno.bench("insert and remove between a million ids", { group: "id tree" }, () => {
  at = (at + 611_953) % TREE_SIZE;
  id.setMs(at * 7 + 3);
  tree.insert(id, 1);
  tree.remove(id);
});
