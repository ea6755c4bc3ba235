// A save on the loop: SAVE, SHUTDOWN, FLUSHALL with save points and DEBUG RELOAD. Nothing else runs meanwhile, so the
// dataset is read as it is. The coordinator of saves calls it.
import type { Keyspace } from "../keyspace/keyspace.ts";
import { LiveReader } from "../memory/arena_reader.ts";
import { RdbEncoder, type RdbEncoderOptions, type RdbHeader } from "../persistence/rdb/encoder.ts";
import { SaveFile, type SaveFileOptions } from "../persistence/rdb/save_file.ts";

export interface ForegroundSave {
  header: RdbHeader;
  /** Sources of function libraries. */
  functions: readonly Uint8Array[];
  encoder: RdbEncoderOptions;
  file: SaveFileOptions;
  /** Name of the dump. */
  finalName: string;
}

/** Writes the dump. Throws where that failed: then the old one is as it was, and no temporary file is left. */
export function saveInForeground(keyspace: Keyspace, save: ForegroundSave): void {
  const file = new SaveFile(save.file);
  try {
    encode(keyspace, new RdbEncoder(new LiveReader(keyspace.arena), file, save.encoder), save);
    file.commit(save.finalName);
  } catch (error) {
    discard(file);
    throw error;
  }
}

function encode(keyspace: Keyspace, encoder: RdbEncoder, save: ForegroundSave): void {
  encoder.header(save.header);
  for (const library of save.functions) encoder.functionLibrary(library);
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    encoder.database(database.id, database.keys.size, database.expires.size);
    database.keys.forEach((ref) => encoder.entry(ref, database.id));
  }
  encoder.end();
}

function discard(file: SaveFile): void {
  try {
    file.discard();
  } catch {
    // The temporary file may be gone, with its directory; what matters is the error before.
  }
}
