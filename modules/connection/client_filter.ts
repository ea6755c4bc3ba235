// The filters of CLIENT LIST and CLIENT KILL.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { ClientKind, CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { CLIENT_NAME_CHARACTERS, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { isPlainText } from "./plain_text.ts";

/** Which connections are meant. */
export interface ClientFilter {
  skipMe: boolean;
  /** All of them have to hold. */
  conditions: Condition[];
}

type Condition = (client: CommandClient) => boolean;

const KINDS: Record<string, ClientKind> = {
  normal: "normal",
  master: "master",
  primary: "master",
  replica: "replica",
  slave: "replica",
  pubsub: "pubsub",
};

/** Letters that `flags` of CLIENT LIST may have; `B` and others stand for what Spork's clients never are. */
const FLAG_LETTERS = "SMPxbtRBdcuAUreTIN";
const CAPABILITY_LETTERS = "r";

export function passes(filter: ClientFilter, client: CommandClient, self: CommandClient): boolean {
  if (filter.skipMe && client === self) return false;
  return filter.conditions.every((holds) => holds(client));
}

/**
 * Reads filters from argument `from` on; null after an error reply. `lists`: for CLIENT LIST, which includes one's own
 * connection unless SKIPME YES says otherwise.
 */
export function parseClientFilter(
  client: CommandClient,
  args: Arguments,
  from: number,
  options: { lists: boolean },
): ClientFilter | null {
  const filter: ClientFilter = { skipMe: !options.lists, conditions: [] };
  let at = from;
  while (at < args.count) {
    const word = args.latin1(at).toLowerCase();
    let problem: string | null = SYNTAX_ERROR;
    let next = at + 2;
    if (at + 1 < args.count) {
      if (word === "id") {
        const ids = new Set<number>();
        next = readIds(args, at + 1, ids);
        problem = idProblem(args, next, at + 1, ids, options);
        filter.conditions.push((each) => ids.has(each.id));
      } else if (word === "skipme") {
        filter.skipMe = args.is(at + 1, "yes");
        problem = filter.skipMe || args.is(at + 1, "no") ? null : SYNTAX_ERROR;
      } else {
        const made = makers.get(word)?.(client, args.latin1(at + 1));
        if (typeof made === "string") problem = made;
        else if (made !== undefined) {
          filter.conditions.push(made);
          problem = null;
        }
      }
    }
    if (problem !== null) {
      client.reply.error(problem);
      return null;
    }
    at = next;
  }
  return filter;
}

/** Takes the numbers from `at` on; where they end. */
function readIds(args: Arguments, at: number, ids: Set<number>): number {
  for (; at < args.count; at++) {
    const id = parseSafeInteger(args.buffer, args.starts[at], args.ends[at]);
    if (Number.isNaN(id)) break;
    ids.add(id);
  }
  return at;
}

function idProblem(
  args: Arguments,
  end: number,
  start: number,
  ids: Set<number>,
  options: { lists: boolean },
): string | null {
  if (options.lists) {
    const stopsAtWord = end === args.count || isFilter(args.latin1(end).toLowerCase());
    return end === start || !stopsAtWord ? "ERR Invalid client ID" : null;
  }
  const isPositive = end > start && [...ids].every((id) => id > 0);
  return isPositive ? null : "ERR client-id should be greater than 0";
}

function isFilter(word: string): boolean {
  return makers.has(word) || word === "id" || word === "skipme";
}

/** Of each filter with one value: what it asks of a connection, or the text of the error. */
const makers = new Map<string, (client: CommandClient, value: string) => Condition | string>([
  ["type", (_, value) => {
    const kind = KINDS[value.toLowerCase()];
    return kind === undefined ? `ERR Unknown client type '${value}'` : (each) => each.kind === kind;
  }],
  ["addr", (_, value) => (each) => each.peer === value],
  ["laddr", (_, value) => (each) => each.localAddress === value],
  ["ip", (_, value) => (each) => withoutPort(each.peer) === value],
  ["user", (_, value) => value === "default" ? (each) => each.user === value : `ERR No such user '${value}'`],
  ["name", (_, value) => isPlainText(value) ? (each) => each.name === value : CLIENT_NAME_CHARACTERS],
  ["lib-name", (_, value) => (each) => each.libraryName === value],
  ["lib-ver", (_, value) => (each) => each.libraryVersion === value],
  ["maxage", (client, value) => {
    const now = client.server.keyspace.clock.ms;
    return atLeast("maxage", value, (each) => (now - each.createdAt) / 1000);
  }],
  ["idle", (client, value) => {
    const now = client.server.keyspace.clock.ms;
    return atLeast("idle", value, (each) => (now - each.lastInteraction) / 1000);
  }],
  ["db", (client, value) => {
    const count = client.server.keyspace.databases.length;
    const id = /^\d+$/.test(value) ? Number(value) : NaN;
    return id < count ? (each) => each.db.id === id : `ERR DB number should be between 0 and ${count - 1}`;
  }],
  ["flags", (_, value) => {
    const unknown = hasOthers(value, FLAG_LETTERS);
    return unknown
      ? `ERR Unknown flags found in the provided filter: ${value}`
      : (each) => hasAll(each.flags, value);
  }],
  ["capa", (_, value) => {
    const unknown = hasOthers(value, CAPABILITY_LETTERS);
    return unknown
      ? `ERR Unknown capa found in the provided filter: ${value}`
      : (each) => hasAll(each.capabilities, value);
  }],
]);

function atLeast(
  name: string,
  value: string,
  seconds: (client: CommandClient) => number,
): Condition | string {
  if (!/^-?\d{1,15}$/.test(value)) return `ERR ${name} is not an integer or out of range`;
  const least = Number(value);
  return least <= 0 ? `ERR ${name} should be greater than 0` : (each) => seconds(each) >= least;
}

function hasAll(letters: string, wanted: string): boolean {
  return [...wanted].every((letter) => letters.includes(letter));
}

function hasOthers(letters: string, allowed: string): boolean {
  return letters === "" || !hasAll(allowed, letters);
}

/** "1.2.3.4" of "1.2.3.4:5", "::1" of "[::1]:5", the path of a unix socket. */
function withoutPort(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}
