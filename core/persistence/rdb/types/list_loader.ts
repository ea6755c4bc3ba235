// Puts decoded lists into the keyspace.
import { TYPE_LIST } from "../../../keyspace/entry_layout.ts";
import { type ListLimits, ListValue } from "../../../keyspace/list_value.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";
import type { ListSink } from "./list_sink.ts";

export class ListLoader implements ListSink {
  readonly #list = new ListValue();

  constructor(private readonly placer: KeyPlacer, private readonly limits: ListLimits) {}

  begin(key: LoadedKey): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    placer.keep(key);
    this.#list.create(placer.keyspace, this.limits);
    return true;
  }

  packed(listpack: Uint8Array, start: number, end: number, count: number): void {
    this.#list.items.appendListpack(listpack, start, end, count);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.#list.items.pushTail(bytes, start, end);
  }

  end(): void {
    const list = this.#list;
    list.settleLoaded();
    this.placer.add(TYPE_LIST, list.encoding, list.root);
  }

  abort(): void {
    this.#list.discard();
  }
}
