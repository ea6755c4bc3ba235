// The arguments of geo searches: GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and their read-only forms.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  ANY_NEEDS_COUNT,
  COUNT_MUST_BE_POSITIVE,
  NO_PLACE,
  oneCenterNeeded,
  oneShapeNeeded,
  storeWithOptions,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { ABSENT, zset } from "../sorted_sets/zset_lookup.ts";
import {
  boxArguments,
  placeArguments,
  placeLatitude,
  placeLongitude,
  polygonArguments,
  radiusArguments,
} from "./geo_arguments.ts";
import { decode, latitude, longitude } from "./geohash.ts";
import { area } from "./search_area.ts";

/** Which command it is. */
export interface SearchForm {
  /** Where the index's key is. */
  readonly key: number;
  /** How the area is told: by options, by coordinates or by a member before the options. */
  readonly area: "options" | "coordinates" | "member";
  /** Whether the result may or must be stored. */
  readonly stores: "never" | "option" | "always";
}

/** What the options of one command say. */
export const options = {
  withDistance: false,
  withHash: false,
  withCoordinates: false,
  /** Any that are found will do; `count` is set then. */
  any: false,
  /** Places at most; 0 = all. */
  count: 0,
  sort: "none" as "none" | "ascending" | "descending",
  /** Argument with the key that the result is stored at; 0 = it is replied. */
  storeKey: 0,
  storesDistance: false,
};

let hasMember = false;
let hasPlace = false;
let hasRadius = false;
let hasBox = false;
let hasPolygon = false;

/** Reads the arguments after the key; the index is open unless `found` is ABSENT. False after an error reply. */
export function parseSearch(
  client: CommandClient,
  args: Arguments,
  form: SearchForm,
  found: number,
): boolean {
  reset(form);
  let first = form.key + 1;
  if (form.area === "coordinates") {
    if (!takePlace(client, args, first) || !radiusArguments(client, args, first + 2)) return false;
    first += 4;
  } else if (form.area === "member") {
    if (found !== ABSENT) {
      if (!takeMember(client, args, first) || !radiusArguments(client, args, first + 1)) return false;
    }
    first += 3;
  }
  for (let index = first; index < args.count; index++) {
    const taken = takeOption(client, args, index, form, found);
    if (taken < 0) return false;
    index += taken;
  }
  const problem = conflictOf(args, form);
  if (problem === "") return true;
  client.reply.error(problem);
  return false;
}

function reset(form: SearchForm): void {
  options.withDistance = false;
  options.withHash = false;
  options.withCoordinates = false;
  options.any = false;
  options.count = 0;
  options.sort = "none";
  options.storeKey = form.stores === "always" ? 1 : 0;
  options.storesDistance = false;
  hasMember = false;
  hasPlace = false;
  hasRadius = false;
  hasBox = false;
  hasPolygon = false;
}

/** Takes the option at an argument; returns how many arguments after it belong to it, or -1 after an error reply. */
function takeOption(
  client: CommandClient,
  args: Arguments,
  index: number,
  form: SearchForm,
  found: number,
): number {
  const left = args.count - index - 1;
  // A polygon has a middle and a shape of its own.
  const bySearch = form.area === "options" && !hasPolygon;
  if (args.is(index, "withdist")) options.withDistance = true;
  else if (args.is(index, "withhash")) options.withHash = true;
  else if (args.is(index, "withcoord")) options.withCoordinates = true;
  else if (args.is(index, "any")) options.any = true;
  else if (args.is(index, "asc")) options.sort = "ascending";
  else if (args.is(index, "desc")) options.sort = "descending";
  else if (args.is(index, "count") && left >= 1) return takeCount(client, args, index + 1);
  else if (form.stores === "option" && left >= 1 && args.is(index, "store")) {
    options.storeKey = index + 1;
    options.storesDistance = false;
    return 1;
  } else if (form.stores === "option" && left >= 1 && args.is(index, "storedist")) {
    options.storeKey = index + 1;
    options.storesDistance = true;
    return 1;
  } else if (bySearch && left >= 1 && !hasPlace && args.is(index, "frommember")) {
    hasMember = true;
    // Without an index the rest is still looked at for errors.
    return found === ABSENT || takeMember(client, args, index + 1) ? 1 : -1;
  } else if (bySearch && left >= 2 && !hasMember && args.is(index, "fromlonlat")) {
    hasPlace = true;
    return takePlace(client, args, index + 1) ? 2 : -1;
  } else if (bySearch && left >= 2 && !hasBox && args.is(index, "byradius")) {
    hasRadius = true;
    return radiusArguments(client, args, index + 1) ? 2 : -1;
  } else if (bySearch && left >= 3 && !hasRadius && args.is(index, "bybox")) {
    hasBox = true;
    return boxArguments(client, args, index + 1) ? 3 : -1;
  } else if (
    bySearch && left >= 1 && !(hasMember || hasPlace || hasRadius || hasBox) && args.is(index, "bypolygon")
  ) {
    hasPolygon = true;
    if (!polygonArguments(client, args, index + 1)) return -1;
    return 1 + area.vertices.length;
  } else if (form.stores === "always" && args.is(index, "storedist")) options.storesDistance = true;
  else {
    client.reply.error(SYNTAX_ERROR);
    return -1;
  }
  return 0;
}

function takeCount(client: CommandClient, args: Arguments, index: number): number {
  options.count = integerArgument(client, args, index);
  if (options.count !== options.count) return -1;
  if (options.count > 0) return 1;
  client.reply.error(COUNT_MUST_BE_POSITIVE);
  return -1;
}

function takePlace(client: CommandClient, args: Arguments, index: number): boolean {
  if (!placeArguments(client, args, index)) return false;
  area.longitude = placeLongitude;
  area.latitude = placeLatitude;
  return true;
}

function takeMember(client: CommandClient, args: Arguments, index: number): boolean {
  if (!zset.find(args.buffer, args.starts[index], args.ends[index])) {
    client.reply.error(NO_PLACE);
    return false;
  }
  decode(zset.score);
  area.longitude = longitude;
  area.latitude = latitude;
  return true;
}

/** What does not go together; "" where all does. */
function conflictOf(args: Arguments, form: SearchForm): string {
  if (options.storeKey !== 0 && (options.withDistance || options.withHash || options.withCoordinates)) {
    return storeWithOptions(form.stores === "always" ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
  }
  if (form.area === "options" && !hasPolygon) {
    if (!hasMember && !hasPlace) return oneCenterNeeded(args.latin1(0));
    if (!hasRadius && !hasBox) return oneShapeNeeded(args.latin1(0));
  }
  return options.any && options.count === 0 ? ANY_NEEDS_COUNT : "";
}
