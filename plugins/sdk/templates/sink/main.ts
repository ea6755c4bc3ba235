// A sink plugin: receives the stream of changes in order. This version of Spork starts sinks but feeds none yet.
import type { SinkFactory } from "../../types.ts";

const sink: SinkFactory = (sdk) => {
  let received = 0;
  return {
    receive(bytes, offset) {
      if (offset !== received) throw new Error(`bytes at ${offset} came after ${received} bytes`);
      received += bytes.length;
    },
    stop: () => sdk.log.notice(`received ${received} bytes`),
  };
};
export default sink;
