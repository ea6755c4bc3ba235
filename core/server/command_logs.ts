// COMMANDLOG: the slow log and, beside it, the latest commands with a large request or a large reply. Dispatch asks after
// every command, so the question is two comparisons; what is logged is rare.
import type { Arguments } from "../protocol/arguments.ts";
import { countDigits } from "../bytes/integer.ts";
import { SlowLog } from "./slow_log.ts";

export type CommandLogType = "slow" | "large-request" | "large-reply";

/** Frame bytes of a request that are not between its first and its last argument. */
const FRAME_SLACK_BYTES = 64;

export class CommandLogs {
  readonly slow = new SlowLog();
  readonly largeRequests = new SlowLog();
  readonly largeReplies = new SlowLog();
  largeRequestsMax = 128;
  largeRepliesMax = 128;
  /** `commandlog-request-larger-than` and `commandlog-reply-larger-than`, bytes; Infinity = off. */
  requestBytesMin = Infinity;
  replyBytesMin = Infinity;

  of(type: CommandLogType): SlowLog {
    if (type === "slow") return this.slow;
    return type === "large-request" ? this.largeRequests : this.largeReplies;
  }

  /** Whether `add` could have something to log; cheap. */
  mayLog(args: Arguments, replyBytes: number): boolean {
    const requestBytes = args.ends[args.count - 1] - args.starts[0];
    return requestBytes + FRAME_SLACK_BYTES >= this.requestBytesMin || replyBytes >= this.replyBytesMin;
  }

  add(args: Arguments, replyBytes: number, seconds: number, client: { peer: string; name: string }): void {
    const requestBytes = this.requestBytesMin === Infinity ? 0 : requestSize(args);
    if (requestBytes >= this.requestBytesMin) {
      this.largeRequests.add(args, requestBytes, seconds, client, this.largeRequestsMax);
    }
    if (replyBytes >= this.replyBytesMin) {
      this.largeReplies.add(args, replyBytes, seconds, client, this.largeRepliesMax);
    }
  }
}

/** Bytes of the request on the wire, as an array of bulk strings. */
function requestSize(args: Arguments): number {
  let size = 1 + countDigits(args.count) + 2;
  for (let index = 0; index < args.count; index++) {
    const length = args.length(index);
    size += 1 + countDigits(length) + 2 + length + 2;
  }
  return size;
}
