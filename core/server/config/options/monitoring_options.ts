// Options of slow log, latency and notifications. Part of the option table.
import { integer, LONG_MAX, yesNo } from "../option_kinds.ts";
import { keyspaceEvents, percentiles } from "../special_options.ts";

export const monitoringOptions = {
  "slowlog-log-slower-than": integer({
    default: 10000,
    min: -1,
    max: LONG_MAX,
    aliases: ["commandlog-execution-slower-than"],
    effect: "live",
    doc: "Microseconds from which a command is in the slow log. -1: none; 0: all.",
  }),
  "slowlog-max-len": integer({
    default: 128,
    min: 0,
    max: LONG_MAX,
    aliases: ["commandlog-slow-execution-max-len"],
    effect: "live",
    doc: "Length of the slow log.",
  }),
  "commandlog-request-larger-than": commandLog(
    1024 * 1024,
    -1,
    "Bytes from which a request is in the command log.",
  ),
  "commandlog-large-request-max-len": commandLog(128, 0, "Length of the log of large requests."),
  "commandlog-reply-larger-than": commandLog(
    1024 * 1024,
    -1,
    "Bytes from which a reply is in the command log.",
  ),
  "commandlog-large-reply-max-len": commandLog(128, 0, "Length of the log of large replies."),
  "latency-monitor-threshold": integer({
    default: 0,
    min: 0,
    max: LONG_MAX,
    effect: "live",
    doc: "Milliseconds from which an event is a latency spike. 0: no monitor.",
  }),
  "latency-tracking": yesNo({
    default: true,
    effect: "live",
    doc: "Keep a histogram of each command's time.",
  }),
  "latency-tracking-info-percentiles": percentiles({
    default: [50, 99, 99.9],
    effect: "live",
    doc: "Percentiles that INFO prints of it.",
  }),
  "notify-keyspace-events": keyspaceEvents({
    effect: "live",
    doc: "Classes of changes that are published.",
  }),
};

function commandLog(usual: number, min: number, doc: string) {
  return integer({ default: usual, min, max: LONG_MAX, effect: "live", doc });
}
