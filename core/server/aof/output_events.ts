// What outputs tell of themselves. One that drains and closes may still tell something while another has taken its place:
// the log hears of the present one only, and writes down what went wrong with the other.
import type { LogFault } from "../../persistence/aof/writer/log_writer.ts";
import type { LogOutputEvents } from "./log_output.ts";

/** The log. */
export interface ToldLog extends LogOutputEvents {
  /** An output has failed that is not the present one. */
  failedAtEnd(fault: LogFault): void;
}

export class OutputEvents implements LogOutputEvents {
  constructor(private readonly log: ToldLog, private readonly isPresent: () => boolean) {}

  progressed(): void {
    this.log.progressed();
  }

  failed(fault: LogFault): void {
    if (this.isPresent()) this.log.failed(fault);
    else this.log.failedAtEnd(fault);
  }

  recovered(): void {
    if (this.isPresent()) this.log.recovered();
  }

  delayed(): void {
    this.log.delayed();
  }

  connected(): void {
    if (this.isPresent()) this.log.connected();
  }
}
