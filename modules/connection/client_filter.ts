// The filters of CLIENT LIST and CLIENT KILL.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { ClientKind, CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

/** A connection passes where every filter that is not null holds. */
export interface ClientFilter {
  ids: Set<number> | null;
  address: string | null;
  localAddress: string | null;
  kind: ClientKind | null;
  user: string | null;
  /** Seconds. */
  ageMin: number | null;
  skipMe: boolean;
}

const KINDS: Record<string, ClientKind> = {
  normal: "normal",
  master: "master",
  primary: "master",
  replica: "replica",
  slave: "replica",
  pubsub: "pubsub",
};

/**
 * Reads filters from argument `from` on; null after an error reply. `allIds`: ID takes all arguments that follow
 * (CLIENT LIST), and one's own connection is included unless SKIPME YES says otherwise.
 */
export function parseClientFilter(
  client: CommandClient,
  args: Arguments,
  from: number,
  options: { allIds: boolean },
): ClientFilter | null {
  const { reply } = client;
  const filter: ClientFilter = {
    ids: null,
    address: null,
    localAddress: null,
    kind: null,
    user: null,
    ageMin: null,
    skipMe: !options.allIds,
  };
  let at = from;
  while (at < args.count) {
    if (at + 1 >= args.count) {
      reply.error(SYNTAX_ERROR);
      return null;
    }
    if (args.is(at, "id")) {
      filter.ids ??= new Set();
      const last = options.allIds ? args.count - 1 : at + 1;
      for (let i = at + 1; i <= last; i++) {
        const wanted = parseSafeInteger(args.buffer, args.starts[i], args.ends[i]);
        if (Number.isNaN(wanted) && options.allIds) {
          reply.error("ERR Invalid client ID");
          return null;
        }
        if (!(wanted > 0) && !options.allIds) {
          reply.error("ERR client-id should be greater than 0");
          return null;
        }
        filter.ids.add(wanted);
      }
      at = last + 1;
      continue;
    }
    const value = args.latin1(at + 1);
    if (args.is(at, "type")) {
      const kind = KINDS[value.toLowerCase()];
      if (kind === undefined) {
        reply.error(`ERR Unknown client type '${value}'`);
        return null;
      }
      filter.kind = kind;
    } else if (args.is(at, "addr")) filter.address = value;
    else if (args.is(at, "laddr")) filter.localAddress = value;
    else if (args.is(at, "user")) {
      if (value !== "default") {
        reply.error(`ERR No such user '${value}'`);
        return null;
      }
      filter.user = value;
    } else if (args.is(at, "maxage")) {
      const age = parseSafeInteger(args.buffer, args.starts[at + 1], args.ends[at + 1]);
      if (Number.isNaN(age)) {
        reply.error("ERR maxage is not an integer or out of range");
        return null;
      }
      if (age <= 0) {
        reply.error("ERR maxage should be greater than 0");
        return null;
      }
      filter.ageMin = age;
    } else if (args.is(at, "skipme")) {
      if (value.toLowerCase() === "yes") filter.skipMe = true;
      else if (value.toLowerCase() === "no") filter.skipMe = false;
      else {
        reply.error(SYNTAX_ERROR);
        return null;
      }
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
    at += 2;
  }
  return filter;
}
