// Example of a sink: appends a line for each batch of changes to a file of its own. It shows all steps of the
// lifecycle, an option of each sort and a permission that follows an option. Nothing feeds sinks yet.
import type { SinkFactory } from "../../sdk/types.ts";

/** What the plugin needs of a file. */
export interface AuditFile {
  writeSync(bytes: Uint8Array): number;
  syncSync(): void;
  close(): void;
}

export function createAudit(openFile: (path: string) => AuditFile): SinkFactory {
  return (sdk) => {
    let path = "";
    let bytesMax = 0;
    let file: AuditFile | undefined;
    let bytes = 0;
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
      },
      receive(batch, offset) {
        const line = new TextEncoder().encode(`${offset} ${batch.length} ${checksum(batch)}\n`);
        if (bytes + line.length > bytesMax) throw new Error(`${path} would be larger than ${bytesMax} bytes`);
        for (let at = 0; at < line.length;) at += file!.writeSync(line.subarray(at));
        bytes += line.length;
      },
      drain() {
        file?.syncSync();
      },
      stop() {
        file?.close();
        sdk.log.notice(`wrote ${bytes} bytes to ${path}`);
      },
    };
  };
}

export default createAudit((path) => Deno.openSync(path, { append: true, create: true }));

/** Adler-32 in hexadecimal. */
function checksum(bytes: Uint8Array): string {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return (b * 65536 + a).toString(16).padStart(8, "0");
}
