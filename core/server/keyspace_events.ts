// Keyspace notifications: tells subscribers of `__keyspace@<db>__:<key>` and `__keyevent@<db>__:<event>` what happened to
// keys, as far as notify-keyspace-events says. It listens to the keyspace only while somebody wants to know. What a change
// says waits until the change is durable, where replies do; who is subscribed then gets it.
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import type { PubSub } from "../commands/pubsub.ts";
import type { ChangeListener, EventClass } from "../keyspace/hooks.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { DeferredDeliveries, Delivery } from "./durability/deferred_deliveries.ts";

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

/** What a waiting event takes beside the key's name. */
const EVENT_BYTES = 128;

export class KeyspaceEvents implements ChangeListener {
  #classes: ReadonlySet<EventClass> = new Set();
  #byKey = false;
  #byEvent = false;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly pubsub: Pick<PubSub, "publish">,
    private readonly deliveries: Pick<DeferredDeliveries, "active" | "defer"> | null = null,
  ) {}

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
    const { deliveries } = this;
    if (deliveries !== null && deliveries.active) {
      deliveries.defer(new KeyspaceEvent(this, database, event, name, this.#byKey, this.#byEvent));
    } else this.publish(database, event, name, this.#byKey, this.#byEvent);
  }

  /** Tells the subscribers of the key's channel, of the event's, or both. */
  publish(database: number, event: string, name: string, byKey: boolean, byEvent: boolean): void {
    if (byKey) this.pubsub.publish("channels", `__keyspace@${database}__:${name}`, latin1Bytes(event));
    if (byEvent) this.pubsub.publish("channels", `__keyevent@${database}__:${event}`, latin1Bytes(name));
  }
}

/** What happened to a key, while it waits. Which channels it is for was settled when it happened. */
class KeyspaceEvent implements Delivery {
  readonly bytes: number;

  constructor(
    private readonly events: KeyspaceEvents,
    private readonly database: number,
    private readonly event: string,
    private readonly name: string,
    private readonly byKey: boolean,
    private readonly byEvent: boolean,
  ) {
    this.bytes = EVENT_BYTES + name.length;
  }

  deliver(): void {
    this.events.publish(this.database, this.event, this.name, this.byKey, this.byEvent);
  }
}
