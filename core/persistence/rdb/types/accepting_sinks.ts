// Sinks that take every value and keep nothing: for `spork check rdb`, which only wants the decoder's checks.
import type { TypeSinks } from "../load_sink.ts";
import type { HashSink } from "./hash_sink.ts";
import type { ListSink } from "./list_sink.ts";
import type { SetSink } from "./set_sink.ts";
import type { StreamSink } from "./stream_sink.ts";
import type { ZsetSink } from "./zset_sink.ts";

/** Every method of every type's sink; those that answer say that all is well. */
class AcceptingSink implements HashSink, ListSink, SetSink, StreamSink, ZsetSink {
  begin(): boolean {
    return true;
  }

  packed(): boolean {
    return true;
  }

  intset(): boolean {
    return true;
  }

  field(): boolean {
    return true;
  }

  expiringField(): boolean {
    return true;
  }

  member(): boolean {
    return true;
  }

  group(): boolean {
    return true;
  }

  consumer(): boolean {
    return true;
  }

  owned(): boolean {
    return true;
  }

  block(): void {}
  facts(): void {}
  pending(): void {}
  element(): void {}
  end(): void {}
  abort(): void {}
}

const accepting = new AcceptingSink();

export class AcceptingSinks implements TypeSinks {
  readonly hashes: HashSink = accepting;
  readonly lists: ListSink = accepting;
  readonly sets: SetSink = accepting;
  readonly streams: StreamSink = accepting;
  readonly zsets: ZsetSink = accepting;
}
