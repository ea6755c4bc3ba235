// CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO: what a client that caches keys is told of them.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { TrackingOptions } from "../../core/commands/client_tracking.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  BROADCAST_SWITCH,
  BROADCAST_WITH_OPT,
  CACHING_NO_WITHOUT_OPTOUT,
  CACHING_WITHOUT_OPT,
  CACHING_YES_WITHOUT_OPTIN,
  NOT_AN_INTEGER,
  ONE_REDIRECT,
  OPTIN_AND_OPTOUT,
  OPTIN_OPTOUT_SWITCH,
  PREFIX_WITHOUT_BROADCAST,
  prefixesOverlap,
  REDIRECT_NOT_FOUND,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { shared } from "./client_shared.ts";

interface Request {
  options: TrackingOptions;
  prefixes: string[];
}

/** The options behind ON or OFF; the text of the error where they are wrong. */
function parseOptions(client: CommandClient, args: Arguments): Request | string {
  const options = { redirect: 0, broadcast: false, optIn: false, optOut: false, noLoop: false };
  const prefixes: string[] = [];
  for (let i = 3; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, "redirect") && hasMore) {
      i++;
      if (options.redirect !== 0) return ONE_REDIRECT;
      const redirect = parseSafeInteger(args.buffer, args.starts[i], args.ends[i]);
      if (Number.isNaN(redirect)) return NOT_AN_INTEGER;
      if (client.server.clients.get(redirect) === undefined) return REDIRECT_NOT_FOUND;
      options.redirect = redirect;
    } else if (args.is(i, "bcast")) options.broadcast = true;
    else if (args.is(i, "optin")) options.optIn = true;
    else if (args.is(i, "optout")) options.optOut = true;
    else if (args.is(i, "noloop")) options.noLoop = true;
    else if (args.is(i, "prefix") && hasMore) prefixes.push(args.latin1(++i));
    else return SYNTAX_ERROR;
  }
  return { options, prefixes };
}

/** Why a client can't track in this way now; null where it can. */
function refusal(client: CommandClient, { options, prefixes }: Request): string | null {
  const { tracking } = client;
  if (!options.broadcast && prefixes.length > 0) return PREFIX_WITHOUT_BROADCAST;
  if (tracking !== null && tracking.broadcast !== options.broadcast) return BROADCAST_SWITCH;
  if (options.broadcast && (options.optIn || options.optOut)) return BROADCAST_WITH_OPT;
  if (options.optIn && options.optOut) return OPTIN_AND_OPTOUT;
  if (tracking !== null && (options.optIn && tracking.optOut || options.optOut && tracking.optIn)) {
    return OPTIN_OPTOUT_SWITCH;
  }
  return overlap(prefixes, tracking === null ? [] : [...tracking.prefixes].sort());
}

/** The error where a prefix would bring a key to the client twice. */
function overlap(prefixes: readonly string[], existing: readonly string[]): string | null {
  for (const [index, prefix] of prefixes.entries()) {
    for (const other of existing) {
      if (overlaps(prefix, other)) return prefixesOverlap(prefix, "an existing", other);
    }
    for (const other of prefixes.slice(index + 1)) {
      if (overlaps(prefix, other)) return prefixesOverlap(prefix, "another provided", other);
    }
  }
  return null;
}

function overlaps(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function tracking(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const request = parseOptions(client, args);
  if (typeof request === "string") {
    reply.error(request);
    return;
  }
  if (args.is(2, "off")) {
    server.tracking.disable(client);
    reply.ok();
    return;
  }
  const error = args.is(2, "on") ? refusal(client, request) : SYNTAX_ERROR;
  if (error !== null) {
    reply.error(error);
    return;
  }
  server.tracking.enable(client, request.options, request.prefixes);
  reply.ok();
}

function caching(client: CommandClient, args: Arguments): void {
  const { reply, tracking } = client;
  const isYes = args.is(2, "yes");
  if (tracking === null) reply.error(CACHING_WITHOUT_OPT);
  else if (!isYes && !args.is(2, "no")) reply.error(SYNTAX_ERROR);
  else if (isYes && !tracking.optIn) reply.error(CACHING_YES_WITHOUT_OPTIN);
  else if (!isYes && !tracking.optOut) reply.error(CACHING_NO_WITHOUT_OPTOUT);
  else {
    tracking.caching = true;
    reply.ok();
  }
}

function getredir(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.tracking === null ? -1 : client.tracking.redirect);
}

function flagsOf(client: CommandClient): string[] {
  const { tracking } = client;
  if (tracking === null) return ["off"];
  const flags = ["on"];
  if (tracking.broadcast) flags.push("bcast");
  if (tracking.optIn) flags.push("optin");
  if (tracking.optIn && tracking.caching) flags.push("caching-yes");
  if (tracking.optOut) flags.push("optout");
  if (tracking.optOut && tracking.caching) flags.push("caching-no");
  if (tracking.noLoop) flags.push("noloop");
  if (tracking.redirectBroken) flags.push("broken_redirect");
  return flags;
}

function trackinginfo(client: CommandClient, _args: Arguments): void {
  const { reply, tracking } = client;
  const flags = flagsOf(client);
  const prefixes = tracking === null ? [] : [...tracking.prefixes].sort();
  reply.map(3);
  reply.bulkText("flags");
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText("redirect");
  reply.integer(tracking === null ? -1 : tracking.redirect);
  reply.bulkText("prefixes");
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulkLatin1(prefix);
}

export const cachingCommand: CommandSpec = {
  ...shared,
  name: "caching",
  arity: 3,
  since: "6.0.0",
  summary: "Says whether the keys of the next command or transaction are tracked.",
  arguments: [{
    name: "mode",
    type: "oneof",
    arguments: [
      { name: "yes", type: "pure-token", token: "YES" },
      { name: "no", type: "pure-token", token: "NO" },
    ],
  }],
  help: [
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
  ],
  handler: caching,
};

export const getredirCommand: CommandSpec = {
  ...shared,
  name: "getredir",
  arity: 2,
  since: "6.0.0",
  summary: "Tells to which client tracking messages are redirected; -1 while tracking is off.",
  help: ["GETREDIR", "    Return the client ID we are redirecting to when tracking is enabled."],
  handler: getredir,
};

export const trackingCommand: CommandSpec = {
  ...shared,
  name: "tracking",
  arity: -3,
  since: "6.0.0",
  complexity: "O(1). Some options may introduce additional complexity.",
  summary: "Begins or ends to tell the client of changes of keys, so that it can cache them.",
  arguments: [
    {
      name: "status",
      type: "oneof",
      arguments: [
        { name: "on", type: "pure-token", token: "ON" },
        { name: "off", type: "pure-token", token: "OFF" },
      ],
    },
    { name: "client-id", type: "integer", token: "REDIRECT", optional: true },
    {
      name: "prefix",
      type: "string",
      token: "PREFIX",
      optional: true,
      multiple: true,
      multipleToken: true,
    },
    { name: "bcast", type: "pure-token", token: "BCAST", optional: true },
    { name: "optin", type: "pure-token", token: "OPTIN", optional: true },
    { name: "optout", type: "pure-token", token: "OPTOUT", optional: true },
    { name: "noloop", type: "pure-token", token: "NOLOOP", optional: true },
  ],
  help: [
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
  ],
  handler: tracking,
};

export const trackinginfoCommand: CommandSpec = {
  ...shared,
  name: "trackinginfo",
  arity: 2,
  since: "6.2.0",
  summary: "Tells how tracking is set for the connection.",
  help: ["TRACKINGINFO", "    Report tracking status for the current connection."],
  handler: trackinginfo,
};
