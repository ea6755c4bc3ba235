// The stream of changes for sink plugins: each has a stream of its own beside the log's, handed over at the end of each
// turn; a sink that declares deliver-after-durable gets it when the log is durable that far. Server starts and stops it.
import type { Plugin, PluginLogger } from "../plugins/plugin.ts";
import { SinkFeed } from "../plugins/sink_feed.ts";
import type { DeferredDeliveries } from "./durability/deferred_deliveries.ts";
import { type FeedSink, type FeedStream, TO_LOG } from "./feed/feed_stream.ts";
import type { Propagation } from "./feed/propagation.ts";

/** What sinks need of the server. */
export interface SinkHost {
  readonly plugins: { list(): Plugin[] };
  readonly propagation: Propagation;
  readonly durability: { readonly deliveries: DeferredDeliveries };
  /** The log, for where replies do not wait for it because it is written before them. */
  readonly aof: {
    readonly state: string;
    readonly policy: string;
    readonly offset: number;
    readonly durableOffset: number;
  };
  readonly log: PluginLogger;
}

export class SinkStreams {
  /** Some sink is fed. */
  active = false;
  readonly #streams = new Set<SinkStream>();

  constructor(private readonly host: SinkHost) {}

  /** From here on the sinks get what changes. Throws PluginError where one has options that cannot be followed. */
  start(): void {
    for (const plugin of this.host.plugins.list()) {
      if (plugin.plan.manifest.kind === "sink") this.#streams.add(new SinkStream(this.host, plugin));
    }
    this.active = this.#streams.size > 0;
  }

  /** The turn's bytes were handed over, to the log as well. */
  turnEnds(): void {
    for (const stream of this.#streams) stream.releaseDurable();
  }

  /** No command runs any more: the sinks get what they may still have, within a time limit. */
  async stop(): Promise<void> {
    const streams = [...this.#streams];
    this.#streams.clear();
    this.active = false;
    await Promise.all(streams.map((stream) => stream.stop()));
  }
}

class SinkStream implements FeedSink {
  readonly target = TO_LOG;
  readonly isCopy = true;
  readonly #feed: SinkFeed;
  readonly #stream: FeedStream;
  #isAttached = true;
  /** What the log has to have on disk before it is released, where nothing tells when it has. */
  #waiting: { generation: number; offset: number }[] = [];

  constructor(private readonly host: SinkHost, plugin: Plugin) {
    this.#feed = new SinkFeed(plugin, {
      logger: host.log,
      onBegin: () => this.#restart(),
      // The streams are being gone through right now.
      onStopped: () => queueMicrotask(() => this.#detach()),
    });
    this.#stream = host.propagation.attach(this);
    this.#feed.start(this.#stream.offset);
  }

  append(bytes: Uint8Array, offset: number): void {
    const feed = this.#feed;
    const generation = feed.offer(bytes, offset);
    if (generation < 0) {
      // Whatever comes next, it is not known to the sink which database was selected.
      this.#stream.reselect();
      return;
    }
    const { durability: { deliveries }, aof } = this.host;
    // The queue has its own limit: what waits in it is no reason to hold writers back.
    if (!feed.waitsForDurable) feed.release(generation);
    else if (deliveries.active) deliveries.defer({ bytes: 0, deliver: () => feed.release(generation) });
    else if (this.#logSyncs) this.#waiting.push({ generation, offset: aof.offset });
    else feed.release(generation);
  }

  /** The log is on, and each turn's bytes are synced. */
  get #logSyncs(): boolean {
    const { state, policy } = this.host.aof;
    return state !== "off" && policy === "always";
  }

  /** Lets the sink have what is on disk now. */
  releaseDurable(): void {
    if (this.#waiting.length === 0) return;
    const durable = this.#logSyncs ? this.host.aof.durableOffset : Infinity;
    const waits = this.#waiting.findIndex(({ offset }) => offset > durable);
    const released = this.#waiting.splice(0, waits < 0 ? this.#waiting.length : waits);
    for (const { generation } of released) this.#feed.release(generation);
  }

  /** What is not handed over yet belongs to the gap: what comes behind it selects its database. */
  #restart(): void {
    this.#stream.flush();
    this.#stream.reselect();
  }

  #detach(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.host.propagation.detach(this.#stream);
  }

  async stop(): Promise<void> {
    this.#detach();
    this.releaseDurable();
    await this.#feed.stop();
  }
}
