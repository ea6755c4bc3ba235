// The view of a fork-emulated save: a page image of the whole arena from the cut to the end. Nothing has to be done on
// the loop meanwhile but to copy pages before they first change.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { SaveImage } from "./save_image.ts";
import type { SaveView, ViewHandles, ViewOptions } from "./save_view.ts";

export class ImageView implements SaveView {
  readonly handles: ViewHandles;
  readonly stepIntervalMs = 0;
  readonly congested = false;
  readonly queuedBytes = 0;
  readonly heldBytes = 0;
  private readonly image: SaveImage;

  /** Makes the cut. */
  constructor(keyspace: Keyspace, options: ViewOptions) {
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

  step(): void {}

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
