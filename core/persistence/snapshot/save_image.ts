// The page image of a save, together with what the keyspace must leave alone while one is active: access words, since
// storing them would copy every page that is read. Used by the views of saves.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { ArenaHandle } from "../../memory/arena.ts";
import type { PageImage } from "../../memory/page_image.ts";

export interface SaveImageOptions {
  keyspace: Keyspace;
  /** Most shadow memory, bytes. */
  shadowBytesMax: number;
  /** Called inside the store that found no shadow memory left: what the worker reads is incomplete from there on. */
  onLost: () => void;
}

/** Can begin and end more than once. */
export class SaveImage {
  private image: PageImage | null = null;
  private peakBefore = 0;

  constructor(private readonly options: SaveImageOptions) {}

  get active(): boolean {
    return this.image !== null;
  }

  /** What a worker attaches to. Only while active. */
  get handle(): ArenaHandle {
    return this.image!.handle;
  }

  /** Shadow memory in use, bytes. */
  get bytes(): number {
    return this.image?.shadowBytes ?? 0;
  }

  /** Most shadow memory in use at a time, bytes, over all of this object's images. */
  get bytesPeak(): number {
    return Math.max(this.peakBefore, this.image?.shadowBytesPeak ?? 0);
  }

  /** Does nothing where it is active. */
  begin(): void {
    if (this.image !== null) return;
    const { keyspace, shadowBytesMax, onLost } = this.options;
    this.image = keyspace.arena.beginImage({ shadowBytesMax, onOverLimit: onLost });
    keyspace.imageActive = true;
    keyspace.freezeAccess = true;
  }

  /** Does nothing where it is not active. */
  end(): void {
    if (this.image === null) return;
    const { keyspace } = this.options;
    this.peakBefore = this.bytesPeak;
    this.image.end();
    this.image = null;
    keyspace.imageActive = false;
    keyspace.freezeAccess = false;
  }
}
