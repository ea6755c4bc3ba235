// Searches for places in an area: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS forms.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { keyAt } from "../sorted_sets/key_specs.ts";
import { ABSENT, openZset, REFUSED, result, storeResult, zset } from "../sorted_sets/zset_lookup.ts";
import { decode, latitude, longitude } from "./geohash.ts";
import { replyCoordinates, replyDistance } from "./geo_replies.ts";
import { area, cellCount, contains, coverArea, distance, ends, starts } from "./search_area.ts";
import { options, parseSearch, type SearchForm } from "./search_options.ts";

const GEOSEARCH: SearchForm = { key: 1, area: "options", stores: "never" };
const GEOSEARCHSTORE: SearchForm = { key: 2, area: "options", stores: "always" };
const GEORADIUS: SearchForm = { key: 1, area: "coordinates", stores: "option" };
const GEORADIUS_RO: SearchForm = { key: 1, area: "coordinates", stores: "never" };
const GEORADIUSBYMEMBER: SearchForm = { key: 1, area: "member", stores: "option" };
const GEORADIUSBYMEMBER_RO: SearchForm = { key: 1, area: "member", stores: "never" };

/** The places that one search found. */
interface Found {
  /** Place in the sorted set. */
  member: number;
  score: number;
  longitude: number;
  latitude: number;
  /** Meters from the middle of the area. */
  distance: number;
}

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

/** The places in the area, in the order and the number that were asked for. */
function findPlaces(): Found[] {
  const limit = options.any ? options.count : Infinity;
  const places: Found[] = [];
  coverArea();
  for (let cell = 0; cell < cellCount && places.length < limit; cell++) {
    const first = zset.countBelowScore(starts[cell]);
    if (first === zset.size) continue;
    zset.seek(first);
    do {
      zset.readScore();
      if (!(zset.score < ends[cell])) break;
      decode(zset.score);
      if (!contains(longitude, latitude)) continue;
      places.push({ member: zset.place, score: zset.score, longitude, latitude, distance });
    } while (places.length < limit && zset.forward());
  }
  // The nearest are meant where only their number was told.
  const sort = options.sort === "none" && options.count > 0 && !options.any ? "ascending" : options.sort;
  if (sort === "ascending") places.sort((a, b) => a.distance - b.distance);
  else if (sort === "descending") places.sort((a, b) => b.distance - a.distance);
  return options.count === 0 ? places : places.slice(0, options.count);
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

export const searchCommands: CommandSpec[] = [
  {
    name: "geosearch",
    arity: -7,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "geo",
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the shape and M the number of those in it",
    summary: "Finds the places of an index that lie in a circle or a box.",
    history: [["7.0.0", "Units in upper case."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "from",
        type: "oneof",
        arguments: [{ name: "member", type: "string", token: "FROMMEMBER" }, {
          name: "longitude_latitude",
          type: "block",
          token: "FROMLONLAT",
          arguments: [{ name: "longitude", type: "double" }, { name: "latitude", type: "double" }],
        }],
      },
      {
        name: "by",
        type: "oneof",
        arguments: [{
          name: "circle",
          type: "block",
          arguments: [{ name: "radius", type: "double", token: "BYRADIUS" }, {
            name: "unit",
            type: "oneof",
            arguments: [
              { name: "m", type: "pure-token", token: "M" },
              { name: "km", type: "pure-token", token: "KM" },
              { name: "ft", type: "pure-token", token: "FT" },
              { name: "mi", type: "pure-token", token: "MI" },
            ],
          }],
        }, {
          name: "box",
          type: "block",
          arguments: [{ name: "width", type: "double", token: "BYBOX" }, { name: "height", type: "double" }, {
            name: "unit",
            type: "oneof",
            arguments: [
              { name: "m", type: "pure-token", token: "M" },
              { name: "km", type: "pure-token", token: "KM" },
              { name: "ft", type: "pure-token", token: "FT" },
              { name: "mi", type: "pure-token", token: "MI" },
            ],
          }],
        }],
      },
      {
        name: "order",
        type: "oneof",
        optional: true,
        arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
          name: "desc",
          type: "pure-token",
          token: "DESC",
        }],
      },
      {
        name: "count",
        type: "block",
        optional: true,
        arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
          name: "any",
          type: "pure-token",
          token: "ANY",
          optional: true,
        }],
      },
      { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
      { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
      { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
    ],
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
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the shape and M the number of those in it",
    summary: "Stores the places of an index that lie in a circle or a box at another key.",
    history: [["7.0.0", "Units in upper case."]],
    arguments: [{ name: "destination", type: "key", keySpecIndex: 0 }, {
      name: "source",
      type: "key",
      keySpecIndex: 1,
    }, {
      name: "from",
      type: "oneof",
      arguments: [{ name: "member", type: "string", token: "FROMMEMBER" }, {
        name: "longitude_latitude",
        type: "block",
        token: "FROMLONLAT",
        arguments: [{ name: "longitude", type: "double" }, { name: "latitude", type: "double" }],
      }],
    }, {
      name: "by",
      type: "oneof",
      arguments: [{
        name: "circle",
        type: "block",
        arguments: [{ name: "radius", type: "double", token: "BYRADIUS" }, {
          name: "unit",
          type: "oneof",
          arguments: [
            { name: "m", type: "pure-token", token: "M" },
            { name: "km", type: "pure-token", token: "KM" },
            { name: "ft", type: "pure-token", token: "FT" },
            { name: "mi", type: "pure-token", token: "MI" },
          ],
        }],
      }, {
        name: "box",
        type: "block",
        arguments: [{ name: "width", type: "double", token: "BYBOX" }, { name: "height", type: "double" }, {
          name: "unit",
          type: "oneof",
          arguments: [
            { name: "m", type: "pure-token", token: "M" },
            { name: "km", type: "pure-token", token: "KM" },
            { name: "ft", type: "pure-token", token: "FT" },
            { name: "mi", type: "pure-token", token: "MI" },
          ],
        }],
      }],
    }, {
      name: "order",
      type: "oneof",
      optional: true,
      arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
        name: "desc",
        type: "pure-token",
        token: "DESC",
      }],
    }, {
      name: "count",
      type: "block",
      optional: true,
      arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
        name: "any",
        type: "pure-token",
        token: "ANY",
        optional: true,
      }],
    }, { name: "storedist", type: "pure-token", token: "STOREDIST", optional: true }],
    handler: geosearchstore,
  },
  {
    name: "georadius",
    arity: -6,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["geo"],
    keySpecs: [keyAt(1, "RO", "access"), {
      flags: ["OW", "update"],
      begin: { keyword: "STORE", startFrom: 6 },
      find: { lastKey: 0, step: 1, limit: 0 },
    }, {
      flags: ["OW", "update"],
      begin: { keyword: "STOREDIST", startFrom: 6 },
      find: { lastKey: 0, step: 1, limit: 0 },
    }],
    since: "3.2.0",
    group: "geo",
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the circle and M the number of those in it",
    summary: "Finds the places of an index around a point; may store them at another key.",
    history: [["6.2.0", "ANY."], ["7.0.0", "Units in upper case."]],
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "longitude", type: "double" },
      { name: "latitude", type: "double" },
      { name: "radius", type: "double" },
      {
        name: "unit",
        type: "oneof",
        arguments: [
          { name: "m", type: "pure-token", token: "M" },
          { name: "km", type: "pure-token", token: "KM" },
          { name: "ft", type: "pure-token", token: "FT" },
          { name: "mi", type: "pure-token", token: "MI" },
        ],
      },
      { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
      { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
      { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
      {
        name: "count",
        type: "block",
        optional: true,
        arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
          name: "any",
          type: "pure-token",
          token: "ANY",
          optional: true,
          since: "6.2.0",
        }],
      },
      {
        name: "order",
        type: "oneof",
        optional: true,
        arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
          name: "desc",
          type: "pure-token",
          token: "DESC",
        }],
      },
      { name: "key", type: "key", token: "STORE", optional: true, keySpecIndex: 1 },
      { name: "key", type: "key", token: "STOREDIST", optional: true, keySpecIndex: 2 },
    ],
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
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the circle and M the number of those in it",
    summary: "Finds the places of an index around a point, and only reads.",
    history: [["6.2.0", "ANY."]],
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH with BYRADIUS" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "longitude", type: "double" },
      { name: "latitude", type: "double" },
      { name: "radius", type: "double" },
      {
        name: "unit",
        type: "oneof",
        arguments: [
          { name: "m", type: "pure-token", token: "M" },
          { name: "km", type: "pure-token", token: "KM" },
          { name: "ft", type: "pure-token", token: "FT" },
          { name: "mi", type: "pure-token", token: "MI" },
        ],
      },
      { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
      { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
      { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
      {
        name: "count",
        type: "block",
        optional: true,
        arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
          name: "any",
          type: "pure-token",
          token: "ANY",
          optional: true,
          since: "6.2.0",
        }],
      },
      {
        name: "order",
        type: "oneof",
        optional: true,
        arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
          name: "desc",
          type: "pure-token",
          token: "DESC",
        }],
      },
    ],
    handler: georadiusRo,
  },
  {
    name: "georadiusbymember",
    arity: -5,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["geo"],
    keySpecs: [keyAt(1, "RO", "access"), {
      flags: ["OW", "update"],
      begin: { keyword: "STORE", startFrom: 5 },
      find: { lastKey: 0, step: 1, limit: 0 },
    }, {
      flags: ["OW", "update"],
      begin: { keyword: "STOREDIST", startFrom: 5 },
      find: { lastKey: 0, step: 1, limit: 0 },
    }],
    since: "3.2.0",
    group: "geo",
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the circle and M the number of those in it",
    summary: "Finds the places of an index around another of its places; may store them at another key.",
    history: [["7.0.0", "Units in upper case."]],
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string" },
      { name: "radius", type: "double" },
      {
        name: "unit",
        type: "oneof",
        arguments: [
          { name: "m", type: "pure-token", token: "M" },
          { name: "km", type: "pure-token", token: "KM" },
          { name: "ft", type: "pure-token", token: "FT" },
          { name: "mi", type: "pure-token", token: "MI" },
        ],
      },
      { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
      { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
      { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
      {
        name: "count",
        type: "block",
        optional: true,
        arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
          name: "any",
          type: "pure-token",
          token: "ANY",
          optional: true,
        }],
      },
      {
        name: "order",
        type: "oneof",
        optional: true,
        arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
          name: "desc",
          type: "pure-token",
          token: "DESC",
        }],
      },
      { name: "key", type: "key", token: "STORE", optional: true, keySpecIndex: 1 },
      { name: "key", type: "key", token: "STOREDIST", optional: true, keySpecIndex: 2 },
    ],
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
    complexity:
      "O(N+log(M)) where N is the number of places in the cells around the circle and M the number of those in it",
    summary: "Finds the places of an index around another of its places, and only reads.",
    deprecated: { since: "6.2.0", replacedBy: "GEOSEARCH with BYRADIUS and FROMMEMBER" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "member", type: "string" },
      { name: "radius", type: "double" },
      {
        name: "unit",
        type: "oneof",
        arguments: [
          { name: "m", type: "pure-token", token: "M" },
          { name: "km", type: "pure-token", token: "KM" },
          { name: "ft", type: "pure-token", token: "FT" },
          { name: "mi", type: "pure-token", token: "MI" },
        ],
      },
      { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
      { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
      { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
      {
        name: "count",
        type: "block",
        optional: true,
        arguments: [{ name: "count", type: "integer", token: "COUNT" }, {
          name: "any",
          type: "pure-token",
          token: "ANY",
          optional: true,
        }],
      },
      {
        name: "order",
        type: "oneof",
        optional: true,
        arguments: [{ name: "asc", type: "pure-token", token: "ASC" }, {
          name: "desc",
          type: "pure-token",
          token: "DESC",
        }],
      },
    ],
    handler: georadiusbymemberRo,
  },
];
