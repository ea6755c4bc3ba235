// Options of the process: log, databases, background work, and what only a C program needs. Part of the option table.
import { enumeration, INT_MAX, INT_MIN, integer, LONG_MAX, text, yesNo } from "../option_kinds.ts";
import { integerList } from "../special_options.ts";

const TITLE_FIELDS = ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];

export const generalOptions = {
  "databases": integer({
    default: 16,
    min: 1,
    max: INT_MAX,
    effect: "live",
    immutable: true,
    doc: "Number of databases.",
  }),
  "loglevel": enumeration(["debug", "verbose", "notice", "warning", "nothing"], {
    default: "notice",
    effect: "live",
    doc: "Least important messages that are logged.",
  }),
  "logfile": text({
    default: "",
    effect: "live",
    immutable: true,
    accepts: 'a path, or "" for the standard output',
    doc: "File that the log is appended to.",
  }),
  "log-format": enumeration(["legacy", "logfmt"], {
    default: "legacy",
    effect: "live",
    doc: "Shape of a log line.",
  }),
  "log-timestamp-format": enumeration(["legacy", "iso8601", "milliseconds"], {
    default: "legacy",
    effect: "live",
    doc: "Shape of the time in a log line.",
  }),
  "hide-user-data-from-log": yesNo({
    default: true,
    effect: "live",
    doc:
      "Whether what clients sent is kept out of the log. `no`: broken requests are logged with their first bytes.",
  }),
  "syslog-enabled": yesNo({
    default: false,
    effect: "none",
    immutable: true,
    refuse: {
      accepts: ["no"],
      because:
        "Spork does not write to syslog; log to the standard output and let the service manager collect it",
    },
    doc: "Whether to log to syslog.",
  }),
  "syslog-ident": text({ default: "spork", effect: "none", immutable: true, doc: "Name in syslog." }),
  "syslog-facility": enumeration(
    ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
    { default: "local0", effect: "none", immutable: true, doc: "Facility in syslog." },
  ),
  "daemonize": yesNo({
    default: false,
    effect: "none",
    immutable: true,
    refuse: {
      accepts: ["no"],
      because:
        "Spork does not detach itself; start it from a service manager, a container or setsid, with daemonize no",
    },
    doc: "Whether to run in the background.",
  }),
  "supervised": enumeration(["systemd", "auto", "no"], {
    default: "no",
    effect: "live",
    immutable: true,
    doc:
      "Service manager to notify. `auto` is systemd where NOTIFY_SOCKET is set; upstart can't be served by this runtime.",
  }),
  "pidfile": text({
    default: "",
    unsetWhenEmpty: true,
    effect: "live",
    immutable: true,
    accepts: "a path",
    doc: "File that holds the process id while the server runs.",
  }),
  "set-proc-title": yesNo({
    default: true,
    effect: "none",
    immutable: true,
    doc: "Whether the process list shows the address. The runtime can't change it.",
  }),
  "proc-title-template": text({
    default: "{title} {listen-addr} {server-mode}",
    effect: "none",
    accepts: `a text with any of {${TITLE_FIELDS.join("} {")}}`,
    check: (value) =>
      isTitleTemplate(value) ? undefined : "template format is invalid or contains unknown variables",
    doc: "What the process list shows.",
  }),
  "always-show-logo": yesNo({
    default: false,
    effect: "live",
    immutable: true,
    doc: "Whether the log shows the logo also where it is not a terminal.",
  }),
  "crash-log-enabled": yesNo({
    default: true,
    effect: "live",
    doc: "Whether a crash is described in the log.",
  }),
  "crash-memcheck-enabled": yesNo({
    default: true,
    effect: "none",
    doc: "Whether memory is tested after a crash.",
  }),
  "use-exit-on-panic": yesNo({
    default: false,
    effect: "live",
    hidden: true,
    doc: "End with status 1 after a crash instead of by SIGABRT.",
  }),
  "watchdog-period": integer({
    default: 0,
    min: 0,
    max: INT_MAX,
    effect: "none",
    hidden: true,
    doc: "Milliseconds of a stalled loop that are reported. Use latency-monitor-threshold.",
  }),
  "enable-debug-assert": yesNo({
    default: false,
    effect: "none",
    immutable: true,
    hidden: true,
    aliases: ["debug-assert-enabled"],
    doc: "Whether costly self-checks run.",
  }),
  "hz": integer({
    default: 10,
    min: 0,
    max: INT_MAX,
    clamp: { min: 1, max: 500 },
    effect: "live",
    doc:
      "Background rounds a second: expiry, timeouts, rehashing. Values outside 1 to 500 are moved to the border.",
  }),
  "dynamic-hz": yesNo({ default: true, effect: "none", doc: "More rounds with more clients." }),
  "activerehashing": yesNo({
    default: true,
    effect: "live",
    doc: "Grow and shrink tables in idle time too.",
  }),
  "active-expire-effort": integer({
    default: 1,
    min: 1,
    max: 10,
    effect: "live",
    doc: "How hard expired keys are looked for.",
  }),
  "shutdown-timeout": integer({
    default: 10,
    min: 0,
    max: INT_MAX,
    effect: "later",
    doc: "Seconds that a shutdown waits for replicas.",
  }),
  "busy-reply-threshold": integer({
    default: 5000,
    min: 0,
    max: LONG_MAX,
    aliases: ["lua-time-limit"],
    effect: "later",
    doc: "Milliseconds after which a running script makes other clients see BUSY.",
  }),
  "lua-enable-insecure-api": yesNo({
    default: false,
    aliases: ["lua-enable-deprecated-api"],
    effect: "later",
    refuse: { accepts: ["no"], because: "Spork has no scripting yet" },
    doc: "Whether scripts may use functions that are not safe.",
  }),
  "extended-redis-compatibility": yesNo({
    default: false,
    effect: "none",
    doc: "Whether to claim to be Redis. Spork always reports a redis_version too.",
  }),
  "locale-collate": text({
    default: "",
    effect: "none",
    doc: "Locale for comparing strings. Bytes are compared.",
  }),
  "disable-thp": yesNo({
    default: true,
    effect: "none",
    immutable: true,
    doc: "Whether to switch transparent huge pages off, which hurt forks. Spork does not fork.",
  }),
  "oom-score-adj": enumeration(["no", "yes", "absolute"], {
    default: "no",
    sameAs: { relative: "yes" },
    effect: "none",
    refuse: {
      accepts: ["no"],
      because: "Spork does not change its own score; let the service manager do it (OOMScoreAdjust=)",
    },
    doc: "Whether to tell the kernel whom to kill first when memory runs out.",
  }),
  "oom-score-adj-values": integerList({
    default: [0, 200, 800],
    min: -2000,
    max: 2000,
    outside: "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
    effect: "none",
    doc: "Scores of primary, replica and child processes.",
  }),
  "server-cpulist": cpuList("server_cpulist", "the server"),
  "bio-cpulist": cpuList("bio_cpulist", "background threads"),
  "aof-rewrite-cpulist": cpuList("aof_rewrite_cpulist", "log rewrites"),
  "bgsave-cpulist": cpuList("bgsave_cpulist", "background saves"),
  "ignore-warnings": text({ default: "", effect: "none", doc: "Warnings about the system to leave out." }),
  "jemalloc-bg-thread": yesNo({
    default: true,
    effect: "none",
    doc: "Whether freed memory is returned by a thread of the C allocator.",
  }),
  "activedefrag": yesNo({
    default: false,
    effect: "none",
    refuse: {
      accepts: ["no"],
      because:
        "Active defragmentation cannot be enabled: the arena reuses freed blocks by size and does not move data",
    },
    doc: "Whether data is moved to fill holes in memory.",
  }),
  "active-defrag-ignore-bytes": integer({
    default: 100 * 1024 * 1024,
    min: 1,
    max: LONG_MAX,
    effect: "none",
    doc: "Holes that are too few to matter.",
  }),
  "active-defrag-threshold-lower": defrag(10, 0, 1000, "Percentage of holes at which moving starts."),
  "active-defrag-threshold-upper": defrag(100, 0, 1000, "Percentage of holes at which effort is greatest."),
  "active-defrag-cycle-min": defrag(1, 1, 99, "Least effort, in percent of the processor."),
  "active-defrag-cycle-max": defrag(25, 1, 99, "Greatest effort, in percent of the processor."),
  "active-defrag-cycle-us": defrag(500, 0, 100_000, "Microseconds of one round."),
  "active-defrag-max-scan-fields": defrag(1000, 1, LONG_MAX, "Fields of a collection moved at once."),
  "loading-process-events-interval-bytes": integer({
    default: 2 * 1024 * 1024,
    min: 1024,
    max: INT_MAX,
    effect: "none",
    hidden: true,
    doc: "Bytes loaded between two looks at clients.",
  }),
  "key-load-delay": integer({
    default: 0,
    min: INT_MIN,
    max: INT_MAX,
    effect: "live",
    hidden: true,
    doc:
      "Microseconds to wait for each key that is loaded at start, so that a load can be watched (for tests).",
  }),
  "dict-resizing": yesNo({
    default: true,
    effect: "none",
    hidden: true,
    doc: "Whether tables may shrink (for tests).",
  }),
  "debug-client-enforce-reply-list": yesNo({
    default: false,
    effect: "none",
    hidden: true,
    doc: "Whether replies skip the client's own buffer (for tests).",
  }),
};

function cpuList(oldName: string, what: string) {
  return text({
    default: "",
    unsetWhenEmpty: true,
    aliases: [oldName],
    effect: "none",
    immutable: true,
    doc: `Processors for ${what}. Use taskset or the service manager.`,
  });
}

function defrag(usual: number, min: number, max: number, doc: string) {
  return integer({ default: usual, min, max, effect: "none", doc });
}

function isTitleTemplate(value: string): boolean {
  const rest = value.replace(/\{([^{}]*)\}/g, (whole, name) => TITLE_FIELDS.includes(name) ? "" : whole);
  return !/[{}]/.test(rest);
}
