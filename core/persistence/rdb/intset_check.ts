// Checks an intset: u32 bytes per integer (2, 4 or 8), u32 count, the integers little endian, strictly ascending.

const HEADER_BYTES = 8;

/** What is wrong with `bytes[start, end)` as an intset, "" where nothing is. */
export function intsetProblem(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < HEADER_BYTES) return `an intset of ${end - start} bytes is too short`;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const width = view.getUint32(0, true);
  const count = view.getUint32(4, true);
  if (width !== 2 && width !== 4 && width !== 8) return `an intset has integers of ${width} bytes`;
  if (HEADER_BYTES + width * count !== end - start) {
    return `an intset of ${count} integers of ${width} bytes has ${end - start} bytes`;
  }
  for (let k = 1; k < count; k++) {
    const at = HEADER_BYTES + k * width;
    if (!ascending(view, at - width, at, width)) return "an intset is not in ascending order";
  }
  return "";
}

function ascending(view: DataView, a: number, b: number, width: number): boolean {
  if (width === 2) return view.getInt16(a, true) < view.getInt16(b, true);
  if (width === 4) return view.getInt32(a, true) < view.getInt32(b, true);
  return view.getBigInt64(a, true) < view.getBigInt64(b, true);
}
