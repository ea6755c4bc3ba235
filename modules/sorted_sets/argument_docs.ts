// Argument descriptions that several sorted set commands share, as COMMAND DOCS tells them.
import type { ArgumentDoc } from "../../core/commands/command.ts";

export const KEY: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
export const MEMBER: ArgumentDoc = { name: "member", type: "string" };
export const MEMBERS: ArgumentDoc = { ...MEMBER, multiple: true };

/** A number of keys and the keys. */
export const NUMKEYS: ArgumentDoc = { name: "numkeys", type: "integer" };
export const KEYS: ArgumentDoc = { ...KEY, multiple: true };

/** Where a STORE form puts its result, and the keys behind it. */
export const DESTINATION: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 0 };
export const KEYS_BEHIND_DESTINATION: ArgumentDoc = { ...KEYS, keySpecIndex: 1 };

/** How the scores of a member that several inputs have become one. */
export const WEIGHTS: ArgumentDoc = {
  name: "weight",
  type: "integer",
  token: "WEIGHTS",
  optional: true,
  multiple: true,
};
export const AGGREGATE: ArgumentDoc = {
  name: "aggregate",
  type: "oneof",
  token: "AGGREGATE",
  optional: true,
  arguments: [token("sum"), token("min"), token("max")],
};

/** The ends of a range of ranks, of scores, of texts. */
export const START_RANK: ArgumentDoc = { name: "start", type: "integer" };
export const STOP_RANK: ArgumentDoc = { name: "stop", type: "integer" };
export const MIN_SCORE: ArgumentDoc = { name: "min", type: "double" };
export const MAX_SCORE: ArgumentDoc = { name: "max", type: "double" };
export const MIN_TEXT: ArgumentDoc = { name: "min", type: "string" };
export const MAX_TEXT: ArgumentDoc = { name: "max", type: "string" };

/** What kind of range it is, where ranks are meant otherwise. */
export const SORTBY: ArgumentDoc = {
  name: "sortby",
  type: "oneof",
  optional: true,
  arguments: [token("byscore"), token("bylex")],
};
export const REV: ArgumentDoc = { ...token("rev"), optional: true };
export const LIMIT: ArgumentDoc = {
  name: "offset_count",
  type: "block",
  token: "LIMIT",
  optional: true,
  arguments: [{ name: "offset", type: "integer" }, { name: "count", type: "integer" }],
};

export const WITHSCORE: ArgumentDoc = { ...token("withscore"), optional: true, since: "7.2.0" };
export const WITHSCORES: ArgumentDoc = { ...token("withscores"), optional: true };

/** Which end members are taken from, and how many. */
export const WHERE: ArgumentDoc = { name: "where", type: "oneof", arguments: [token("min"), token("max")] };
export const COUNT: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };
export const TIMEOUT: ArgumentDoc = { name: "timeout", type: "double" };

function token(name: string): ArgumentDoc {
  return { name, type: "pure-token", token: name.toUpperCase() };
}
