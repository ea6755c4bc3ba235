// An aof plugin: makes log bytes durable in order and says how far it got. This version of Spork starts such plugins
// but hands them no log yet.
import type { AofFactory } from "../../types.ts";

/** What the plugin needs of a file. */
export interface LogFile {
  writeSync(bytes: Uint8Array): number;
  syncDataSync(): void;
  close(): void;
}

export function createAof(openFile: (path: string) => LogFile): AofFactory {
  return () => {
    let path = "";
    let file: LogFile | undefined;
    let durable = 0;
    return {
      configure(options) {
        path = options.file as string;
      },
      start() {
        file = openFile(path);
      },
      append(bytes, offset) {
        for (let at = 0; at < bytes.length;) at += file!.writeSync(bytes.subarray(at));
        file!.syncDataSync();
        durable = offset + bytes.length;
      },
      durable: () => durable,
      stop() {
        file?.close();
      },
    };
  };
}

export default createAof((path) => Deno.openSync(path, { append: true, create: true }));
