// How changes of streams are propagated where the client's words would not repeat them: ids that were chosen, trims that
// were approximate, entries given to consumers. Called by the stream commands while somebody listens.
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { STREAM_ID_TEXT_BYTES_MAX, StreamId } from "../../core/structures/stream_id.ts";
import { stream } from "./stream_lookup.ts";
import { addOptions, trimsByLength } from "./trim_options.ts";

const text = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);
const edge = new StreamId();

/** XADD with the id that the entry got, XTRIM (`idIndex` 0): where their trim was approximate, as exact as it came out. */
export function propagateTrimmed(
  client: CommandClient,
  args: Arguments,
  idIndex: number,
  id: StreamId,
): void {
  const { propagation } = client.server;
  const { trimIndex } = addOptions;
  const isRough = trimIndex > 0 && addOptions.precision === "about";
  const choosesId = idIndex > 0 && !addOptions.sequenceGiven;
  if (!isRough && !choosesId) return;
  propagation.instead(idIndex > 0 ? "XADD" : "XTRIM", args.count);
  for (let index = 1; index < args.count; index++) {
    if (choosesId && index === idIndex) propagateId(client, id);
    else if (isRough && index === trimIndex - 1) propagation.word("=");
    else if (isRough && index === trimIndex) propagateThreshold(client);
    else propagation.argument(args, index);
  }
}

/** What a trim has left of the stream, as the limit that leaves as much. */
function propagateThreshold(client: CommandClient): void {
  if (trimsByLength()) {
    client.server.propagation.number(stream.entries.length);
    return;
  }
  if (!stream.entries.readEdge(edge, "first")) edge.setMax();
  propagateId(client, edge);
}

function propagateId(client: CommandClient, id: StreamId): void {
  client.server.propagation.bytes(text, 0, id.format(text, 0));
}

/**
 * A pending entry of a group as it is now: whose it is, since when, how often it was delivered. Its id as the client wrote
 * it in an argument; where none has it, `idIndex` is 0.
 */
export function propagateClaim(
  client: CommandClient,
  args: Arguments,
  key: number,
  groupIndex: number,
  group: Ref,
  id: StreamId,
  idIndex: number,
  pending: Ref,
): void {
  const { propagation, keyspace } = client.server;
  const { groups } = stream;
  const consumer = groups.consumerOf(pending);
  const name = groups.nameAddress(consumer);
  propagation.instead("XCLAIM", 14).argument(args, key).argument(args, groupIndex)
    .bytes(keyspace.arena.u8, name, name + groups.nameLength(consumer)).word("0");
  if (idIndex === 0) propagateId(client, id);
  else propagation.argument(args, idIndex);
  propagation.word("TIME").number(groups.deliveredAt(pending));
  propagation.word("RETRYCOUNT").number(groups.deliveries(pending));
  propagation.word("FORCE").word("JUSTID").word("LASTID");
  propagateId(client, groups.readLastId(group, edge));
}

/** How far a group has read. */
export function propagateGroup(
  client: CommandClient,
  args: Arguments,
  key: number,
  groupIndex: number,
  group: Ref,
): void {
  const { propagation } = client.server;
  const { groups } = stream;
  propagation.instead("XGROUP", 7).word("SETID").argument(args, key).argument(args, groupIndex);
  propagateId(client, groups.readLastId(group, edge));
  propagation.word("ENTRIESREAD").number(groups.entriesRead(group));
}

/** A consumer that was made and that no claim names. */
export function propagateConsumer(
  client: CommandClient,
  args: Arguments,
  key: number,
  groupIndex: number,
  consumerIndex: number,
): void {
  client.server.propagation.instead("XGROUP", 5).word("CREATECONSUMER").argument(args, key)
    .argument(args, groupIndex).argument(args, consumerIndex);
}
