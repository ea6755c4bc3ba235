// Units, places and distances among a command's arguments, with the error replies that Valkey gives. NaN and false mean:
// the error has been replied.
import { parseDouble } from "../../core/bytes/double.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  BOX_NEGATIVE,
  HEIGHT_NOT_A_NUMBER,
  INVALID_VERTICES,
  invalidPlace,
  NOT_A_FLOAT,
  RADIUS_NEGATIVE,
  RADIUS_NOT_A_NUMBER,
  TOO_FEW_VERTICES,
  UNKNOWN_UNIT,
  WIDTH_NOT_A_NUMBER,
} from "../../core/protocol/errors.ts";
import { LATITUDE_MAX, LONGITUDE_MAX } from "./geohash.ts";
import { area } from "./search_area.ts";

const VERTICES_MIN = 3;

/** What `placeArguments` read. */
export let placeLongitude = 0;
export let placeLatitude = 0;

/** Reads longitude and latitude from argument `index` on. */
export function placeArguments(client: CommandClient, args: Arguments, index: number): boolean {
  placeLongitude = numberArgument(client, args, index, NOT_A_FLOAT);
  if (placeLongitude !== placeLongitude) return false;
  placeLatitude = numberArgument(client, args, index + 1, NOT_A_FLOAT);
  if (placeLatitude !== placeLatitude) return false;
  if (Math.abs(placeLongitude) <= LONGITUDE_MAX && Math.abs(placeLatitude) <= LATITUDE_MAX) return true;
  client.reply.error(invalidPlace(placeLongitude, placeLatitude));
  return false;
}

/** The meters of a unit, or NaN. */
export function unitArgument(client: CommandClient, args: Arguments, index: number): number {
  if (args.is(index, "m")) return 1;
  if (args.is(index, "km")) return 1000;
  if (args.is(index, "ft")) return 0.3048;
  if (args.is(index, "mi")) return 1609.34;
  client.reply.error(UNKNOWN_UNIT);
  return NaN;
}

/** Reads radius and unit from argument `index` on into the search area. */
export function radiusArguments(client: CommandClient, args: Arguments, index: number): boolean {
  const radius = numberArgument(client, args, index, RADIUS_NOT_A_NUMBER);
  if (radius !== radius) return false;
  if (radius < 0) {
    client.reply.error(RADIUS_NEGATIVE);
    return false;
  }
  area.shape = "circle";
  area.radius = radius;
  return takeUnit(client, args, index + 1);
}

/** Reads width, height and unit from argument `index` on into the search area. */
export function boxArguments(client: CommandClient, args: Arguments, index: number): boolean {
  const width = numberArgument(client, args, index, WIDTH_NOT_A_NUMBER);
  if (width !== width) return false;
  const height = numberArgument(client, args, index + 1, HEIGHT_NOT_A_NUMBER);
  if (height !== height) return false;
  if (width < 0 || height < 0) {
    client.reply.error(BOX_NEGATIVE);
    return false;
  }
  area.shape = "box";
  area.width = width;
  area.height = height;
  return takeUnit(client, args, index + 2);
}

/** Reads the number of vertices at argument `index` and their places into the search area. */
export function polygonArguments(client: CommandClient, args: Arguments, index: number): boolean {
  const count = parseSafeInteger(args.buffer, args.starts[index], args.ends[index]);
  if (count !== count) {
    client.reply.error(INVALID_VERTICES);
    return false;
  }
  if (count < VERTICES_MIN || index + count * 2 >= args.count) {
    client.reply.error(TOO_FEW_VERTICES);
    return false;
  }
  area.shape = "polygon";
  area.unitMeters = 1;
  area.vertices.length = 0;
  for (let vertex = 0; vertex < count; vertex++) {
    if (!placeArguments(client, args, index + 1 + vertex * 2)) return false;
    area.vertices.push(placeLongitude, placeLatitude);
  }
  return true;
}

function takeUnit(client: CommandClient, args: Arguments, index: number): boolean {
  const meters = unitArgument(client, args, index);
  area.unitMeters = meters;
  return meters === meters;
}

function numberArgument(client: CommandClient, args: Arguments, index: number, problem: string): number {
  const value = parseDouble(args.buffer, args.starts[index], args.ends[index]);
  if (value !== value) client.reply.error(problem);
  return value;
}
