// Places of an index: GEOADD, GEOPOS, GEOHASH, GEODIST. An index is a sorted set whose scores are geohash numbers.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { addMembers, CH, NX, scoresFor, XX } from "../sorted_sets/write_commands.ts";
import { ABSENT, OPEN, openZset, REFUSED, zset } from "../sorted_sets/zset_lookup.ts";
import { placeArguments, placeLatitude, placeLongitude, unitArgument } from "./geo_arguments.ts";
import { decode, encode, latitude, longitude, scoreDigits, standardText } from "./geohash.ts";
import { replyCoordinates, replyDistance } from "./geo_replies.ts";
import { metersBetween } from "./search_area.ts";

function geoadd(client: CommandClient, args: Arguments): void {
  let first = 2;
  let options = 0;
  for (; first < args.count; first++) {
    const option = optionAt(args, first);
    if (option === 0) break;
    options |= option;
  }
  const words = args.count - first;
  if (words === 0 || words % 3 !== 0 || (options & (NX | XX)) === (NX | XX)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const places = words / 3;
  const scores = scoresFor(places);
  for (let place = 0; place < places; place++) {
    if (!placeArguments(client, args, first + place * 3)) return;
    scores[place] = encode(placeLongitude, placeLatitude);
  }
  const { keyspace, propagation } = client.server;
  const before = keyspace.dirty;
  addMembers(client, args, first + 2, 3, places, options);
  if (propagation.active && keyspace.dirty > before) propagateScores(client, args, first);
}

/** The places are propagated as the scores that they are. */
function propagateScores(client: CommandClient, args: Arguments, first: number): void {
  const { propagation } = client.server;
  const places = (args.count - first) / 3;
  const scores = scoresFor(places);
  propagation.instead("ZADD", first + places * 2);
  for (let index = 1; index < first; index++) propagation.argument(args, index);
  for (let place = 0; place < places; place++) {
    propagation.word(digitsOf(client, args, first + place * 3, scores[place]));
    propagation.argument(args, first + place * 3 + 2);
  }
}

/** The score of the place at an argument in digits: all of them, also beyond what a double holds exactly. */
function digitsOf(client: CommandClient, args: Arguments, index: number, score: number): string {
  if (Number.isSafeInteger(score)) return `${score}`;
  placeArguments(client, args, index);
  return scoreDigits(placeLongitude, placeLatitude);
}

function optionAt(args: Arguments, index: number): number {
  if (args.is(index, "nx")) return NX;
  if (args.is(index, "xx")) return XX;
  return args.is(index, "ch") ? CH : 0;
}

function geopos(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  client.reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) {
    if (!findPlace(args, index, found)) client.reply.nullArray();
    else replyCoordinates(client, longitude, latitude);
  }
}

function geohash(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  client.reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) {
    if (!findPlace(args, index, found)) client.reply.null();
    else client.reply.bulkLatin1(standardText());
  }
}

/** Whether the index has the member at an argument; then its place is decoded. */
function findPlace(args: Arguments, index: number, found: number): boolean {
  if (found !== OPEN || !zset.find(args.buffer, args.starts[index], args.ends[index])) return false;
  decode(zset.score);
  return true;
}

function geodist(client: CommandClient, args: Arguments): void {
  if (args.count > 5) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const meters = args.count === 5 ? unitArgument(client, args, 4) : 1;
  if (meters !== meters) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || !findPlace(args, 2, found)) {
    client.reply.null();
    return;
  }
  const fromLongitude = longitude;
  const fromLatitude = latitude;
  if (!findPlace(args, 3, found)) client.reply.null();
  else replyDistance(client, metersBetween(fromLongitude, fromLatitude, longitude, latitude) / meters);
}

export const placeCommands: CommandSpec[] = [
  {
    name: "geoadd",
    arity: -5,
    flags: ["write", "denyoom"],
    categories: ["geo"],
    keySpecs: oneKey("RW", "update"),
    since: "3.2.0",
    group: "geo",
    complexity: "O(M*log(N)) for M places given and an index of N",
    summary:
      "Adds places, each with longitude and latitude, to a sorted set that serves as an index of places.",
    history: [["6.2.0", "CH, NX and XX."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "condition",
        type: "oneof",
        optional: true,
        since: "6.2.0",
        arguments: [{ name: "nx", type: "pure-token", token: "NX" }, {
          name: "xx",
          type: "pure-token",
          token: "XX",
        }],
      },
      { name: "change", type: "pure-token", token: "CH", optional: true, since: "6.2.0" },
      {
        name: "longitude_latitude_member",
        type: "block",
        multiple: true,
        arguments: [{ name: "longitude", type: "double" }, { name: "latitude", type: "double" }, {
          name: "member",
          type: "string",
        }],
      },
    ],
    handler: geoadd,
  },
  {
    name: "geopos",
    arity: -2,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "3.2.0",
    group: "geo",
    complexity: "O(N) where N is the number of places asked for",
    summary: "Gives longitude and latitude of places of an index.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, {
      name: "member",
      type: "string",
      multiple: true,
    }],
    handler: geopos,
  },
  {
    name: "geohash",
    arity: -2,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "3.2.0",
    group: "geo",
    complexity: "O(N) where N is the number of places asked for",
    summary: "Gives places of an index as standard geohash texts.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, {
      name: "member",
      type: "string",
      multiple: true,
    }],
    handler: geohash,
  },
  {
    name: "geodist",
    arity: -4,
    flags: ["readonly"],
    categories: ["geo"],
    keySpecs: oneKey("RO", "access"),
    since: "3.2.0",
    group: "geo",
    complexity: "O(1)",
    summary: "Gives the distance between two places of an index.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, { name: "member1", type: "string" }, {
      name: "member2",
      type: "string",
    }, {
      name: "unit",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "m", type: "pure-token", token: "M" },
        { name: "km", type: "pure-token", token: "KM" },
        { name: "ft", type: "pure-token", token: "FT" },
        { name: "mi", type: "pure-token", token: "MI" },
      ],
    }],
    handler: geodist,
  },
];
