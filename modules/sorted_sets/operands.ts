// The inputs of ZUNION, ZINTER, ZDIFF and their kin: sorted sets, and sets, whose members score 1. Valid for one command.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_SET, TYPE_ZSET } from "../../core/keyspace/entry_layout.ts";
import { SetValue } from "../../core/keyspace/set_value.ts";
import { ZsetValue } from "../../core/keyspace/zset_value.ts";
import type { Arena, BufferHolder } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { WRONG_TYPE } from "../../core/protocol/errors.ts";

const NO_BYTES = new Uint8Array(0);

/** One input; absent keys are inputs without members. */
export class Operand implements BufferHolder {
  size = 0;
  weight = 1;
  /** The member and score that `next` read: valid until the next one. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  score = 0;
  #isSet = false;
  #left = 0;
  #arena: Arena | null = null;
  #zset: ZsetValue | null = null;
  #set: SetValue | null = null;

  /** Opens what is at a key argument; false after an error reply. */
  open(client: CommandClient, args: Arguments, index: number): boolean {
    const { keyspace } = client.server;
    const ref = client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]);
    this.weight = 1;
    this.size = 0;
    if (ref === 0) return true;
    const type = keyspace.entries.type(ref);
    this.#isSet = type === TYPE_SET;
    if (this.#arena !== keyspace.arena) {
      this.#arena = keyspace.arena;
      keyspace.arena.addHolder(this);
    }
    if (this.#isSet) {
      this.#set ??= new SetValue();
      this.#set.open(keyspace, ref);
      this.size = this.#set.size;
    } else if (type === TYPE_ZSET) {
      this.#zset ??= new ZsetValue();
      this.#zset.open(keyspace, ref);
      this.size = this.#zset.size;
    } else {
      client.reply.error(WRONG_TYPE);
      return false;
    }
    return true;
  }

  /** Begins a walk over the members, in order where it is a sorted set. */
  walk(): void {
    this.#left = this.size;
    if (this.size === 0) return;
    if (this.#isSet) this.#set!.walk();
    else this.#zset!.seek(0);
  }

  /** Reads the next member with its score; false after the last one. */
  next(): boolean {
    if (this.#left === 0) return false;
    if (this.#isSet) {
      const set = this.#set!;
      set.next();
      set.readMember();
      this.#take(set.bytes, set.start, set.end, 1);
    } else {
      const zset = this.#zset!;
      if (this.#left < this.size) zset.forward();
      zset.readMember();
      zset.readScore();
      this.#take(zset.bytes, zset.start, zset.end, zset.score);
    }
    this.#left--;
    return true;
  }

  /** Whether the input has this member; then `score` is its score. */
  find(member: Uint8Array, start: number, end: number): boolean {
    if (this.size === 0) return false;
    if (this.#isSet) {
      this.score = 1;
      return this.#set!.has(member, start, end);
    }
    const zset = this.#zset!;
    if (!zset.find(member, start, end)) return false;
    this.score = zset.score;
    return true;
  }

  releaseBuffer(): void {
    this.bytes = NO_BYTES;
  }

  #take(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.score = score;
  }
}

/** The inputs of the command, in the order of the keys. */
export const operands: Operand[] = [];
/** Kept from command to command, since most have few inputs. */
const pool: Operand[] = [];
const POOL_MAX = 32;

/** Opens the keys at arguments `first` to `last`; false after an error reply. */
export function openOperands(client: CommandClient, args: Arguments, first: number, last: number): boolean {
  operands.length = 0;
  for (let index = first; index <= last; index++) {
    const operand = pool[operands.length] ?? new Operand();
    if (pool.length === operands.length && pool.length < POOL_MAX) pool.push(operand);
    if (!operand.open(client, args, index)) return false;
    operands.push(operand);
  }
  return true;
}
