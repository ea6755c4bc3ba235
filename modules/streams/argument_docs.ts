// Argument descriptions that several stream commands share.
import type { ArgumentDoc } from "../../core/commands/command.ts";

/** MAXLEN or MINID with its operator, threshold and LIMIT. */
export const trimArguments: ArgumentDoc = {
  name: "trim",
  type: "block",
  arguments: [
    {
      name: "strategy",
      type: "oneof",
      arguments: [
        { name: "maxlen", type: "pure-token", token: "MAXLEN" },
        { name: "minid", type: "pure-token", token: "MINID", since: "6.2.0" },
      ],
    },
    {
      name: "operator",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "equal", type: "pure-token", token: "=" },
        { name: "approximately", type: "pure-token", token: "~" },
      ],
    },
    { name: "threshold", type: "string" },
    { name: "count", type: "integer", token: "LIMIT", optional: true, since: "6.2.0" },
  ],
};

export const countArgument: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };
