// Random geo commands for tests that compare two servers: points all over the world, close together, and at its edges;
// circles and boxes from meters to half the world.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const GEO_KEYS = ["a", "b"];
export const ENTRIES_MAX = 8;

const key = fc.constantFrom(...GEO_KEYS);
const member = fc.oneof(fc.nat(12).map((n) => `p${n}`), fc.constantFrom("7", "none"));
const decimal = (limit: number) =>
  fc.oneof(
    fc.double({ min: -limit, max: limit, noNaN: true }).map((value) => value.toFixed(7)),
    fc.double({ min: 10, max: 10.5, noNaN: true }).map((value) => value.toFixed(6)),
    fc.constantFrom("0", "-0.0001", `${limit}`, `-${limit}`, `${limit - 0.0001}`),
  );
const badPlace = fc.constantFrom(["181", "0"], ["0", "86"], ["x", "0"], ["0", "x"], ["nan", "0"]);
const goodPlace = fc.tuple(decimal(180), decimal(85.05112878)).map((place) => place as string[]);
const place = fc.oneof({ arbitrary: goodPlace, weight: 25 }, { arbitrary: badPlace, weight: 1 });
const size = fc.oneof(
  fc.double({ min: 0, max: 5, noNaN: true }).map((value) => value.toFixed(3)),
  fc.integer({ min: 1, max: 20000 }).map(String),
);
const anySize = fc.oneof({ arbitrary: size, weight: 20 }, {
  arbitrary: fc.constantFrom("-1", "x"),
  weight: 1,
});
const unit = fc.constantFrom("m", "km", "km", "KM", "mi", "ft", "km", "x");
const radius = fc.tuple(anySize, unit);
const shape = fc.oneof(
  radius.map((words) => ["BYRADIUS", ...words]),
  fc.tuple(anySize, anySize, unit).map((words) => ["BYBOX", ...words]),
);
const center = fc.oneof(
  place.map((words) => ["FROMLONLAT", ...words]),
  member.map((name) => ["FROMMEMBER", name]),
);
const count = fc.constantFrom([], [], ["COUNT", "2"], ["COUNT", "0"], ["COUNT", "100", "ANY"], ["ANY"]);
/** Of places that are equally far away it is open which ones are taken. */
const storeCount = fc.constantFrom([], ["COUNT", "0"], ["COUNT", "100"]);
const order = fc.constantFrom([], ["ASC"], ["desc"]);
const withs = fc.subarray(["WITHDIST", "WITHHASH", "WITHCOORD"]);
const noWiths = fc.constantFrom([], [], [], ["WITHDIST"]);

export const geoCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    arbitrary: fc.tuple(
      key,
      fc.constantFrom([], [], [], ["NX"], ["XX"], ["CH"], ["NX", "XX"]),
      fc.array(fc.tuple(place, member), { minLength: 1, maxLength: 6 }),
    ).map(([k, words, places]) => ["GEOADD", k, ...words, ...places.flatMap(([at, name]) => [...at, name])]),
    weight: 5,
  },
  fc.tuple(
    fc.constantFrom("GEOPOS", "GEOHASH", "ZMSCORE"),
    key,
    fc.array(member, { minLength: 1, maxLength: 4 }),
  )
    .map(([name, k, members]) => [name, k, ...members]),
  fc.tuple(key, member, member, fc.constantFrom([], ["km"], ["mi"], ["x"], ["m", "m"])).map((
    [k, from, to, words],
  ) => ["GEODIST", k, from, to, ...words]),
  {
    arbitrary: fc.tuple(key, center, shape, order, count, withs).map((
      [k, from, by, ...more],
    ) => ["GEOSEARCH", k, ...from, ...by, ...more.flat()]),
    weight: 5,
  },
  fc.tuple(key, key, center, shape, order, storeCount, fc.constantFrom([], ["STOREDIST"]), noWiths).map((
    [to, k, from, by, ...more],
  ) => ["GEOSEARCHSTORE", to, k, ...from, ...by, ...more.flat()]),
  fc.tuple(fc.constantFrom("GEORADIUS", "GEORADIUS_RO"), key, place, radius, order, count, withs).map((
    [name, k, at, within, ...more],
  ) => [name, k, ...at, ...within, ...more.flat()]),
  fc.tuple(
    fc.constantFrom("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"),
    key,
    member,
    radius,
    order,
    count,
    withs,
  )
    .map(([name, k, at, within, ...more]) => [name, k, at, ...within, ...more.flat()]),
  fc.tuple(key, place, radius, fc.constantFrom("STORE", "STOREDIST"), key, noWiths).map((
    [k, at, within, store, to, more],
  ) => ["GEORADIUS", k, ...at, ...within, store, to, ...more]),
  fc.tuple(key, member, radius, fc.constantFrom("STORE", "STOREDIST"), key).map((
    [k, at, within, store, to],
  ) => ["GEORADIUSBYMEMBER", k, at, ...within, store, to]),
  fc.constantFrom<Command>(["SET", "b", "text"], ["DEL", "b"], ["GEOSEARCH", "a", "ASC"], [
    "GEOSEARCH",
    "a",
    "FROMLONLAT",
    "1",
    "1",
    "ASC",
    "ASC",
  ], ["GEORADIUS", "a", "1", "1", "1", "km", "FROMMEMBER", "p1"]),
);

export const CLOSING: Command[] = GEO_KEYS.flatMap((name) => [
  ["OBJECT", "ENCODING", name],
  ["ZRANGE", name, "0", "-1", "WITHSCORES"],
]);

/** Whether some of several places that are equally far away may have been taken. */
export function leavesChoiceOpen(command: Command): boolean {
  return command.includes("COUNT") && command.includes("2");
}

/** Whether the reply's order follows from the cells that the server looked into, which have changed since 7.0. */
export function leavesOrderOpen(command: Command): boolean {
  const words = command.map((word) => `${word}`.toUpperCase());
  return /^GEO(SEARCH|RADIUS)/.test(words[0]) && !words.includes("ASC") && !words.includes("DESC");
}
