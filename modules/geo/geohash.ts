// Places as 52-bit numbers: longitude and latitude, 26 bits each, interleaved, so that near places mostly have near
// numbers. As Valkey keeps them in the scores of sorted sets. Numbers of 26 bits at a time; no bigint but
// for the digits that propagation wants.

export const LONGITUDE_MAX = 180;
/** Where the Mercator projection is as high as it is wide. */
export const LATITUDE_MAX = 85.05112878;
/** Bits of a coordinate in a score. */
export const STEP_MAX = 26;

/** Standard geohash texts cover all latitudes. */
const LATITUDE_MAX_STANDARD = 90;
const STANDARD_CHARACTERS = 11;
const STANDARD_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";

/** Each half of an interleaved number: 13 bits of both coordinates. */
const HALF_BITS = 13;
const HALF = 2 ** 26;

/** What `decode` found: the middle of the place's cell, degrees. */
export let longitude = 0;
export let latitude = 0;

/** The score of a place. */
export function encode(placeLongitude: number, placeLatitude: number): number {
  return interleave(
    cellIndex(placeLatitude, LATITUDE_MAX, STEP_MAX),
    cellIndex(placeLongitude, LONGITUDE_MAX, STEP_MAX),
  );
}

/**
 * The digits of a place's score, all of them: at the upper limits of longitude and latitude it has a bit more than a
 * double holds exactly. Allocates.
 */
export function scoreDigits(placeLongitude: number, placeLatitude: number): string {
  interleave(
    cellIndex(placeLatitude, LATITUDE_MAX, STEP_MAX),
    cellIndex(placeLongitude, LONGITUDE_MAX, STEP_MAX),
  );
  return `${BigInt(highHalf) * BigInt(HALF) + BigInt(lowHalf)}`;
}

/** Finds the place of a score: `longitude` and `latitude` are set. */
export function decode(score: number): void {
  // Anything may be in a sorted set; what is no number of a place stands for some place all the same.
  const bits = score >= 0 && score < 2 ** 63 ? Math.floor(score) : 0;
  const high = Math.floor(bits / HALF);
  const low = bits - high * HALF;
  const latitudeIndex = even(high) * 2 ** HALF_BITS + even(low);
  const longitudeIndex = odd(high) * 2 ** HALF_BITS + odd(low);
  longitude = clamped(middle(longitudeIndex, LONGITUDE_MAX), LONGITUDE_MAX);
  latitude = clamped(middle(latitudeIndex, LATITUDE_MAX), LATITUDE_MAX);
}

/** Number of the cell that a coordinate from -limit to limit is in, of 2^step. */
export function cellIndex(coordinate: number, limit: number, step: number): number {
  return Math.floor((coordinate + limit) / (2 * limit) * 2 ** step);
}

/** The lower end of a cell. */
export function cellStart(index: number, limit: number, step: number): number {
  return -limit + index / 2 ** step * (2 * limit);
}

/** The least score in a cell. */
export function cellScore(latitudeIndex: number, longitudeIndex: number, step: number): number {
  return interleave(latitudeIndex, longitudeIndex) * 2 ** (2 * (STEP_MAX - step));
}

/** The standard geohash text of the place that was decoded. */
export function standardText(): string {
  const latitudeIndex = cellIndex(latitude, LATITUDE_MAX_STANDARD, STEP_MAX);
  const longitudeIndex = cellIndex(longitude, LONGITUDE_MAX, STEP_MAX);
  let text = "";
  for (let character = 0; character < STANDARD_CHARACTERS; character++) {
    // 52 bits are ten characters and two bits, which are not told.
    let bits = 0;
    for (let bit = character * 5; bit < character * 5 + 5; bit++) {
      const index = bit % 2 === 0 ? longitudeIndex : latitudeIndex;
      bits = bits * 2 + (character === STANDARD_CHARACTERS - 1 ? 0 : (index >>> (25 - (bit >> 1))) & 1);
    }
    text += STANDARD_ALPHABET[bits];
  }
  return text;
}

function middle(index: number, limit: number): number {
  const start = cellStart(index, limit, STEP_MAX);
  const end = cellStart(index + 1, limit, STEP_MAX);
  return (start + end) / 2;
}

function clamped(coordinate: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, coordinate));
}

/** What `interleave` made: 26 bits, and all above them. */
let highHalf = 0;
let lowHalf = 0;

/** Latitude in the even bits, longitude in the odd ones. */
function interleave(latitudeIndex: number, longitudeIndex: number): number {
  const mask = 2 ** HALF_BITS - 1;
  lowHalf = spread(latitudeIndex & mask) + spread(longitudeIndex & mask) * 2;
  highHalf = spread(latitudeIndex >>> HALF_BITS) + spread(longitudeIndex >>> HALF_BITS) * 2;
  return highHalf * HALF + lowHalf;
}

/** A number of at most 16 bits with a 0 before each. */
function spread(value: number): number {
  let bits = value;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** Bits 0, 2, 4... of a number below 2^37. */
function even(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
}

function odd(value: number): number {
  return even(Math.floor(value / 2));
}
