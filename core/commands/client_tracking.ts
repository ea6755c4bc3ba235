// What the commands of client side caching (CLIENT TRACKING and its kin) may ask for. core/server/client_tracking.ts
// implements it; modules/connection has the commands.
import type { CommandClient } from "./command_client.ts";

/** What CLIENT TRACKING ON was told. */
export interface TrackingOptions {
  /** The client that gets the messages; 0 = the one that tracks. */
  redirect: number;
  /** Tells of all keys with one of the prefixes, read or not. */
  broadcast: boolean;
  /** Tracks only what is read behind CLIENT CACHING YES. */
  optIn: boolean;
  /** Tracks all but what is read behind CLIENT CACHING NO. */
  optOut: boolean;
  /** Says nothing about what the client itself changes. */
  noLoop: boolean;
}

/** The tracking of one client, from CLIENT TRACKING ON to OFF. */
export interface Tracking extends Readonly<TrackingOptions> {
  /** CLIENT CACHING was given for the command, or the transaction, that comes. */
  caching: boolean;
  /** The client that gets the messages is gone: noticed when there was one to send. */
  redirectBroken: boolean;
  /** Of broadcasting, latin1, in the order in which they were given; the empty one stands for all keys. */
  readonly prefixes: ReadonlySet<string>;
}

export interface ClientTracking {
  /** Begins to track, or changes how; prefixes add to those that the client has. */
  enable(client: CommandClient, options: TrackingOptions, prefixes: readonly string[]): void;
  /** Ends it, without a word. */
  disable(client: CommandClient): void;
}
