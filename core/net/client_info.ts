// A client as the line that CLIENT LIST, CLIENT INFO and the log print: `field=value` pairs in Valkey's order.
import type { Tracking } from "../commands/client_tracking.ts";
import type { Client } from "./client.ts";

/** The runtime does not tell a socket's descriptor. */
const UNKNOWN_DESCRIPTOR = -1;

/** The line without newline. `wantsWrite`: output waits for the socket. */
export function clientInfo(client: Client, nowMs: number, wantsWrite: boolean): string {
  const { parser, output } = client;
  const capabilities = client.capabilities === "" ? "" : ` capa=${client.capabilities}`;
  return `id=${client.id} addr=${client.peer} laddr=${client.localAddress}` +
    ` fd=${UNKNOWN_DESCRIPTOR} name=${client.name} age=${seconds(nowMs - client.createdAt)}` +
    ` idle=${seconds(nowMs - client.lastInteraction)} flags=${clientFlags(client)}${capabilities}` +
    ` db=${client.db.id} sub=${client.channels} psub=${client.patterns} ssub=${client.shardChannels}` +
    ` multi=${client.multiCommands} watch=${client.watchedKeys} qbuf=${parser.heldBytes}` +
    ` qbuf-free=${parser.freeBytes} argv-mem=${client.args.totalBytes()} multi-mem=${client.multiBytes}` +
    ` rbs=${output.bytes.length} rbp=${output.chunkPeak} obl=${output.openPendingBytes}` +
    ` oll=${output.sealedCount} omem=${client.outputMemoryBytes} tot-mem=${client.memoryBytes}` +
    ` events=${wantsWrite ? "rw" : "r"} cmd=${client.lastCommand === "" ? "NULL" : client.lastCommand}` +
    ` user=${client.user} redir=${
      client.tracking === null ? -1 : client.tracking.redirect
    } resp=${client.reply.protocol}` +
    ` lib-name=${client.libraryName} lib-ver=${client.libraryVersion}` +
    ` tot-net-in=${client.totalInputBytes} tot-net-out=${client.totalOutputBytes}` +
    ` tot-cmds=${client.totalCommands}`;
}

/** One letter for each state; `N` where there is none. */
export function clientFlags(client: Client): string {
  let flags = "";
  if (client.isMonitor) flags += "O";
  if (client.role === "replica") flags += "S";
  if (client.role === "master") flags += "M";
  if (client.isSubscriber) flags += "P";
  if (client.multiCommands >= 0) flags += "x";
  if (client.isBlocked) flags += "b";
  if (client.tracking !== null) flags += trackingFlags(client.tracking);
  if (client.dirtyExec) flags += "d";
  if (client.isClosed) flags += "A";
  else if (client.isClosing) flags += "c";
  if (client.connection.kind === "unix") flags += "U";
  if (client.noEvict) flags += "e";
  if (client.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}

function trackingFlags(tracking: Tracking): string {
  return "t" + (tracking.redirectBroken ? "R" : "") + (tracking.broadcast ? "B" : "");
}

function seconds(milliseconds: number): number {
  return milliseconds > 0 ? Math.floor(milliseconds / 1000) : 0;
}
