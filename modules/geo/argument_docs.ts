// What the geo searches' arguments have in common, as COMMAND DOCS tells them.
import { type ArgumentDoc, keyAt, type KeySpec } from "../../core/commands/command.ts";

export const KEY: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
export const MEMBER: ArgumentDoc = { name: "member", type: "string" };
export const RADIUS: ArgumentDoc = { name: "radius", type: "double" };

/** Longitude and latitude. */
export const PLACE: ArgumentDoc[] = [
  { name: "longitude", type: "double" },
  { name: "latitude", type: "double" },
];

export const UNIT: ArgumentDoc = {
  name: "unit",
  type: "oneof",
  arguments: [token("m"), token("km"), token("ft"), token("mi")],
};

/** The middle of a circle or a box. */
const FROM: ArgumentDoc = {
  name: "from",
  type: "oneof",
  arguments: [
    { name: "member", type: "string", token: "FROMMEMBER" },
    { name: "longitude_latitude", type: "block", token: "FROMLONLAT", arguments: PLACE },
  ],
};

/** Its size. */
const BY: ArgumentDoc = {
  name: "by",
  type: "oneof",
  arguments: [
    {
      name: "circle",
      type: "block",
      arguments: [{ name: "radius", type: "double", token: "BYRADIUS" }, UNIT],
    },
    {
      name: "box",
      type: "block",
      arguments: [
        { name: "width", type: "double", token: "BYBOX" },
        { name: "height", type: "double" },
        UNIT,
      ],
    },
  ],
};

/** The area: a circle or a box around a middle, or a polygon. */
export const SEARCH_AREA: ArgumentDoc = {
  name: "search-type",
  type: "oneof",
  arguments: [
    { name: "radius-or-box", type: "block", arguments: [FROM, BY] },
    {
      name: "polygon",
      type: "block",
      since: "9.0.0",
      arguments: [
        { name: "num-vertices", type: "integer", token: "BYPOLYGON" },
        { name: "vertices", type: "block", multiple: true, arguments: PLACE },
      ],
    },
  ],
};

export const ORDER: ArgumentDoc = {
  name: "order",
  type: "oneof",
  optional: true,
  arguments: [token("asc"), token("desc")],
};

export const COUNT: ArgumentDoc = {
  name: "count",
  type: "block",
  optional: true,
  arguments: [
    { name: "count", type: "integer", token: "COUNT" },
    { ...token("any"), optional: true },
  ],
};

/** The same for commands that are older than ANY. */
export const COUNT_ANY_SINCE: ArgumentDoc = {
  name: "count",
  type: "block",
  optional: true,
  arguments: [
    { name: "count", type: "integer", token: "COUNT" },
    { ...token("any"), optional: true, since: "6.2.0" },
  ],
};

export const WITH: ArgumentDoc[] = ["withcoord", "withdist", "withhash"].map((name) => ({
  ...token(name),
  optional: true,
}));

/** The two options of the radius forms that store the result. */
export const storeArguments: ArgumentDoc[] = [
  { name: "key", type: "key", token: "STORE", optional: true, keySpecIndex: 1 },
  { name: "key", type: "key", token: "STOREDIST", optional: true, keySpecIndex: 2 },
];

/** Keys of a radius form whose options begin at argument `first`. */
export function storeKeys(first: number): KeySpec[] {
  const behind = (keyword: string): KeySpec => ({
    flags: ["OW", "update"],
    begin: { keyword, startFrom: first },
    find: { lastKey: 0, step: 1, limit: 0 },
  });
  return [keyAt(1, "RO", "access"), behind("STORE"), behind("STOREDIST")];
}

function token(name: string): ArgumentDoc {
  return { name, type: "pure-token", token: name.toUpperCase() };
}
