// Searches for places in an area: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS forms.
import { type CommandSpec, keyAt, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  COUNT,
  COUNT_ANY_SINCE,
  KEY,
  MEMBER,
  ORDER,
  PLACE,
  RADIUS,
  SEARCH_AREA,
  storeArguments,
  storeKeys,
  UNIT,
  WITH,
} from "./argument_docs.ts";
import { findPlaces, type Found } from "./find_places.ts";
import { ABSENT, openZset, REFUSED, result, storeResult, zset } from "../sorted_sets/zset_lookup.ts";
import { replyCoordinates, replyDistance } from "./geo_replies.ts";
import { area } from "./search_area.ts";
import { options, parseSearch, type SearchForm } from "./search_options.ts";

const GEOSEARCH: SearchForm = { key: 1, area: "options", stores: "never" };
const GEOSEARCHSTORE: SearchForm = { key: 2, area: "options", stores: "always" };
const GEORADIUS: SearchForm = { key: 1, area: "coordinates", stores: "option" };
const GEORADIUS_RO: SearchForm = { key: 1, area: "coordinates", stores: "never" };
const GEORADIUSBYMEMBER: SearchForm = { key: 1, area: "member", stores: "option" };
const GEORADIUSBYMEMBER_RO: SearchForm = { key: 1, area: "member", stores: "never" };

const geosearch = (client: CommandClient, args: Arguments) => search(client, args, GEOSEARCH);
const geosearchstore = (client: CommandClient, args: Arguments) => search(client, args, GEOSEARCHSTORE);
const georadius = (client: CommandClient, args: Arguments) => search(client, args, GEORADIUS);
const georadiusRo = (client: CommandClient, args: Arguments) => search(client, args, GEORADIUS_RO);
const georadiusbymember = (client: CommandClient, args: Arguments) => search(client, args, GEORADIUSBYMEMBER);
const georadiusbymemberRo = (client: CommandClient, args: Arguments) =>
  search(client, args, GEORADIUSBYMEMBER_RO);

function search(client: CommandClient, args: Arguments, form: SearchForm): void {
  const found = openZset(client, args, form.key);
  if (found === REFUSED || !parseSearch(client, args, form, found)) return;
  const places = found === ABSENT ? [] : findPlaces();
  if (options.storeKey === 0) replyPlaces(client, places);
  else storePlaces(client, args, form, places);
}

function replyPlaces(client: CommandClient, places: Found[]): void {
  const { reply } = client;
  const { withDistance, withHash, withCoordinates } = options;
  const parts = 1 + Number(withDistance) + Number(withHash) + Number(withCoordinates);
  reply.array(places.length);
  for (const place of places) {
    if (parts > 1) reply.array(parts);
    zset.place = place.member;
    zset.readMember();
    reply.bulk(zset.bytes, zset.start, zset.end);
    if (withDistance) replyDistance(client, place.distance / area.unitMeters);
    if (withHash) reply.integer(place.score);
    if (withCoordinates) replyCoordinates(client, place.longitude, place.latitude);
  }
}

function storePlaces(client: CommandClient, args: Arguments, form: SearchForm, places: Found[]): void {
  let longest = 0;
  let bytes = 0;
  for (const place of places) {
    zset.place = place.member;
    zset.readMember();
    const length = zset.end - zset.start;
    bytes += length;
    if (length > longest) longest = length;
  }
  result.create(client.server.keyspace, client.server.config.values, places.length, longest, bytes);
  try {
    for (const place of places) {
      zset.place = place.member;
      zset.readMember();
      const score = options.storesDistance ? place.distance / area.unitMeters : place.score;
      result.find(zset.bytes, zset.start, zset.end);
      result.insert(zset.bytes, zset.start, zset.end, score);
    }
  } catch (error) {
    result.discard();
    throw error;
  }
  const event = form.area === "options" ? "geosearchstore" : "georadiusstore";
  storeResult(client, args, options.storeKey, event);
}

const SHAPE_COMPLEXITY =
  "O(N+log(M)) where N is the number of places in the cells around the shape and M the number of those in it";
const CIRCLE_COMPLEXITY =
  "O(N+log(M)) where N is the number of places in the cells around the circle and M the number of those in it";

export const searchCommands: CommandSpec[] = [
  {
    name: "geosearch",
    arity: -7,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "geo",
    complexity: SHAPE_COMPLEXITY,
    summary: "Finds the places of an index that lie in a circle, a box or a polygon.",
    history: [["7.0.0", "Units in upper case."], ["9.0.0", "BYPOLYGON."]],
    arguments: [KEY, SEARCH_AREA, ORDER, COUNT, ...WITH],
    handler: geosearch,
  },
  {
    name: "geosearchstore",
    arity: -8,
    flags: ["write", "denyoom"],
    categories: ["geo"],
    keySpecs: [keyAt(1, "OW", "update"), keyAt(2, "RO", "access")],
    since: "6.2.0",
    group: "geo",
    complexity: SHAPE_COMPLEXITY,
    summary: "Stores the places of an index that lie in a circle, a box or a polygon at another key.",
    history: [["7.0.0", "Units in upper case."], ["9.0.0", "BYPOLYGON."]],
    arguments: [
      { name: "destination", type: "key", keySpecIndex: 0 },
      { name: "source", type: "key", keySpecIndex: 1 },
      SEARCH_AREA,
      ORDER,
      COUNT,
      { name: "storedist", type: "pure-token", token: "STOREDIST", optional: true },
    ],
    handler: geosearchstore,
  },
  {
    name: "georadius",
    arity: -6,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["geo"],
    keySpecs: storeKeys(6),
    since: "3.2.0",
    group: "geo",
    complexity: CIRCLE_COMPLEXITY,
    summary: "Finds the places of an index around a point; may store them at another key.",
    history: [["6.2.0", "ANY."], ["7.0.0", "Units in upper case."]],
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS" },
    arguments: [KEY, ...PLACE, RADIUS, UNIT, ...WITH, COUNT_ANY_SINCE, ORDER, ...storeArguments],
    handler: georadius,
  },
  {
    name: "georadius_ro",
    arity: -6,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "3.2.10",
    group: "geo",
    complexity: CIRCLE_COMPLEXITY,
    summary: "Finds the places of an index around a point, and only reads.",
    history: [["6.2.0", "ANY."]],
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH with BYRADIUS" },
    arguments: [KEY, ...PLACE, RADIUS, UNIT, ...WITH, COUNT_ANY_SINCE, ORDER],
    handler: georadiusRo,
  },
  {
    name: "georadiusbymember",
    arity: -5,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["geo"],
    keySpecs: storeKeys(5),
    since: "3.2.0",
    group: "geo",
    complexity: CIRCLE_COMPLEXITY,
    summary: "Finds the places of an index around another of its places; may store them at another key.",
    history: [["7.0.0", "Units in upper case."]],
    deprecated: {
      since: "6.2.0",
      replacedBy: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER",
    },
    arguments: [KEY, MEMBER, RADIUS, UNIT, ...WITH, COUNT, ORDER, ...storeArguments],
    handler: georadiusbymember,
  },
  {
    name: "georadiusbymember_ro",
    arity: -5,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "3.2.10",
    group: "geo",
    complexity: CIRCLE_COMPLEXITY,
    summary: "Finds the places of an index around another of its places, and only reads.",
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH with BYRADIUS and FROMMEMBER" },
    arguments: [KEY, MEMBER, RADIUS, UNIT, ...WITH, COUNT, ORDER],
    handler: georadiusbymemberRo,
  },
];
