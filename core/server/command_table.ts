// The registry of commands: looks a command up by the bytes a client sent, without making a string. Filled once at
// start from the modules' tables (and by plugins); dispatch, COMMAND, ACL and INFO commandstats read it.
import {
  ACL_CATEGORIES,
  type AclCategory,
  type CommandFlag,
  type CommandSpec,
  type Handler,
} from "../commands/command.ts";
import { withHelp } from "../commands/help.ts";
import type { CommandRename } from "./config/config.ts";
import { ConfigError } from "./config/config_error.ts";
import { LatencyHistogram } from "./latency_histogram.ts";

/** Flags as bits, for the checks of dispatch. */
export const FLAG_WRITE = 1 << 0;
export const FLAG_READONLY = 1 << 1;
export const FLAG_DENYOOM = 1 << 2;
export const FLAG_ADMIN = 1 << 3;
export const FLAG_LOADING = 1 << 4;
export const FLAG_STALE = 1 << 5;
export const FLAG_NO_AUTH = 1 << 6;
export const FLAG_FAST = 1 << 7;
export const FLAG_BLOCKING = 1 << 8;
export const FLAG_SKIP_SLOWLOG = 1 << 9;
export const FLAG_MAY_REPLICATE = 1 << 10;
export const FLAG_PROTECTED = 1 << 11;
export const FLAG_NO_MULTI = 1 << 12;
export const FLAG_SKIP_MONITOR = 1 << 13;
/** Runs at once while its client has a transaction; everything else is queued. */
export const FLAG_NOT_QUEUED = 1 << 14;
/** Tells something of all keys of a database, whichever it has looked up. */
export const FLAG_KEYSPACE_GLOBAL = 1 << 15;

const KEYSPACE_GLOBAL = new Set(["keys", "scan", "randomkey", "dbsize"]);
const NOT_QUEUED = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);

const FLAG_BITS: Partial<Record<CommandFlag, number>> = {
  write: FLAG_WRITE,
  readonly: FLAG_READONLY,
  denyoom: FLAG_DENYOOM,
  admin: FLAG_ADMIN,
  loading: FLAG_LOADING,
  stale: FLAG_STALE,
  no_auth: FLAG_NO_AUTH,
  fast: FLAG_FAST,
  blocking: FLAG_BLOCKING,
  skip_slowlog: FLAG_SKIP_SLOWLOG,
  may_replicate: FLAG_MAY_REPLICATE,
  protected: FLAG_PROTECTED,
  no_multi: FLAG_NO_MULTI,
  skip_monitor: FLAG_SKIP_MONITOR,
};

/** A registered command with its counters. One shape for all, so that dispatch stays monomorphic. */
export class Command {
  readonly nameBytes: Uint8Array;
  /** The spec's, here because specs have many shapes and dispatch asks for it every time. */
  readonly arity: number;
  readonly flags: number;
  readonly handler: Handler | null;
  readonly subcommands: CommandIndex | null;
  readonly histogram = new LatencyHistogram();
  calls = 0;
  /** Microseconds spent in the handler. */
  micros = 0;
  rejected = 0;
  failed = 0;

  constructor(
    readonly spec: CommandSpec,
    /** Lower case; "client|list" for a subcommand. */
    readonly fullName: string,
    readonly parent: Command | null,
    /** What clients call it; `rename-command` makes it differ from its own name. */
    name: string = spec.name.toLowerCase(),
  ) {
    this.nameBytes = new TextEncoder().encode(name);
    this.arity = spec.arity;
    let flags = 0;
    for (const flag of spec.flags) flags |= FLAG_BITS[flag] ?? 0;
    if (NOT_QUEUED.has(fullName)) flags |= FLAG_NOT_QUEUED;
    if (KEYSPACE_GLOBAL.has(fullName)) flags |= FLAG_KEYSPACE_GLOBAL;
    this.flags = flags;
    this.handler = spec.handler ?? null;
    if (spec.subcommands === undefined) this.subcommands = null;
    else {
      this.subcommands = new CommandIndex();
      for (const sub of spec.subcommands) {
        this.subcommands.add(new Command(sub, `${fullName}|${sub.name.toLowerCase()}`, this));
      }
    }
  }

  /** All ACL categories, those implied by flags included, in Valkey's order. */
  get categories(): AclCategory[] {
    const set = new Set<AclCategory>(this.spec.categories);
    const flags = this.spec.flags;
    if (flags.includes("write")) set.add("write");
    if (flags.includes("readonly") && !set.has("scripting")) set.add("read");
    if (flags.includes("admin")) {
      set.add("admin");
      set.add("dangerous");
    }
    if (flags.includes("pubsub")) set.add("pubsub");
    if (flags.includes("fast")) set.add("fast");
    else set.add("slow");
    if (flags.includes("blocking")) set.add("blocking");
    return ACL_CATEGORIES.filter((category) => set.has(category));
  }

  resetStats(): void {
    this.calls = 0;
    this.micros = 0;
    this.rejected = 0;
    this.failed = 0;
    this.histogram.reset();
  }
}

/** Commands by lower-case name: open addressing over the name's bytes. Grows; nothing is ever removed. */
export class CommandIndex {
  private slots: (Command | null)[] = new Array(16).fill(null);
  private readonly list: Command[] = [];
  /** The one that was found last: the commands of a pipeline often are one command. */
  private latest: Command | null = null;

  /** Registers a command. Throws where the name is taken. */
  add(command: Command): void {
    if (this.find(command.nameBytes, 0, command.nameBytes.length) !== null) {
      throw new Error(`command '${command.fullName}' is registered twice`);
    }
    this.list.push(command);
    if (this.list.length * 3 > this.slots.length) {
      this.slots = new Array(this.slots.length * 2).fill(null);
      for (const each of this.list) this.place(each);
    } else this.place(command);
  }

  private place(command: Command): void {
    const mask = this.slots.length - 1;
    let at = hashName(command.nameBytes, 0, command.nameBytes.length) & mask;
    while (this.slots[at] !== null) at = (at + 1) & mask;
    this.slots[at] = command;
  }

  /** The command whose name is `bytes[start..end)` in any case, or null. */
  find(bytes: Uint8Array, start: number, end: number): Command | null {
    const { latest } = this;
    if (latest !== null && nameEquals(latest.nameBytes, bytes, start, end)) return latest;
    const slots = this.slots;
    const mask = slots.length - 1;
    let at = hashName(bytes, start, end) & mask;
    while (true) {
      const command = slots[at];
      if (command === null) return null;
      if (nameEquals(command.nameBytes, bytes, start, end)) {
        this.latest = command;
        return command;
      }
      at = (at + 1) & mask;
    }
  }

  /** In order of registration. */
  all(): readonly Command[] {
    return this.list;
  }
}

/** All commands of the server. */
export class CommandTable extends CommandIndex {
  register(specs: readonly CommandSpec[], renames: readonly CommandRename[] = []): void {
    const names = namesOf(specs, renames);
    for (const spec of specs) {
      const own = spec.name.toLowerCase();
      const name = names.get(own)!;
      if (name === "") continue;
      const whole = spec.subcommands === undefined ? spec : withHelp(spec);
      this.add(new Command(whole, own, null, name));
    }
  }

  /** By name ("get", "client|list"), any case; null where unknown. */
  byName(name: string): Command | null {
    const [first, second, third] = name.split("|");
    if (third !== undefined) return null;
    const bytes = new TextEncoder().encode(first);
    const command = this.find(bytes, 0, bytes.length);
    if (second === undefined || command === null) return command;
    const sub = new TextEncoder().encode(second);
    return command.subcommands?.find(sub, 0, sub.length) ?? null;
  }

  /** Commands and subcommands, each container before its own. */
  *everything(): Generator<Command> {
    for (const command of this.all()) {
      yield command;
      if (command.subcommands !== null) yield* command.subcommands.all();
    }
  }
}

function hashName(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start;
  for (let i = start; i < end; i++) h = (Math.imul(h, 31) + (bytes[i] | 0x20)) | 0;
  return h ^ (h >>> 15);
}

function nameEquals(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    let c = bytes[start + i];
    if (c >= 65 && c <= 90) c |= 0x20;
    if (c !== name[i]) return false;
  }
  return true;
}

/** The name of each command after the renames, which are made one after the other; empty where it is taken away. */
function namesOf(specs: readonly CommandSpec[], renames: readonly CommandRename[]): Map<string, string> {
  const names = new Map(specs.map((spec) => [spec.name.toLowerCase(), spec.name.toLowerCase()]));
  for (const { from, to, origin } of renames) {
    const own = [...names].find(([, name]) => name === from)?.[0];
    if (own === undefined) throw refused(origin, "No such command in rename-command");
    if (to !== "" && [...names.values()].includes(to)) {
      throw refused(origin, "Target command name already exists");
    }
    names.set(own, to);
  }
  return names;
}

function refused(origin: CommandRename["origin"], reason: string): ConfigError {
  return new ConfigError("CONFIG_BAD_VALUE", origin, reason, 'rename-command NAME NEW-NAME, or NAME ""');
}
