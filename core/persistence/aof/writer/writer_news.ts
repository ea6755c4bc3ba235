// Tells a writer's events to the log: compares with what was told last, so that each change is told once, whenever the
// writer has the time. Both writers have one.
import type { LogFault, LogWriterEvents } from "./log_writer.ts";

/** What a writer knows of itself. */
export interface WriterState {
  readonly writtenOffset: number;
  readonly durableOffset: number;
  readonly fault: LogFault | null;
}

export class WriterNews {
  #writtenOffset: number;
  #durableOffset: number;
  #fault: LogFault | null = null;
  #isRetried = false;
  #delays = 0;

  constructor(private readonly events: LogWriterEvents, offset: number) {
    this.#writtenOffset = this.#durableOffset = offset;
  }

  /** A retry was made: how it ended is told even where it ended in the same fault. */
  retried(): void {
    this.#isRetried = true;
  }

  delayed(): void {
    this.#delays++;
  }

  has(state: WriterState): boolean {
    return state.writtenOffset !== this.#writtenOffset || state.durableOffset !== this.#durableOffset ||
      state.fault !== this.#fault || this.#isRetried || this.#delays > 0;
  }

  tell(state: WriterState): void {
    const { fault } = state;
    const isFault = fault !== null && (fault !== this.#fault || this.#isRetried);
    const isRecovered = fault === null && this.#fault !== null;
    const isMoved = state.writtenOffset !== this.#writtenOffset ||
      state.durableOffset !== this.#durableOffset;
    this.#fault = fault;
    this.#isRetried = false;
    this.#writtenOffset = state.writtenOffset;
    this.#durableOffset = state.durableOffset;
    for (; this.#delays > 0; this.#delays--) this.events.delayed();
    if (isMoved) this.events.progressed();
    if (isFault) this.events.failed(fault);
    if (isRecovered) this.events.recovered();
  }
}
