// The conditions of EXPIRE, HEXPIRE and their kin: NX, XX, GT, LT. What they have in common with how a time is propagated.
import { NO_EXPIRE } from "../keyspace/entry_store.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { EXPIRE_GT_AND_LT, EXPIRE_NX_AND_OTHERS } from "../protocol/errors.ts";
import type { ArgumentDoc } from "./command.ts";
import type { CommandClient } from "./command_client.ts";

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

/** What `allowsExpiry` wants to know of the arguments from 3 up to `end`; 0 = no condition, -1 after an error reply. */
export function parseExpireConditions(client: CommandClient, args: Arguments, end: number): number {
  let flags = 0;
  for (let index = 3; index < end; index++) {
    if (args.is(index, "nx")) flags |= NX;
    else if (args.is(index, "xx")) flags |= XX;
    else if (args.is(index, "gt")) flags |= GT;
    else if (args.is(index, "lt")) flags |= LT;
    else {
      client.reply.error(`ERR Unsupported option ${args.latin1(index)}`);
      return -1;
    }
  }
  if ((flags & NX) !== 0 && flags !== NX) {
    client.reply.error(EXPIRE_NX_AND_OTHERS);
    return -1;
  }
  if ((flags & GT) !== 0 && (flags & LT) !== 0) {
    client.reply.error(EXPIRE_GT_AND_LT);
    return -1;
  }
  return flags;
}

/** Whether the conditions let the time `at` take the place of `current`; no expiry (NO_EXPIRE) counts as infinite. */
export function allowsExpiry(flags: number, current: number, at: number): boolean {
  if ((flags & NX) !== 0 && current !== NO_EXPIRE) return false;
  if ((flags & XX) !== 0 && current === NO_EXPIRE) return false;
  if ((flags & GT) !== 0 && (current === NO_EXPIRE || at <= current)) return false;
  if ((flags & LT) !== 0 && current !== NO_EXPIRE && at >= current) return false;
  return true;
}

/** The command is propagated as `name`, which takes the point in time, with its conditions and what is behind them. */
export function propagateExpiry(client: CommandClient, args: Arguments, name: string, at: number): void {
  const { propagation } = client.server;
  propagation.instead(name, args.count).argument(args, 1).number(at);
  for (let index = 3; index < args.count; index++) propagation.argument(args, index);
}

/** The conditions as COMMAND DOCS tells them. */
export const expireConditionDoc: ArgumentDoc = {
  name: "condition",
  type: "oneof",
  optional: true,
  arguments: ["nx", "xx", "gt", "lt"].map((name) => ({
    name,
    type: "pure-token",
    token: name.toUpperCase(),
  })),
};
