// Makes the object that a plugin's factory is given. Runs in the plugin's worker.
import { LzfCompressor, lzfDecompress } from "../../core/bytes/lzf.ts";
import type { ControlBlock } from "./control_block.ts";
import type { BlockCodec, PluginLog, Sdk } from "./types.ts";
import { PLUGIN_API_VERSION } from "./version.ts";

export function createSdk(
  name: string,
  control: ControlBlock,
  line: (level: "debug" | "notice" | "warning", text: string) => void,
): Sdk {
  const log: PluginLog = {
    debug: (message) => line("debug", message),
    notice: (message) => line("notice", message),
    warning: (message) => line("warning", message),
  };
  return {
    apiVersion: PLUGIN_API_VERSION,
    name,
    log,
    stopping: () => control.stopping,
    lzf: createLzf(),
  };
}

function createLzf(): BlockCodec {
  const compressor = new LzfCompressor();
  return {
    compress: (source, start, end, target, targetStart, targetEnd) =>
      compressor.compress(source, start, end, target, targetStart, targetEnd),
    decompress: lzfDecompress,
  };
}
