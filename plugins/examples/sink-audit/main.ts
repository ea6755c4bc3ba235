// Example of a sink: keeps an audit file with one line for each change, in JSON: where it is in the stream, in which
// database, which command on which key, how many bytes; no values. What it has missed has a line, too.
import type { SinkFactory } from "../../sdk/types.ts";
import { CommandReader } from "./command_reader.ts";

/** What the plugin needs of a file. */
export interface AuditFile {
  seekSync(offset: number, whence: number): number;
  writeSync(bytes: Uint8Array): number;
  syncSync(): void;
  close(): void;
}

export function createAudit(openFile: (path: string) => AuditFile, now = () => new Date()): SinkFactory {
  return (sdk) => {
    const encoder = new TextEncoder();
    const reader = new CommandReader();
    let path = "";
    let bytesMax = 0;
    let file: AuditFile | undefined;
    let size = 0;
    let changes = 0;
    let database = 0;
    /** Offset of the MULTI whose EXEC has not come. */
    let transaction: number | undefined;
    let lines = "";

    function line(fields: Record<string, unknown>): void {
      lines += JSON.stringify(fields) + "\n";
    }

    function change(offset: number, bytes: number, words: Uint8Array[]): void {
      const command = latin1(words[0]).toUpperCase();
      if (command === "SELECT") database = Number(latin1(words[1]));
      else if (command === "MULTI") transaction = offset;
      else if (command === "EXEC") transaction = undefined;
      else {
        const key = words.length > 1 ? latin1(words[1]) : undefined;
        line({ offset, database, command, key, words: words.length, bytes, transaction });
        changes++;
      }
    }

    function write(): void {
      const bytes = encoder.encode(lines);
      lines = "";
      if (size + bytes.length > bytesMax) {
        throw new Error(`${path} would be larger than ${bytesMax} bytes: move it away`);
      }
      for (let at = 0; at < bytes.length;) at += file!.writeSync(bytes.subarray(at));
      size += bytes.length;
    }

    return {
      configure(options) {
        path = options.file as string;
        bytesMax = options["size-max"] as number;
      },
      validate() {
        if (path.endsWith("/")) throw new Error(`file is "${path}"; accepted: the path of a file`);
      },
      start() {
        file = openFile(path);
        size = file.seekSync(0, Deno.SeekMode.End);
        line({ began: now().toISOString() });
        write();
      },
      receive(bytes, offset) {
        reader.push(bytes, offset, change);
        if (lines !== "") write();
      },
      gap(from, to) {
        reader.reset();
        transaction = undefined;
        line({ missed: [from, to] });
        write();
      },
      drain() {
        file?.syncSync();
      },
      stop() {
        file?.close();
        sdk.log.notice(`${changes} changes in ${path}`);
      },
    };
  };
}

export default createAudit((path) => Deno.openSync(path, { append: true, create: true }));

/** One character a byte: names of keys are bytes. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
