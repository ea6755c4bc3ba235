// The area of a geo search, a circle or a box around a point, and the cells of the geohash grid that cover it: the one
// around the point and those of its eight neighbours that the area reaches into. One area at a time.
import { cellIndex, cellScore, cellStart, LATITUDE_MAX, LONGITUDE_MAX, STEP_MAX } from "./geohash.ts";

/** Mean radius of the earth that all distances are computed with. */
const EARTH_RADIUS_METERS = 6372797.560856;
/** Half the width of the Mercator projection. */
const MERCATOR_METERS_MAX = 20037726.37;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** Above these latitudes cells are so narrow that larger ones are needed. */
const LATITUDE_NARROW = 66;
const LATITUDE_NARROWEST = 80;

/** What is searched: its middle in degrees, its sizes in `unitMeters`. */
export const area = {
  longitude: 0,
  latitude: 0,
  isBox: false,
  radius: 0,
  width: 0,
  height: 0,
  unitMeters: 1,
};

/** Cells to look into: scores from `starts[i]` to `ends[i]`, exclusive. */
export const starts = new Float64Array(9);
export const ends = new Float64Array(9);
export let cellCount = 0;

/** Distance of a place that `contains` accepted, meters. */
export let distance = 0;

/** Meters between two places. */
export function metersBetween(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  const across = Math.sin((radians(longitude2) - radians(longitude1)) / 2);
  if (across === 0) return metersOfLatitude(latitude1, latitude2);
  const along = Math.sin((radians(latitude2) - radians(latitude1)) / 2);
  const haversine = along * along +
    Math.cos(radians(latitude1)) * Math.cos(radians(latitude2)) * across * across;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(haversine));
}

/** Whether the area has this place; then `distance` is set. */
export function contains(longitude: number, latitude: number): boolean {
  if (!area.isBox) {
    distance = metersBetween(area.longitude, area.latitude, longitude, latitude);
    return distance <= area.radius * area.unitMeters;
  }
  if (metersOfLatitude(latitude, area.latitude) > area.height * area.unitMeters / 2) return false;
  const across = metersBetween(longitude, latitude, area.longitude, latitude);
  if (across > area.width * area.unitMeters / 2) return false;
  distance = metersBetween(area.longitude, area.latitude, longitude, latitude);
  return true;
}

/** The neighbours of a cell in the order in which they are looked into: steps of latitude and longitude. */
const NEIGHBOURS = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]] as const;

/** Finds the cells that cover the area. */
export function coverArea(): void {
  const { longitude, latitude } = area;
  const height = area.unitMeters * (area.isBox ? area.height / 2 : area.radius);
  const width = area.unitMeters * (area.isBox ? area.width / 2 : area.radius);
  const alongDegrees = degrees(height / EARTH_RADIUS_METERS);
  // Degrees of longitude are shortest at the edge that is nearer to a pole.
  const widest = latitude < 0 ? latitude - alongDegrees : latitude + alongDegrees;
  const acrossDegrees = degrees(width / EARTH_RADIUS_METERS / Math.cos(radians(widest)));
  const south = latitude - alongDegrees;
  const north = latitude + alongDegrees;
  const west = longitude - acrossDegrees;
  const east = longitude + acrossDegrees;
  const reach = area.isBox
    ? Math.sqrt((area.width / 2) * (area.width / 2) + (area.height / 2) * (area.height / 2))
    : area.radius;
  let step = stepFor(reach * area.unitMeters, latitude);
  if (step > 1 && !neighboursReach(step, south, north, west, east)) step--;

  const row = cellIndex(latitude, LATITUDE_MAX, step);
  const column = cellIndex(longitude, LONGITUDE_MAX, step);
  // Sides of the cell that the area does not cross. With the largest cells all neighbours are looked into.
  const skips = step >= 2;
  const skipsSouth = skips && cellStart(row, LATITUDE_MAX, step) < south;
  const skipsNorth = skips && cellStart(row + 1, LATITUDE_MAX, step) > north;
  const skipsWest = skips && cellStart(column, LONGITUDE_MAX, step) < west;
  const skipsEast = skips && cellStart(column + 1, LONGITUDE_MAX, step) > east;
  cellCount = 0;
  for (let index = 0; index < NEIGHBOURS.length; index++) {
    const [rows, columns] = NEIGHBOURS[index];
    if ((rows < 0 && skipsSouth) || (rows > 0 && skipsNorth)) continue;
    if ((columns < 0 && skipsWest) || (columns > 0 && skipsEast)) continue;
    const start = cellScore(moved(row, rows, step), moved(column, columns, step), step);
    // Where the whole world is few cells, neighbours are the same.
    if (cellCount > 1 && starts[cellCount - 1] === start) continue;
    starts[cellCount] = start;
    ends[cellCount++] = start + 2 ** (2 * (STEP_MAX - step));
  }
}

/** The number of halvings after which a cell is about as wide as the area reaches from its middle. */
function stepFor(meters: number, latitude: number): number {
  if (meters === 0) return STEP_MAX;
  let step = 1;
  for (let reach = meters; reach < MERCATOR_METERS_MAX; reach *= 2) step++;
  step -= 2;
  const size = Math.abs(latitude);
  if (size > LATITUDE_NARROW) step--;
  if (size > LATITUDE_NARROWEST) step--;
  return Math.max(1, Math.min(STEP_MAX, step));
}

/** Whether the neighbours of the middle's cell reach as far as the area does. */
function neighboursReach(step: number, south: number, north: number, west: number, east: number): boolean {
  const row = cellIndex(area.latitude, LATITUDE_MAX, step);
  const column = cellIndex(area.longitude, LONGITUDE_MAX, step);
  return cellStart(moved(row, 1, step) + 1, LATITUDE_MAX, step) >= north &&
    cellStart(moved(row, -1, step), LATITUDE_MAX, step) <= south &&
    cellStart(moved(column, 1, step) + 1, LONGITUDE_MAX, step) >= east &&
    cellStart(moved(column, -1, step), LONGITUDE_MAX, step) <= west;
}

/** A row or column further on, around the world. */
function moved(index: number, by: number, step: number): number {
  return by === 0 ? index : (index + by) & (2 ** step - 1);
}

function metersOfLatitude(latitude1: number, latitude2: number): number {
  return EARTH_RADIUS_METERS * Math.abs(radians(latitude2) - radians(latitude1));
}

function radians(degrees: number): number {
  return degrees * RADIANS_PER_DEGREE;
}

function degrees(radians: number): number {
  return radians / RADIANS_PER_DEGREE;
}
