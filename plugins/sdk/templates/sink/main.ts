// A sink plugin: receives the stream of changes in order, as the commands that repeat them.
import type { SinkFactory } from "../../types.ts";

const sink: SinkFactory = (sdk) => {
  let expected: number | undefined;
  let received = 0;
  let missed = 0;
  return {
    receive(bytes, offset) {
      if (expected !== undefined && offset !== expected) {
        throw new Error(`bytes at ${offset} came where those at ${expected} were expected`);
      }
      expected = offset + bytes.length;
      received += bytes.length;
    },
    gap(from, to) {
      missed += to - from;
      expected = to;
    },
    stop: () => sdk.log.notice(`received ${received} bytes, missed ${missed}`),
  };
};
export default sink;
