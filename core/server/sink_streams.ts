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
  readonly log: PluginLogger;
}

export class SinkStreams {
  readonly #streams = new Set<SinkStream>();

  constructor(private readonly host: SinkHost) {}

  /** From here on the sinks get what changes. Throws PluginError where one has options that cannot be followed. */
  start(): void {
    for (const plugin of this.host.plugins.list()) {
      if (plugin.plan.manifest.kind === "sink") this.#streams.add(new SinkStream(this.host, plugin));
    }
  }

  /** No command runs any more: the sinks get what they may still have, within a time limit. */
  async stop(): Promise<void> {
    const streams = [...this.#streams];
    this.#streams.clear();
    await Promise.all(streams.map((stream) => stream.stop()));
  }
}

class SinkStream implements FeedSink {
  readonly target = TO_LOG;
  readonly isCopy = true;
  readonly #feed: SinkFeed;
  readonly #stream: FeedStream;
  #isAttached = true;

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
    const { deliveries } = this.host.durability;
    if (!feed.waitsForDurable || !deliveries.active) feed.release(generation);
    // The queue has its own limit: what waits in it is no reason to hold writers back.
    else deliveries.defer({ bytes: 0, deliver: () => feed.release(generation) });
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
    await this.#feed.stop();
  }
}
