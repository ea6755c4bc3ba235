import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cellIndex,
  cellScore,
  decode,
  encode,
  latitude,
  LATITUDE_MAX,
  longitude,
  LONGITUDE_MAX,
  standardText,
  STEP_MAX,
} from "./geohash.ts";

/** Whether a place is in a cell: the sums that the formula makes round up to the far edge from just below it on. */
function isInside(lon: number, lat: number): boolean {
  return lon + LONGITUDE_MAX < 2 * LONGITUDE_MAX && lat + LATITUDE_MAX < 2 * LATITUDE_MAX;
}

const anyLongitude = fc.double({ min: -180, max: 180, noNaN: true });
const anyLatitude = fc.double({ min: -LATITUDE_MAX, max: LATITUDE_MAX, noNaN: true });

/** Bit by bit, with big integers. */
function interleaved(latitudeIndex: number, longitudeIndex: number): bigint {
  let bits = 0n;
  for (let bit = 0n; bit < 27n; bit++) {
    bits |= ((BigInt(latitudeIndex) >> bit) & 1n) << (2n * bit);
    bits |= ((BigInt(longitudeIndex) >> bit) & 1n) << (2n * bit + 1n);
  }
  return bits;
}

Deno.test("a place's score interleaves 26 bits of latitude and longitude", () => {
  fc.assert(fc.property(anyLongitude, anyLatitude, (lon, lat) => {
    const expected = interleaved(
      cellIndex(lat, LATITUDE_MAX, STEP_MAX),
      cellIndex(lon, LONGITUDE_MAX, STEP_MAX),
    );
    assert.equal(encode(lon, lat), Number(expected));
  }));
  // The far corner is one beyond the last cell: 54 bits.
  assert.equal(encode(180, LATITUDE_MAX), Number(interleaved(2 ** 26, 2 ** 26)));
});

Deno.test("a score means the middle of a cell around the place", () => {
  fc.assert(fc.property(anyLongitude, anyLatitude, (lon, lat) => {
    fc.pre(isInside(lon, lat));
    const score = encode(lon, lat);
    decode(score);
    assert.ok(Math.abs(longitude - lon) <= 360 / 2 ** 27 + 1e-9, `${longitude} for ${lon}`);
    assert.ok(Math.abs(latitude - lat) <= 180 / 2 ** 27 + 1e-9, `${latitude} for ${lat}`);
    if (lon > -LONGITUDE_MAX && lat > -LATITUDE_MAX) assert.equal(encode(longitude, latitude), score);
  }));
});

Deno.test("scores that are no places mean some place all the same", () => {
  for (const score of [-1, 0.5, 1e300, Infinity, -Infinity, 2 ** 53, 2 ** 60]) {
    decode(score);
    assert.ok(Math.abs(longitude) <= 180 && Math.abs(latitude) <= LATITUDE_MAX, `${score}`);
  }
});

Deno.test("a cell of any size has the scores of the places in it and no others", () => {
  fc.assert(
    fc.property(anyLongitude, anyLatitude, fc.integer({ min: 1, max: STEP_MAX }), (lon, lat, step) => {
      fc.pre(isInside(lon, lat));
      const row = cellIndex(lat, LATITUDE_MAX, step);
      const column = cellIndex(lon, LONGITUDE_MAX, step);
      const first = cellScore(row, column, step);
      const score = encode(lon, lat);
      const size = 2 ** (2 * (STEP_MAX - step));
      assert.ok(first <= score && score < first + size);
      assert.equal(first, Number(interleaved(row, column)) * size);
    }),
  );
});

Deno.test("standard texts are those of the places that everybody knows", () => {
  const places: [number, number, string][] = [
    [13.361389, 38.115556, "sqc8b49rny0"],
    [15.087269, 37.502669, "sqdtr74hyu0"],
    [0, 0, "s0000000000"],
  ];
  for (const [lon, lat, text] of places) {
    decode(encode(lon, lat));
    assert.equal(standardText(), text);
  }
});
