// The view of a fork-emulated save: a page image of the whole arena, from the cut until the worker has read all entries.
// Nothing has to be done on the loop meanwhile but to copy pages before they first change.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { SaveImage } from "./save_image.ts";
import type { SaveView, ViewHandles, ViewOptions } from "./save_view.ts";

/** Only to see when the worker has read all. */
const STEP_INTERVAL_MS = 20;

export class ImageView implements SaveView {
  readonly handles: ViewHandles;
  readonly stepIntervalMs = STEP_INTERVAL_MS;
  readonly congested = false;
  readonly queuedBytes = 0;
  readonly heldBytes = 0;
  private readonly image: SaveImage;
  private readonly entries: number;

  /** Makes the cut. */
  constructor(keyspace: Keyspace, private readonly options: ViewOptions) {
    this.entries = keyspace.size;
    this.image = new SaveImage({ keyspace, ...options });
    this.image.begin();
    this.handles = { arena: this.image.handle };
  }

  get shadowBytes(): number {
    return this.image.bytes;
  }

  get shadowBytesPeak(): number {
    return this.image.bytesPeak;
  }

  step(): void {
    // The worker goes on with the file for as long as syncing takes, but does not look at the dataset any more.
    if (this.options.processed() >= this.entries) this.image.end();
  }

  progress(): null {
    return null;
  }

  release(): void {
    this.image.end();
  }

  close(): void {
    this.image.end();
  }
}
