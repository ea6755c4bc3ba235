// Keyspace notifications: tells subscribers of `__keyspace@<db>__:<key>` and `__keyevent@<db>__:<event>` what happened to
// keys, as far as notify-keyspace-events says. It listens to the keyspace only while somebody wants to know.
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import type { PubSub } from "../commands/pubsub.ts";
import type { ChangeListener, EventClass } from "../keyspace/hooks.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";

/** The letter of each class in notify-keyspace-events. */
const LETTERS: Readonly<Record<EventClass, string>> = {
  generic: "g",
  string: "$",
  list: "l",
  set: "s",
  hash: "h",
  zset: "z",
  expired: "x",
  evicted: "e",
  stream: "t",
  missed: "m",
  new: "n",
};
/** What `A` stands for: all but missed and new keys. */
const ALL = "g$lshzxetd";

export class KeyspaceEvents implements ChangeListener {
  #classes: ReadonlySet<EventClass> = new Set();
  #byKey = false;
  #byEvent = false;

  constructor(private readonly keyspace: Keyspace, private readonly pubsub: PubSub) {}

  /** Takes a value of notify-keyspace-events. */
  select(letters: string): void {
    const all = letters.replaceAll("A", ALL);
    this.#byKey = all.includes("K");
    this.#byEvent = all.includes("E");
    const classes = (Object.keys(LETTERS) as EventClass[]).filter((name) => all.includes(LETTERS[name]));
    this.#classes = new Set(classes);
    const isWanted = (this.#byKey || this.#byEvent) && classes.length > 0;
    this.keyspace.listener = isWanted ? this : null;
    this.keyspace.tellsOfMisses = isWanted && this.#classes.has("missed");
    this.keyspace.tellsOfNew = isWanted && this.#classes.has("new");
  }

  keyChanged(
    database: number,
    eventClass: EventClass,
    event: string,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (!this.#classes.has(eventClass)) return;
    const name = latin1Text(key, start, end);
    if (this.#byKey) this.pubsub.publish("channels", `__keyspace@${database}__:${name}`, latin1Bytes(event));
    if (this.#byEvent) {
      this.pubsub.publish("channels", `__keyevent@${database}__:${event}`, latin1Bytes(name));
    }
  }
}
