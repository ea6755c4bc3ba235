// MIGRATE: moves keys to another server. While one is under way no other command runs, as in Valkey, where MIGRATE holds
// the whole server: nobody sees a key in both places or in none, and nobody changes it in between.
import { connectPeer, type PeerConnection, PeerError } from "../net/peer_connection.ts";
import type { CommandClient } from "../commands/command_client.ts";
import type { Server } from "./server.ts";

/** Connections are kept for the next MIGRATE. */
const CONNECTIONS_MAX = 64;
const IDLE_MS_MAX = 10_000;

export interface Migration {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  /** For each step: connect, write, a reply. */
  readonly timeoutMs: number;
  /** Words of AUTH; empty for none. */
  readonly auth: readonly Uint8Array[];
  /** A RESTORE command for each key. */
  readonly keys: readonly { key: Uint8Array; restore: readonly Uint8Array[] }[];
  readonly deletesKeys: boolean;
}

interface CachedConnection {
  readonly connection: PeerConnection;
  /** Database that the other side has selected; -1 = not known. */
  database: number;
  usedAt: number;
}

export class Migrator {
  /** The client whose keys are on their way; null = none are. */
  running: CommandClient | null = null;
  readonly #cached = new Map<string, CachedConnection>();
  readonly #encoder = new TextEncoder();

  constructor(private readonly server: Server, private readonly connect = connectPeer) {}

  get cachedConnections(): number {
    return this.#cached.size;
  }

  /** Blocks the client, moves the keys and replies. */
  start(client: CommandClient, migration: Migration): void {
    const { server } = this;
    this.running = client;
    server.pauseChanged();
    // The connection of the client may end meanwhile: what was asked for is still done, as in Valkey.
    client.block({ reason: "migrate" });
    this.#run(client, migration).then((problem) => {
      this.running = null;
      server.wake();
      server.waitEnded(client, { failed: problem !== null });
      server.replyLate(client, () => {
        if (problem === null) client.reply.ok();
        else client.reply.error(problem);
      });
      client.unblock({ again: false });
      server.releasePaused();
    });
  }

  /** Once a second or so. */
  closeIdle(nowMs: number): void {
    for (const [address, cached] of this.#cached) {
      if (nowMs - cached.usedAt > IDLE_MS_MAX) this.#forget(address);
    }
  }

  closeAll(): void {
    for (const address of [...this.#cached.keys()]) this.#forget(address);
  }

  /** The error reply's text, or null. */
  async #run(client: CommandClient, migration: Migration): Promise<string | null> {
    const address = `${migration.host}:${migration.port}`;
    for (let attempt = 0;; attempt++) {
      const wasCached = this.#cached.has(address);
      const progress = { replies: 0 };
      try {
        return await this.#exchange(client, migration, address, progress);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        this.#forget(address);
        // A kept connection may have ended long ago.
        const mayRetry = wasCached && attempt === 0 && progress.replies === 0 && !error.timedOut;
        if (!mayRetry) return ioError(error);
      }
    }
  }

  async #exchange(
    client: CommandClient,
    migration: Migration,
    address: string,
    progress: { replies: number },
  ): Promise<string | null> {
    const { timeoutMs } = migration;
    const cached = await this.#connection(migration, address);
    const { connection } = cached;
    const selects = cached.database !== migration.database;
    const commands: (readonly Uint8Array[])[] = [];
    if (migration.auth.length > 0) commands.push([this.#encoder.encode("AUTH"), ...migration.auth]);
    if (selects) commands.push(["SELECT", `${migration.database}`].map((word) => this.#encoder.encode(word)));
    for (const { restore } of migration.keys) commands.push(restore);
    await connection.send(commands, timeoutMs);
    let refused: string | null = null;
    const head = commands.length - migration.keys.length;
    let mayDelete = migration.deletesKeys;
    for (let i = 0; i < commands.length; i++) {
      const reply = await connection.line(timeoutMs);
      progress.replies++;
      if (reply.startsWith("-")) {
        refused ??= reply.slice(1);
        // Not let in, or in another database: nothing that follows is where it should be.
        if (i < head) mayDelete = false;
      } else if (i >= head && mayDelete) this.#delete(client, migration.keys[i - head].key);
    }
    cached.database = refused === null ? migration.database : -1;
    cached.usedAt = Date.now();
    return refused === null ? null : `ERR Target instance replied with error: ${refused}`;
  }

  async #connection(migration: Migration, address: string): Promise<CachedConnection> {
    const kept = this.#cached.get(address);
    if (kept !== undefined) return kept;
    if (this.#cached.size >= CONNECTIONS_MAX) this.#forget(this.#cached.keys().next().value!);
    const connection = await this.connect(migration.host, migration.port, migration.timeoutMs);
    const made = { connection, database: -1, usedAt: Date.now() };
    this.#cached.set(address, made);
    return made;
  }

  #forget(address: string): void {
    this.#cached.get(address)?.connection.close();
    this.#cached.delete(address);
  }

  #delete(client: CommandClient, key: Uint8Array): void {
    const { db } = client;
    const ref = db.peek(key, 0, key.length);
    if (ref === 0) return;
    db.removeEntry(ref);
    db.changed("generic", "del", key, 0, key.length);
    const { propagation } = client.server;
    if (propagation.active) propagation.keyDeleted(db.id, key);
  }
}

function ioError(error: PeerError): string {
  if (error.step === "connect") return "IOERR error or timeout connecting to the client";
  return `IOERR error or timeout ${error.step === "write" ? "writing" : "reading"} to target instance`;
}
