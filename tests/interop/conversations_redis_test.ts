// Whole conversations with Spork and with a real redis-server 7.0 until the connection ends: CLIENT REPLY, RESET, HELLO, QUIT,
// broken protocol, passwords.
import assert from "node:assert/strict";
import { hasRedisServer } from "../harness/mod.ts";
import { commandLines, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

/** Conversations as JSON strings, each up to the end of the connection. */
const CONVERSATIONS = String.raw`
PING\r\nQUIT\r\n
PING\r\nQUIT\r\nPING\r\n
CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\nQUIT\r\n
CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY SKIP\r\nECHO a\r\nCLIENT REPLY ON\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY OFF\r\nPING\r\nFOO\r\nCLIENT REPLY x\r\nCLIENT REPLY ON\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nFOO\r\nECHO a\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO a\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nECHO a\r\nCLIENT REPLY ON\r\nQUIT\r\n
CLIENT REPLY OFF\r\nRESET\r\nPING\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nHELLO 3\r\nPING\r\nGET nokey\r\nQUIT\r\n
HELLO 3\r\nGET nokey\r\nHELLO 2\r\nGET nokey\r\nHELLO\r\nQUIT\r\n
HELLO 3\r\nDEBUG PROTOCOL push\r\nQUIT\r\n
HELLO 3 SETNAME abc\r\nCLIENT GETNAME\r\nRESET\r\nCLIENT GETNAME\r\nHELLO\r\nQUIT\r\n
SELECT 3\r\nSET x 1\r\nRESET\r\nGET x\r\nSELECT 3\r\nGET x\r\nDEL x\r\nQUIT\r\n
\r\n\r\nPING\r\n\r\nQUIT\r\n
PING\nQUIT\n
*0\r\nPING\r\nQUIT\r\n
*-1\r\nPING\r\nQUIT\r\n
*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n
*x\r\n
*1\r\n!\r\n
*1\r\n$x\r\n
*1\r\n$-1\r\n
*1\r\n$600000000\r\n
*2147483648\r\n
*2\r\n$3\r\nGET\r\n:5\r\n
SET a \"unbalanced\r\n
SET a 'x'y\r\n
SET a \"x\\x41\\n\"\r\nGET a\r\nQUIT\r\n
   PING   \r\nQUIT\r\n
GET\r\nQUIT a b\r\n
POST / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n
GET / HTTP/1.1\r\nHost: localhost\r\n\r\n
hOsT:\r\nPING\r\n
CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n
`;

Deno.test({ name: "whole conversations are redis-server's", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const line of CONVERSATIONS.trim().split("\n")) {
    const [spork, redis] = await servers.streams(JSON.parse(`"${line}"`));
    assert.equal(sameName(spork), sameName(redis), line);
  }
});

/** HELLO tells the server's name and version and the connection's number. */
function sameName(text: string): string {
  return text.replace(/id\r\n:\d+/g, "id").replace(
    /server\r\n\$\d+\r\n\w+\r\n\$7\r\nversion\r\n\$\d+\r\n[\d.]+/g,
    "server",
  );
}

Deno.test({ name: "passwords: who may do what before AUTH, and after", ignore }, async () => {
  await using servers = await ServerPair.start("--requirepass", "secret");
  const lines = `
    PING
    GET a
    FOO
    GET
    COMMAND COUNT
    CLIENT ID
    CLIENT SETINFO LIB-NAME x
    AUTH
    AUTH wrong
    AUTH default wrong
    AUTH nobody secret
    AUTH a b c
    HELLO 2
    HELLO 3 SETNAME x
    HELLO 3 AUTH default wrong
    HELLO 3 AUTH default
    PING
    HELLO 3 AUTH default secret SETNAME mine
    CLIENT GETNAME
    PING
    RESET
    PING
    AUTH secret
    PING
    AUTH default secret
    AUTH wrong
    PING
    RESET
    AUTH default secret
    CONFIG SET requirepass other
    PING
    AUTH secret
    AUTH other
    RESET
    PING
    AUTH other
    CONFIG SET requirepass ""
    RESET
    PING
    AUTH x
    AUTH default anything
    CONFIG SET requirepass secret
    PING
    RESET
    PING
  `;
  const input = commandLines(lines).map((words) =>
    `${words.map((word) => JSON.stringify(word)).join(" ")}\r\n`
  );
  const [spork, redis] = await servers.streams(`${input.join("")}QUIT\r\n`);
  // Words that came after 7.0: CLIENT SETINFO, and a better HELLO syntax in the error.
  const older = (text: string) => sameName(text).replaceAll("HELLO <proto> AUTH", "HELLO AUTH").split("\r\n");
  assert.deepEqual(spork.split("\r\n")[6], "-NOAUTH Authentication required.");
  assert.deepEqual(older(spork).toSpliced(6, 1), older(redis).toSpliced(6, 1));
  // Too much before AUTH ends the connection.
  for (const big of ["*11\r\n", "*1\r\n$16385\r\n"]) {
    const replies = await servers.streams(big);
    assert.equal(replies[0], replies[1]);
    assert.match(replies[0], /^-ERR Protocol error: unauthenticated/);
  }
});
