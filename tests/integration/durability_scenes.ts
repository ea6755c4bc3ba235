// What is held while the log is not durable, what is not, and what comes when it is: the scenes of spec/durability.md
// section 8 about commands and keys. Each begins with an empty server whose log is durable, and ends with the log going
// on. docs/decisions/084-tests-of-durability.md tells which of Valkey's tests each stands for.
import assert from "node:assert/strict";
import { bulk, NIL, OK, QUEUED, type Scene } from "./durability_world.ts";

interface Lines {
  /** Durable before the scene begins. */
  given?: string[];
  /** Run by somebody who gets no replies, while the log is frozen. */
  dirt?: string[];
  /** What the actor sends. */
  lines: string[];
  /** What comes at once. */
  flows?: string;
  /** What comes when the log goes on. */
  held?: string;
}

/** One actor sends, somebody else may have written before. */
function scene(name: string, { given = [], dirt = [], lines, flows = "", held = "" }: Lines): Scene {
  return {
    name,
    play: async (stage) => {
      await stage.given(...given);
      await stage.pause();
      if (dirt.length > 0) {
        const writer = await stage.actor();
        await writer.sends("CLIENT REPLY OFF", ...dirt);
        await writer.seesNothing();
      }
      const actor = await stage.actor();
      await actor.sends(...lines);
      if (flows !== "") await actor.sees(flows);
      await actor.seesNothing();
      await stage.resume();
      if (held !== "") await actor.sees(held);
      await actor.seesNothing();
    },
  };
}

export const keyScenes: Scene[] = [
  scene("SET is held", { lines: ["SET k v"], held: OK }),
  scene("EXEC is held as a whole, QUEUED flows", {
    lines: ["MULTI", "SET k v", "GET k", "EXEC"],
    flows: OK + QUEUED + QUEUED,
    held: `*2\r\n${OK}${bulk("v")}`,
  }),
  scene("EXEC with a write and a clean read is held", {
    given: ["SET clean 1"],
    lines: ["MULTI", "SET dirty 2", "GET clean", "EXEC"],
    flows: OK + QUEUED + QUEUED,
    held: `*2\r\n${OK}${bulk("1")}`,
  }),
  {
    name: "a clean reply of 100 KB flows, the SET behind it is held, in chunks of their own too",
    play: async (stage) => {
      const big = "x".repeat(100 * 1024);
      await stage.given(`SET big ${big}`, "DEBUG CLIENT-ENFORCE-REPLY-LIST 1");
      await stage.pause();
      const actor = await stage.actor();
      await actor.sends("GET big", "SET k v", "PING");
      await actor.sees(bulk(big));
      await actor.seesNothing();
      await stage.resume();
      await actor.sees(`${OK}+PONG\r\n`);
      await stage.given("DEBUG CLIENT-ENFORCE-REPLY-LIST 0");
    },
  },
  scene("keyed reads of clean keys flow", {
    given: ["SET clean 1"],
    dirt: ["SET dirty 1"],
    lines: ["GET clean", "EXISTS clean", "TYPE clean", "TTL clean", "OBJECT ENCODING clean", "EXISTS nosuch"],
    flows: `${bulk("1")}:1\r\n+string\r\n:-1\r\n${bulk("int")}:0\r\n`,
  }),
  scene("EXISTS of a dirty key is held", { dirt: ["SET dirty 1"], lines: ["EXISTS dirty"], held: ":1\r\n" }),
  scene("TYPE, TTL, OBJECT ENCODING and TOUCH of a dirty key are held", {
    dirt: ["SET dirty 1"],
    lines: ["TYPE dirty", "TTL dirty", "OBJECT ENCODING dirty", "TOUCH dirty"],
    held: `+string\r\n:-1\r\n${bulk("int")}:1\r\n`,
  }),
  scene("KEYS is held while anything is dirty", {
    given: ["SET clean 1"],
    dirt: ["DEL clean"],
    lines: ["KEYS *"],
    held: "*0\r\n",
  }),
  scene("SCAN is held while anything is dirty", {
    dirt: ["SET dirty 1"],
    lines: ["SCAN 0"],
    held: `*2\r\n${bulk("0")}*1\r\n${bulk("dirty")}`,
  }),
  scene("RANDOMKEY and DBSIZE are held while anything is dirty", {
    dirt: ["SET dirty 1"],
    lines: ["RANDOMKEY", "DBSIZE"],
    held: `${bulk("dirty")}:1\r\n`,
  }),
  scene("DBSIZE in a transaction is held while anything is dirty", {
    dirt: ["SET dirty 1"],
    lines: ["MULTI", "DBSIZE", "EXEC"],
    flows: OK + QUEUED,
    held: "*1\r\n:1\r\n",
  }),
  {
    name: "a read that meets an expired key answers at once, those after it wait for the deletion",
    play: async (stage) => {
      await stage.given("DEBUG SET-ACTIVE-EXPIRE 0", "SET k v PX 1");
      await stage.pause();
      const reader = await stage.actor();
      const expiredBy = Date.now() + 2;
      await stage.eventually(() => Date.now() > expiredBy);
      await reader.gets("GET k", NIL);
      const asker = await stage.actor();
      await asker.sends("EXISTS k");
      await asker.seesNothing();
      await stage.resume();
      await asker.sees(":0\r\n");
      await stage.given("DEBUG SET-ACTIVE-EXPIRE 1");
    },
  },
  scene("PING, ECHO and PUBLISH flow", {
    dirt: ["SET dirty 1"],
    lines: ["PING", "ECHO x", "PUBLISH c m"],
    flows: `+PONG\r\n${bulk("x")}:0\r\n`,
  }),
  {
    name: "OBJECT HELP, INFO and CONFIG GET flow whatever is dirty",
    play: async (stage) => {
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("SET dirty 1");
      const actor = await stage.actor();
      await actor.sends("OBJECT HELP", "INFO server", "INFO keyspace", "CONFIG GET maxmemory", "PING");
      await actor.until("+PONG\r\n");
      await writer.seesNothing();
    },
  },
  scene("DISCARD flows", {
    dirt: ["SET dirty 1"],
    lines: ["MULTI", "SET k v", "GET dirty", "DISCARD"],
    flows: OK + QUEUED + QUEUED + OK,
  }),
  scene("an EXEC that only reads clean keys flows", {
    given: ["SET clean 1"],
    dirt: ["SET dirty 1"],
    lines: ["MULTI", "GET clean", "EXEC"],
    flows: `${OK}${QUEUED}*1\r\n${bulk("1")}`,
  }),
  scene("an EXEC that reads a dirty key is held", {
    dirt: ["SET dirty 1"],
    lines: ["MULTI", "GET dirty", "EXEC"],
    flows: OK + QUEUED,
    held: `*1\r\n${bulk("1")}`,
  }),
  scene("DBSIZE flows while all is durable", { given: ["SET clean 1"], lines: ["DBSIZE"], flows: ":1\r\n" }),
  {
    name: "two writers wait each for himself",
    play: async (stage) => {
      await stage.pause();
      const first = await stage.actor();
      const second = await stage.actor();
      await first.sends("SET a 1");
      await second.sends("SET b 1", "GET a");
      await first.seesNothing();
      await second.seesNothing();
      await stage.resume();
      await first.sees(OK);
      await second.sees(OK + bulk("1"));
    },
  },
  scene("SET then GET keep their order", {
    given: ["SET clean 1"],
    lines: ["SET k v", "GET k", "GET clean"],
    held: OK + bulk("v") + bulk("1"),
  }),
  scene("a write that changes nothing waits for the key that it has seen", {
    dirt: ["SET k 1"],
    lines: ["SETNX k 2"],
    held: ":0\r\n",
  }),
  scene("FLUSHDB in MULTI: the database is dirty", {
    given: ["SET k v"],
    dirt: ["MULTI", "FLUSHDB", "EXEC"],
    lines: ["GET k"],
    held: NIL,
  }),
  scene("FLUSHALL: every database is dirty", {
    given: ["SELECT 1", "SET k v", "SELECT 0"],
    dirt: ["FLUSHALL"],
    lines: ["SELECT 1", "GET k"],
    flows: OK,
    held: NIL,
  }),
  scene("FLUSHALL in MULTI, with a key set behind it", {
    given: ["SET k v"],
    dirt: ["MULTI", "SET a 1", "FLUSHALL", "SET b 1", "EXEC"],
    lines: ["GET b", "GET k"],
    held: bulk("1") + NIL,
  }),
  scene("COPY to database 1: the copy is dirty, the original is not", {
    given: ["SET k v"],
    dirt: ["COPY k k2 DB 1"],
    lines: ["GET k", "SELECT 1", "GET k2"],
    flows: bulk("v") + OK,
    held: bulk("v"),
  }),
  scene("SWAPDB: both databases are dirty", {
    given: ["SET k v"],
    dirt: ["SWAPDB 0 1"],
    lines: ["SELECT 1", "GET k"],
    flows: OK,
    held: bulk("v"),
  }),
  scene("SWAPDB: the first database, too", {
    given: ["SET k v"],
    dirt: ["SWAPDB 0 1"],
    lines: ["GET k"],
    held: NIL,
  }),
  scene("MOVE: the key is dirty where it has gone", {
    given: ["SET k v"],
    dirt: ["MOVE k 1"],
    lines: ["SELECT 1", "GET k"],
    flows: OK,
    held: bulk("v"),
  }),
  scene("MOVE: the key is dirty where it was", {
    given: ["SET k v"],
    dirt: ["MOVE k 1"],
    lines: ["EXISTS k"],
    held: ":0\r\n",
  }),
  scene("MULTI with SELECT over two databases", {
    dirt: ["MULTI", "SET a 1", "SELECT 1", "SET b 1", "EXEC"],
    lines: ["SELECT 1", "EXISTS a", "EXISTS b"],
    flows: `${OK}:0\r\n`,
    held: ":1\r\n",
  }),
  {
    name: "MOVE and COPY to no database: an error, and the key is there",
    play: async (stage) => {
      await stage.given("SET k v");
      const actor = await stage.actor();
      for (const index of [16, -1, 100000]) {
        await actor.sends(`MOVE k ${index}`);
        assert.match(await actor.until("\r\n"), /^-ERR.*out of range/);
        await actor.sends(`COPY k k2 DB ${index}`);
        assert.match(await actor.until("\r\n"), /^-ERR.*out of range/);
      }
      await actor.gets("GET k", bulk("v"));
    },
  },
  scene("a second client's read of a dirty key is held, whose writer gets no replies", {
    dirt: ["SET k v"],
    lines: ["GET k"],
    held: bulk("v"),
  }),
  scene("PING and SET in one pipeline show PONG only", {
    lines: ["PING", "SET k v", "GET nosuch"],
    flows: "+PONG\r\n",
    held: OK + NIL,
  }),
  scene("a pipeline is released boundary by boundary, in order", {
    lines: ["SET a 1", "GET a", "INCR a", "PING", "DEL a", "GET a"],
    held: `${OK}${bulk("1")}:2\r\n+PONG\r\n:1\r\n${NIL}`,
  }),
  {
    name: "SORT with BY and GET waits for the keys that it has read",
    play: async (stage) => {
      await stage.given("RPUSH list 1 2", "MSET w_1 2 w_2 1 d_1 a d_2 b");
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("CLIENT REPLY OFF", "SET w_1 0");
      const reader = await stage.actor();
      await reader.gets("SORT list GET d_*", `*2\r\n${bulk("a")}${bulk("b")}`);
      await reader.sends("SORT list BY w_* GET d_*");
      await reader.seesNothing();
      await stage.resume();
      await reader.sees(`*2\r\n${bulk("a")}${bulk("b")}`);
    },
  },
];
