// The client that the append-only log's commands run as: it has no connection, waits for nothing and is in no list of
// clients. What it is told is thrown away.
import { Client } from "../../net/client.ts";
import type { ClientHost } from "../../net/client_host.ts";
import type { Connection } from "../../net/connection.ts";

/** Valkey's has the largest 64-bit number: an id that no connection gets. */
const LOG_CLIENT_ID = Number.MAX_SAFE_INTEGER;

const NO_CONNECTION: Connection = {
  kind: "tcp",
  remoteAddress: "",
  localAddress: "",
  isLocal: true,
  read: () => Promise.reject(new Deno.errors.NotConnected("the log's client has no connection")),
  write: () => Promise.reject(new Deno.errors.NotConnected("the log's client has no connection")),
  close: () => {},
};

/** It selects the first database. Its kind is "master": what it says was accepted once, and is obeyed. */
export function makeLogClient(host: ClientHost): Client {
  const client = new Client({ id: LOG_CLIENT_ID, connection: NO_CONNECTION, host });
  client.authenticated = true;
  client.role = "master";
  client.mayBlock = false;
  client.replyMode = "off";
  return client;
}
