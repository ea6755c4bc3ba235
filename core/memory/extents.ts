// Extents: runs of whole 4 KiB units, the source of large blocks and of the spans of small ones.
// Free extents hang in bins by size (two-level, segregated fit); neighbours are joined through their end tags.
// All of it is kept beside the arena: a page image never needs it, so it costs no page copies.
// Called by Allocator only.
import { SPAN_UNITS } from "./arena_layout.ts";

/** Sizes below this have a bin each; above, a power of two is divided into this many bins. */
const BINS_PER_DOUBLING = 16;
const BINS_PER_DOUBLING_SHIFT = 4;
const BIN_COUNT = 21 * BINS_PER_DOUBLING;
/** Free extents of at least this many units contain an aligned span wherever they begin. */
const ALIGNED_SURE_UNITS = 2 * SPAN_UNITS - 1;
/** Entries of one bin to look at before a cheaper source is tried. */
const WALK_MAX = 16;

function binOf(units: number): number {
  if (units < BINS_PER_DOUBLING) return units;
  const log = 31 - Math.clz32(units);
  const fraction = (units >>> (log - BINS_PER_DOUBLING_SHIFT)) & (BINS_PER_DOUBLING - 1);
  return (log - BINS_PER_DOUBLING_SHIFT + 1) * BINS_PER_DOUBLING + fraction;
}

/** The first bin all of whose extents have at least `units` units. */
function sureBinOf(units: number): number {
  if (units < BINS_PER_DOUBLING) return units;
  const log = 31 - Math.clz32(units);
  return binOf(units + (1 << (log - BINS_PER_DOUBLING_SHIFT)) - 1);
}

export class Extents {
  /** First unit that has never been taken or was given back at the end; all above is free. */
  top: number;
  /** Highest value `top` ever had. */
  touchedTop: number;
  /** Units in free extents below `top`. */
  freeUnits = 0;
  readonly #first: number;
  #limit: number;
  // At the first and last unit of every extent below top: its length, negative if it is free.
  readonly #tags: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #bins = new Int32Array(BIN_COUNT);
  readonly #binBits = new Int32Array((BIN_COUNT + 31) >>> 5);

  /** Manages units `first` (inclusive) to `limit` (exclusive). Costs 12 bytes a unit, committed when touched. */
  constructor(first: number, limit: number) {
    this.#first = first;
    this.#limit = limit;
    this.top = first;
    this.touchedTop = first;
    this.#tags = new Int32Array(limit);
    this.#next = new Int32Array(limit);
    this.#previous = new Int32Array(limit);
  }

  /** Forgets all extents, in constant time. The limit may become lower than it was at first. */
  reset(limit: number): void {
    this.#limit = limit;
    this.top = this.#first;
    this.freeUnits = 0;
    this.#bins.fill(0);
    this.#binBits.fill(0);
  }

  /** Units of the taken extent that begins at `unit`; 0 or less if none does (as far as tags can tell). */
  lengthAt(unit: number): number {
    return unit >= this.#first && unit < this.top ? this.#tags[unit] : 0;
  }

  /** Units above `top`, which are all free. */
  get tailUnits(): number {
    return this.#limit - this.top;
  }

  /** Takes `units` units: returns the first, or 0 if no run is long enough. */
  take(units: number): number {
    let found = this.#findSure(sureBinOf(units));
    if (found === 0) found = this.#walkBin(binOf(units), units, WALK_MAX);
    if (found !== 0) return this.#cut(found, found, units);
    if (this.top + units <= this.#limit) return this.#takeTop(this.top, units);
    found = this.#walkBin(binOf(units), units, this.#limit);
    return found === 0 ? 0 : this.#cut(found, found, units);
  }

  /** Takes the units of one span, aligned to its size: returns the first, or 0 if there is none. */
  takeSpan(): number {
    let found = this.#walkAligned(WALK_MAX);
    if (found === 0) {
      const start = alignUp(this.top);
      if (start + SPAN_UNITS <= this.#limit) return this.#takeTop(start, SPAN_UNITS);
      found = this.#walkAligned(this.#limit);
      if (found === 0) return 0;
    }
    return this.#cut(found, alignUp(found), SPAN_UNITS);
  }

  /** Gives back an extent of `units` units at `unit`; joins it with free neighbours. */
  give(unit: number, units: number): void {
    let start = unit;
    let length = units;
    if (start > this.#first && this.#tags[start - 1] < 0) {
      const before = -this.#tags[start - 1];
      start -= before;
      length += before;
      this.#unlink(start, before);
    }
    const after = unit + units;
    if (after === this.top) {
      this.top = start;
      return;
    }
    if (this.#tags[after] < 0) {
      const more = -this.#tags[after];
      length += more;
      this.#unlink(after, more);
    }
    this.#link(start, length);
  }

  /** Throws an Error if tags, bins and counters disagree. Walks everything: for tests and DEBUG. */
  verify(): void {
    let free = 0;
    let freeExtents = 0;
    for (let unit = this.#first, wasFree = false; unit < this.top;) {
      const tag = this.#tags[unit];
      const length = Math.abs(tag);
      if (length === 0 || unit + length > this.top || this.#tags[unit + length - 1] !== tag) {
        throw new Error(`extent at unit ${unit} has tags ${tag} and ${this.#tags[unit + length - 1]}`);
      }
      if (tag < 0) {
        if (wasFree) throw new Error(`free extent at unit ${unit} was not joined with the one before it`);
        if (unit + length === this.top) {
          throw new Error(`free extent at unit ${unit} was not joined with the top`);
        }
        free += length;
        freeExtents++;
      }
      wasFree = tag < 0;
      unit += length;
    }
    if (free !== this.freeUnits) throw new Error(`free units: counted ${free}, recorded ${this.freeUnits}`);
    let linked = 0;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const marked = (this.#binBits[bin >>> 5] & (1 << (bin & 31))) !== 0;
      if (marked !== (this.#bins[bin] !== 0)) throw new Error(`bin ${bin}: mark and list disagree`);
      for (let unit = this.#bins[bin]; unit !== 0; unit = this.#next[unit]) {
        if (binOf(-this.#tags[unit]) !== bin) throw new Error(`extent at unit ${unit} hangs in bin ${bin}`);
        linked++;
      }
    }
    if (linked !== freeExtents) throw new Error(`free extents: counted ${freeExtents}, linked ${linked}`);
  }

  #takeTop(start: number, units: number): number {
    const gap = start - this.top;
    if (gap > 0) this.#link(this.top, gap);
    this.top = start + units;
    if (this.top > this.touchedTop) this.touchedTop = this.top;
    this.#tags[start] = units;
    this.#tags[this.top - 1] = units;
    return start;
  }

  // Takes [start, start + units) out of the free extent at `extent`; what is left on either side stays free.
  #cut(extent: number, start: number, units: number): number {
    const length = -this.#tags[extent];
    this.#unlink(extent, length);
    const end = start + units;
    if (start > extent) this.#link(extent, start - extent);
    if (end < extent + length) this.#link(end, extent + length - end);
    this.#tags[start] = units;
    this.#tags[end - 1] = units;
    return start;
  }

  // The head of the first bin from `bin` up that has an extent.
  #findSure(bin: number): number {
    let index = bin >>> 5;
    let bits = this.#binBits[index] & (-1 << (bin & 31));
    while (bits === 0) {
      if (++index === this.#binBits.length) return 0;
      bits = this.#binBits[index];
    }
    return this.#bins[(index << 5) + 31 - Math.clz32(bits & -bits)];
  }

  #walkBin(bin: number, units: number, walkMax: number): number {
    let unit = this.#bins[bin];
    for (let steps = 0; unit !== 0 && steps < walkMax; steps++) {
      if (-this.#tags[unit] >= units) return unit;
      unit = this.#next[unit];
    }
    return 0;
  }

  #walkAligned(walkMax: number): number {
    const sure = sureBinOf(ALIGNED_SURE_UNITS);
    for (let bin = binOf(SPAN_UNITS); bin < sure; bin++) {
      let unit = this.#bins[bin];
      for (let steps = 0; unit !== 0 && steps < walkMax; steps++) {
        if (alignUp(unit) + SPAN_UNITS <= unit - this.#tags[unit]) return unit;
        unit = this.#next[unit];
      }
    }
    return this.#findSure(sure);
  }

  #link(unit: number, units: number): void {
    const bin = binOf(units);
    const head = this.#bins[bin];
    this.#tags[unit] = -units;
    this.#tags[unit + units - 1] = -units;
    this.#next[unit] = head;
    this.#previous[unit] = 0;
    if (head !== 0) this.#previous[head] = unit;
    this.#bins[bin] = unit;
    this.#binBits[bin >>> 5] |= 1 << (bin & 31);
    this.freeUnits += units;
  }

  #unlink(unit: number, units: number): void {
    const next = this.#next[unit];
    const previous = this.#previous[unit];
    if (next !== 0) this.#previous[next] = previous;
    if (previous !== 0) {
      this.#next[previous] = next;
    } else {
      const bin = binOf(units);
      this.#bins[bin] = next;
      if (next === 0) this.#binBits[bin >>> 5] &= ~(1 << (bin & 31));
    }
    this.freeUnits -= units;
  }
}

function alignUp(unit: number): number {
  return (unit + SPAN_UNITS - 1) & -SPAN_UNITS;
}
