import assert from "node:assert/strict";
import { LogBoard, noProgress } from "./log_board.ts";
import type { LogFault } from "./log_writer.ts";

Deno.test("what is published is read whole, numbers beyond 2^32 too", () => {
  const worker = new LogBoard();
  const loop = new LogBoard(worker.handle);
  const published = {
    ...noProgress(0),
    writtenOffset: 2 ** 52 + 1,
    durableOffset: 2 ** 40 + 3,
    retries: -1,
    keptRecord: -7,
  };
  worker.publish(published);
  const read = noProgress(0);
  assert.equal(loop.read(read), 1);
  assert.deepEqual(read, published);
});

Deno.test("a publication that a worker did not finish was never made", () => {
  const worker = new LogBoard();
  const loop = new LogBoard(worker.handle);
  const before = { ...noProgress(5), writtenBytes: 10 };
  worker.publish(before);
  const dying = {
    ...noProgress(9),
    get keptRecord(): number {
      throw new Error("the worker dies");
    },
  };
  assert.throws(() => worker.publish(dying as ReturnType<typeof noProgress>));
  const read = noProgress(0);
  assert.equal(loop.read(read), 1);
  assert.deepEqual(read, before);
});

Deno.test("publications of another thread are never torn", async () => {
  const board = new LogBoard();
  const source = `
    import { LogBoard, noProgress } from ${JSON.stringify(new URL("./log_board.ts", import.meta.url).href)};
    self.onmessage = ({ data }) => {
      const board = new LogBoard(data);
      for (let i = 1; i <= 200_000; i++) {
        const value = i * 4_294_967_311;
        board.publish({ ...noProgress(value), fileBytes: value, writtenBytes: value, retries: value });
      }
      board.wakeLoop();
    };`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const { signal } = board;
  worker.postMessage(board.handle);
  const read = noProgress(0);
  let last = 0;
  let reads = 0;
  let isDone = false;
  const done = board.changed(signal).then(() => isDone = true);
  const keptAlive = setInterval(() => {}, 1000);
  while (!isDone) {
    for (let i = 0; i < 1000; i++, reads++) {
      board.read(read);
      assert.ok(read.writtenOffset >= last, "went back");
      last = read.writtenOffset;
      if (last > 0) assert.deepEqual([read.fileBytes, read.writtenBytes, read.retries], [last, last, last]);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  await done;
  clearInterval(keptAlive);
  worker.terminate();
  URL.revokeObjectURL(url);
  assert.ok(reads > 0);
});

Deno.test("a fault crosses as it is, a very long one cut", () => {
  const board = new LogBoard();
  const fault: LogFault = {
    kind: "write",
    code: "ENOSPC",
    message: "No space left on device",
    path: "/ü/1",
    expected: 9,
    written: 3,
  };
  board.writeFault(fault);
  assert.deepEqual(new LogBoard(board.handle).readFault(), fault);
  board.writeFault({ ...fault, message: "m".repeat(9_000), path: "p".repeat(9_000) });
  const cut = board.readFault();
  assert.equal(cut.message, "m".repeat(200));
  assert.equal(cut.path, "p".repeat(200));
});

Deno.test("samples: the newest are kept, each is taken once", () => {
  const board = new LogBoard();
  for (let i = 0; i < 300; i++) board.addSample(i % 2 === 0 ? "write" : "sync", i / 1000);
  const taken: [string, number][] = [];
  board.takeSamples((kind, milliseconds) => taken.push([kind, milliseconds]));
  assert.equal(taken.length, 256);
  assert.deepEqual(taken[0], ["write", 0.044]);
  assert.deepEqual(taken[255], ["sync", 0.299]);
  board.takeSamples(() => assert.fail("taken twice"));
});
