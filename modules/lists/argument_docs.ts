// Argument descriptions that several list commands share, as COMMAND DOCS tells them.
import type { ArgumentDoc } from "../../core/commands/command.ts";

export const KEY: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
export const ELEMENT: ArgumentDoc = { name: "element", type: "string" };
export const ELEMENTS: ArgumentDoc = { ...ELEMENT, multiple: true };

/** A number of keys and the keys. */
export const NUMKEYS: ArgumentDoc = { name: "numkeys", type: "integer" };
export const KEYS: ArgumentDoc = { ...KEY, multiple: true };

/** Where an element is moved from and to. */
export const SOURCE: ArgumentDoc = { name: "source", type: "key", keySpecIndex: 0 };
export const DESTINATION: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 1 };

/** An end of a list; those of the source and of the destination. */
export const WHERE: ArgumentDoc = {
  name: "where",
  type: "oneof",
  arguments: [
    { name: "left", type: "pure-token", token: "LEFT" },
    { name: "right", type: "pure-token", token: "RIGHT" },
  ],
};
export const WHEREFROM: ArgumentDoc = { ...WHERE, name: "wherefrom" };
export const WHERETO: ArgumentDoc = { ...WHERE, name: "whereto" };

/** How many elements are taken, at most. */
export const COUNT: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };
export const TIMEOUT: ArgumentDoc = { name: "timeout", type: "double" };
