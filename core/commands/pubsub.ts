// What the pub/sub commands may ask for. core/server/pubsub.ts implements it; modules/pubsub has the commands.
import type { CommandClient } from "./command_client.ts";

/** What one can subscribe to: channels by name, channels by pattern, shard channels by name. */
export type TopicKind = "channels" | "patterns" | "shardChannels";

/** Names of channels and patterns are latin1 texts: one character a byte. */
export interface PubSub {
  /** Subscribes and confirms it to the client. */
  subscribe(client: CommandClient, kind: TopicKind, name: string): void;
  /** Ends a subscription, if there is one, and confirms it to the client. */
  unsubscribe(client: CommandClient, kind: TopicKind, name: string): void;
  /** Ends all subscriptions of the kind, and confirms each; says so too where there was none. */
  unsubscribeAll(client: CommandClient, kind: TopicKind): void;
  /** Ends all subscriptions without a word (RESET, the end of the connection). */
  forget(client: CommandClient): void;
  /** Delivers a message; returns how many subscriptions got it. */
  publish(kind: "channels" | "shardChannels", name: string, message: Uint8Array): number;
  /** Names that have a subscriber. */
  names(kind: TopicKind): IterableIterator<string>;
  /** Subscribers of a name. */
  countOf(kind: TopicKind, name: string): number;
  /** Names that have a subscriber. */
  count(kind: TopicKind): number;
  /** Clients that subscribe to something. */
  readonly clientCount: number;
}
