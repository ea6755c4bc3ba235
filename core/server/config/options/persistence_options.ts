// Options of snapshots and of the append-only log. Part of the option table.
import {
  enumeration,
  INT_MAX,
  INT_MIN,
  integer,
  integerChoice,
  LONG_MAX,
  memory,
  memoryOrPercent,
  text,
  yesNo,
} from "../option_kinds.ts";
import { directory, savePoints } from "../special_options.ts";

const MB = 1024 * 1024;

export const persistenceOptions = {
  "dir": directory({
    effect: "live",
    protected: true,
    denyLoading: true,
    doc: "Working directory: the dump is written here, and other relative paths begin here.",
  }),
  "dbfilename": text({
    default: "dump.rdb",
    effect: "live",
    protected: true,
    accepts: "a file name without a path",
    check: (value) => fileName("dbfilename", "filename", value),
    doc: "Name of the dump.",
  }),
  "save": savePoints({
    default: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ],
    effect: "live",
    doc: "When to save in the background: after so many seconds with so many changes.",
  }),
  "stop-writes-on-bgsave-error": yesNo({
    default: true,
    effect: "live",
    doc: "Refuse writes while the last background save failed (only with save points).",
  }),
  "rdbcompression": yesNo({ default: true, effect: "live", doc: "Compress strings in dumps (LZF)." }),
  "rdbchecksum": yesNo({
    default: true,
    effect: "live",
    immutable: true,
    doc: "End dumps with a checksum, and verify it when loading.",
  }),
  "rdb-version": integerChoice([10, 11, 80], {
    default: 11,
    effect: "live",
    doc:
      "Version of written dumps: 10 for Redis 7.0, 11 for Redis 7.2 and Valkey 7.2 to 8, 80 for Valkey 9. " +
      "A dataset with expiring hash fields is written as 80 in any case.",
  }),
  "rdb-version-check": enumeration(["strict", "relaxed"], {
    default: "strict",
    effect: "live",
    doc: "Whether to refuse dumps of unknown versions, or to try them.",
  }),
  "rdb-save-incremental-fsync": yesNo({
    default: true,
    effect: "live",
    doc: "Sync a dump to disk every 4 MiB while it is written.",
  }),
  "rdb-del-sync-files": yesNo({
    default: false,
    effect: "later",
    doc: "Delete dumps that only replication needed.",
  }),
  "rdb-key-save-delay": integer({
    default: 0,
    min: INT_MIN,
    max: INT_MAX,
    effect: "live",
    hidden: true,
    doc:
      "Microseconds to wait after each saved key; a negative number makes it that part of a microsecond (for tests).",
  }),
  "sanitize-dump-payload": enumeration(["no", "yes", "clients"], {
    default: "no",
    effect: "none",
    doc: "Whether small encodings are checked when loaded. Spork always checks them.",
  }),
  "snapshot-strategy": text({
    default: "threadsave",
    effect: "live",
    accepts: "the name of a snapshot plugin: threadsave, fork-emulated, or a loaded one",
    check: (value) => value === "" ? "snapshot-strategy can't be empty" : undefined,
    doc: "Snapshot plugin of a plain BGSAVE and of periodic saves.",
  }),
  "forkless-options-supported": yesNo({
    default: true,
    aliases: ["forkless-infrastructure-enabled"],
    effect: "live",
    immutable: true,
    doc: "Whether entries carry what threadsave needs. `no`: only fork-emulated is used.",
  }),
  "snapshot-shadow-limit": memoryOrPercent({
    default: -100,
    percentMax: 100,
    max: LONG_MAX,
    effect: "live",
    doc: "Most memory for pages that change during a fork-emulated save, or a percentage of the dataset.",
  }),
  "snapshot-shadow-policy": enumeration(["degrade", "fail"], {
    default: "degrade",
    effect: "live",
    doc: "What happens over snapshot-shadow-limit: the save goes on as a threadsave, or fails.",
  }),
  "snapshot-held-bytes-max": memory({
    default: 64 * MB,
    min: 64 * 1024,
    max: LONG_MAX,
    effect: "live",
    doc: "Most memory for old values that a threadsave still has to read; writers wait when it is used up.",
  }),
  "appendonly": yesNo({
    default: false,
    effect: "live",
    denyLoading: true,
    doc: "Whether every write is logged.",
  }),
  "appendfsync": enumeration(["everysec", "always", "no"], {
    default: "everysec",
    effect: "live",
    doc: "When the log is synced to disk.",
  }),
  "aof-strategy": text({
    default: "aof-offload",
    effect: "live",
    accepts: "the name of an aof plugin",
    check: (value) => value === "" ? "aof-strategy can't be empty" : undefined,
    doc: "Plugin that writes the log: aof-offload, aof-inline, or a loaded one.",
  }),
  "aof-error-policy": enumeration(["exit", "read-only"], {
    default: "exit",
    effect: "live",
    doc:
      "What happens when the log cannot be written under appendfsync always: the server ends, or refuses writes until " +
      "the disk works again (as under the other policies).",
  }),
  "appendfilename": text({
    default: "appendonly.aof",
    effect: "live",
    immutable: true,
    accepts: "a file name without a path",
    check: (value) => fileName("appendfilename", "filename", value),
    doc: "Beginning of the names of the log's files.",
  }),
  "appenddirname": text({
    default: "appendonlydir",
    effect: "live",
    immutable: true,
    accepts: "a directory name without a path",
    check: (value) => fileName("appenddirname", "dirname", value),
    doc: "Directory of the log, in dir.",
  }),
  "no-appendfsync-on-rewrite": yesNo({
    default: false,
    effect: "live",
    doc: "Do not sync the log while it is rewritten or a dump is saved.",
  }),
  "auto-aof-rewrite-percentage": integer({
    default: 100,
    min: 0,
    max: INT_MAX,
    effect: "live",
    doc: "Growth of the log that starts a rewrite. 0: none.",
  }),
  "auto-aof-rewrite-min-size": memory({
    default: 64 * MB,
    min: 0,
    max: LONG_MAX,
    effect: "live",
    doc: "Smallest log that is rewritten.",
  }),
  "aof-load-truncated": yesNo({ default: true, effect: "live", doc: "Load a log whose end is missing." }),
  "aof-use-rdb-preamble": yesNo({
    default: true,
    effect: "live",
    doc: "Begin a rewritten log with a dump.",
  }),
  "aof-timestamp-enabled": yesNo({ default: false, effect: "live", doc: "Write times into the log." }),
  "aof-rewrite-incremental-fsync": yesNo({
    default: true,
    effect: "live",
    doc: "Sync a rewritten log every 4 MiB.",
  }),
  "held-reply-limit-per-client": memory({
    default: 16 * MB,
    min: 0,
    max: LONG_MAX,
    effect: "live",
    doc:
      "Most reply bytes of one client that wait for the log; it is not read while there are more, and a monitor is " +
      "disconnected. 0: no limit.",
  }),
  "held-reply-limit": memory({
    default: 256 * MB,
    min: 0,
    max: LONG_MAX,
    effect: "live",
    doc:
      "Most reply bytes of all clients that wait for the log; those who wait are not read while there are more. " +
      "0: no limit.",
  }),
  "aof-inflight-limit": memory({
    default: 64 * MB,
    min: 0,
    max: LONG_MAX,
    effect: "live",
    doc:
      "Most bytes of the log that are not written yet, with messages that wait for it; beyond, writers wait. 0: no limit.",
  }),
  "aof-disable-auto-gc": yesNo({
    default: false,
    effect: "live",
    hidden: true,
    doc: "Keep files that a rewrite made useless (for tests).",
  }),
};

function fileName(option: string, word: string, value: string): string | undefined {
  if (value === "") return `${option} can't be empty`;
  return /[/\\]/.test(value) ? `${option} can't be a path, just a ${word}` : undefined;
}
