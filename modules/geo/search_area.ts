// The area of a geo search, a circle or a box around a point or a polygon, and the cells of the geohash grid that cover
// it: the one around the middle and those of its eight neighbours that the area reaches into. One area at a time.
import { cellIndex, cellScore, cellStart, LATITUDE_MAX, LONGITUDE_MAX, STEP_MAX } from "./geohash.ts";

/** Mean radius of the earth that all distances are computed with. */
const EARTH_RADIUS_METERS = 6372797.560856;
/** Half the width of the Mercator projection. */
const MERCATOR_METERS_MAX = 20037726.37;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** Above these latitudes cells are so narrow that larger ones are needed. */
const LATITUDE_NARROW = 66;
const LATITUDE_NARROWEST = 80;

/** Half differences of longitude up to this sine are none: it is some nanometers. */
const SINE_MIN = 1e-15;

/** What is searched: its middle in degrees, its sizes in `unitMeters`. The middle of a polygon follows from its vertices. */
export const area = {
  longitude: 0,
  latitude: 0,
  shape: "circle" as "circle" | "box" | "polygon",
  radius: 0,
  width: 0,
  height: 0,
  unitMeters: 1,
  /** Longitude and latitude of each vertex of a polygon in turn. */
  vertices: [] as number[],
};

/** The degrees that the area reaches to. */
let south = 0;
let north = 0;
let west = 0;
let east = 0;

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
  if (Math.abs(across) <= SINE_MIN) return metersOfLatitude(latitude1, latitude2);
  const along = Math.sin((radians(latitude2) - radians(latitude1)) / 2);
  const haversine = along * along +
    Math.cos(radians(latitude1)) * Math.cos(radians(latitude2)) * across * across;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(haversine));
}

/** Whether the area has this place; then `distance` is set. */
export function contains(longitude: number, latitude: number): boolean {
  if (area.shape === "circle") {
    distance = metersBetween(area.longitude, area.latitude, longitude, latitude);
    return distance <= area.radius * area.unitMeters;
  }
  if (area.shape === "polygon") {
    if (!isInsidePolygon(longitude, latitude)) return false;
    distance = metersBetween(area.longitude, area.latitude, longitude, latitude);
    return true;
  }
  if (metersOfLatitude(latitude, area.latitude) > area.height * area.unitMeters / 2) return false;
  const across = metersBetween(longitude, latitude, area.longitude, latitude);
  if (across > area.width * area.unitMeters / 2) return false;
  distance = metersBetween(area.longitude, area.latitude, longitude, latitude);
  return true;
}

/** Whether a line from the place to the west crosses the polygon's edges an odd number of times. */
function isInsidePolygon(longitude: number, latitude: number): boolean {
  const { vertices } = area;
  let inside = false;
  let lastLongitude = vertices[vertices.length - 2];
  let lastLatitude = vertices[vertices.length - 1];
  for (let index = 0; index < vertices.length; index += 2) {
    const ownLongitude = vertices[index];
    const ownLatitude = vertices[index + 1];
    if ((ownLatitude > latitude) !== (lastLatitude > latitude)) {
      const share = (lastLongitude - ownLongitude) * (latitude - ownLatitude) / (lastLatitude - ownLatitude);
      if (longitude < share + ownLongitude) inside = !inside;
    }
    lastLongitude = ownLongitude;
    lastLatitude = ownLatitude;
  }
  return inside;
}

/** The neighbours of a cell in the order in which they are looked into: steps of latitude and longitude. */
const NEIGHBOURS = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]] as const;

/** Finds the cells that cover the area. */
export function coverArea(): void {
  if (area.shape === "polygon") measurePolygon();
  else measureAround();
  const { longitude, latitude } = area;
  let step = stepFor(reachMeters(), latitude);
  if (step > 1 && !neighboursReach(step)) step--;

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

/** How far a circle or a box reaches, in degrees. */
function measureAround(): void {
  const { longitude, latitude } = area;
  const isBox = area.shape === "box";
  const height = area.unitMeters * (isBox ? area.height / 2 : area.radius);
  const width = area.unitMeters * (isBox ? area.width / 2 : area.radius);
  const along = degrees(height / EARTH_RADIUS_METERS);
  // Degrees of longitude are shortest at the edge that is nearer to a pole.
  const widest = latitude < 0 ? latitude - along : latitude + along;
  const across = degrees(width / EARTH_RADIUS_METERS / Math.cos(radians(widest)));
  south = latitude - along;
  north = latitude + along;
  west = longitude - across;
  east = longitude + across;
}

/** How far a polygon reaches, and its middle: where the mean of the vertices, as points in space, points to. */
function measurePolygon(): void {
  const { vertices } = area;
  south = west = Infinity;
  north = east = -Infinity;
  let x = 0;
  let y = 0;
  let z = 0;
  for (let index = 0; index < vertices.length; index += 2) {
    const longitude = vertices[index];
    const latitude = vertices[index + 1];
    west = Math.min(west, longitude);
    east = Math.max(east, longitude);
    south = Math.min(south, latitude);
    north = Math.max(north, latitude);
    x += Math.cos(radians(latitude)) * Math.cos(radians(longitude));
    y += Math.cos(radians(latitude)) * Math.sin(radians(longitude));
    z += Math.sin(radians(latitude));
  }
  area.longitude = degrees(Math.atan2(y, x));
  area.latitude = degrees(Math.atan2(z, Math.sqrt(x * x + y * y)));
}

/** Meters from the middle to what is farthest away, for a polygon to the corners around it. */
function reachMeters(): number {
  const { longitude, latitude, width, height } = area;
  if (area.shape === "circle") return area.radius * area.unitMeters;
  if (area.shape === "box") {
    return Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * area.unitMeters;
  }
  return Math.max(
    metersBetween(longitude, latitude, west, north),
    metersBetween(longitude, latitude, east, north),
    metersBetween(longitude, latitude, west, south),
    metersBetween(longitude, latitude, east, south),
  );
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
function neighboursReach(step: number): boolean {
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
