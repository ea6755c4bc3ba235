// Commands that look at and change a value of each type in every way: what the tests of damaged dumps do to what they
// were allowed to restore, and the tests of snapshots to what is being saved. Errors as replies are fine.
import type { Random } from "./random.ts";
import type { ValueType, Word } from "./samples.ts";

type Maker = (key: string, random: Random) => Word[];

const index: (random: Random) => number = (random) => random.below(40) - 20;
const field: (random: Random) => string = (random) => random.pick(["f1", "f2", "f50", "field 7", "new", "5"]);
const member: (random: Random) => Word = (random) =>
  random.pick(["m1", "text", "new", "3", "999", "a longer member"]);
const value: (random: Random) => Word = (random) =>
  random.oneIn(3) ? random.below(100_000) : random.text(random.below(random.oneIn(20) ? 9000 : 70));

/** Commands that only look. */
export const READS: Record<ValueType, Maker[]> = {
  string: [
    (key) => ["GET", key],
    (key) => ["STRLEN", key],
    (key, random) => ["GETRANGE", key, index(random), index(random)],
    (key) => ["PFCOUNT", key],
    (key) => ["BITCOUNT", key],
    (key) => ["BITPOS", key, 1],
    (key, random) => ["GETBIT", key, random.below(5000)],
    (key) => ["BITFIELD_RO", key, "GET", "i17", "#3"],
    (key) => ["LCS", key, key, "LEN"],
  ],
  list: [
    (key) => ["LRANGE", key, 0, -1],
    (key) => ["LLEN", key],
    (key, random) => ["LINDEX", key, index(random)],
    (key, random) => ["LRANGE", key, index(random), index(random)],
    (key, random) => ["LPOS", key, value(random), "COUNT", 0],
    (key) => ["SORT", key, "ALPHA"],
  ],
  set: [
    (key) => ["SMEMBERS", key],
    (key) => ["SCARD", key],
    (key, random) => ["SISMEMBER", key, member(random)],
    (key, random) => ["SRANDMEMBER", key, index(random)],
    (key) => ["SSCAN", key, 0, "COUNT", 100],
    (key) => ["SINTER", key, key],
    (key) => ["SUNION", key, key],
    (key) => ["SORT", key, "ALPHA"],
  ],
  zset: [
    (key) => ["ZRANGE", key, 0, -1, "WITHSCORES"],
    (key) => ["ZCARD", key],
    (key, random) => ["ZSCORE", key, member(random)],
    (key, random) => ["ZRANK", key, member(random)],
    (key, random) => ["ZREVRANK", key, member(random)],
    (key) => ["ZCOUNT", key, "-inf", "+inf"],
    (key, random) => ["ZRANGEBYSCORE", key, random.below(20), random.below(50), "LIMIT", 1, 5],
    (key) => ["ZRANGEBYLEX", key, "-", "[m5"],
    (key) => ["ZREVRANGE", key, 0, 20],
    (key, random) => ["ZRANDMEMBER", key, index(random), "WITHSCORES"],
    (key) => ["ZSCAN", key, 0],
    (key) => ["ZUNION", 2, key, key, "WITHSCORES"],
    (key) => ["GEOSEARCH", key, "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km"],
  ],
  hash: [
    (key) => ["HGETALL", key],
    (key) => ["HLEN", key],
    (key, random) => ["HGET", key, field(random)],
    (key, random) => ["HSTRLEN", key, field(random)],
    (key, random) => ["HRANDFIELD", key, index(random), "WITHVALUES"],
    (key) => ["HSCAN", key, 0],
    (key, random) => ["HPEXPIRETIME", key, "FIELDS", 2, field(random), field(random)],
  ],
  stream: [
    (key) => ["XRANGE", key, "-", "+"],
    (key) => ["XREVRANGE", key, "+", "-"],
    (key) => ["XLEN", key],
    (key) => ["XINFO", "STREAM", key, "FULL", "COUNT", 0],
    (key) => ["XINFO", "STREAM", key],
    (key) => ["XINFO", "GROUPS", key],
    (key) => ["XINFO", "CONSUMERS", key, "group"],
    (key) => ["XPENDING", key, "group"],
    (key) => ["XPENDING", key, "group", "-", "+", 100],
    (key, random) => ["XREAD", "COUNT", 10, "STREAMS", key, 1000 + random.below(500)],
  ],
};

/** Commands that change the value and leave it at its key, mostly. */
export const WRITES: Record<ValueType, Maker[]> = {
  string: [
    (key, random) => ["APPEND", key, value(random)],
    (key, random) => ["SETRANGE", key, random.below(3000), value(random)],
    (key, random) => ["SETBIT", key, random.below(9000), random.below(2)],
    (key) => ["INCR", key],
    (key, random) => ["PFADD", key, value(random), value(random)],
    (key) => ["PFMERGE", key, key],
    (key, random) => ["BITFIELD", key, "INCRBY", "u7", random.below(3000), 5],
    (key) => ["BITOP", "NOT", key, key],
    (key, random) => ["SET", key, value(random)],
  ],
  list: [
    (key, random) => ["LPUSH", key, value(random), value(random)],
    (key, random) => ["RPUSH", key, value(random)],
    (key) => ["LPOP", key],
    (key) => ["RPOP", key, 3],
    (key, random) => ["LSET", key, index(random), value(random)],
    (key, random) => ["LINSERT", key, "BEFORE", value(random), value(random)],
    (key, random) => ["LREM", key, index(random), value(random)],
    (key, random) => ["LTRIM", key, random.below(3), -1 - random.below(3)],
    (key) => ["LMOVE", key, key, "LEFT", "RIGHT"],
    (key) => ["RPOPLPUSH", key, key],
  ],
  set: [
    (key, random) => ["SADD", key, member(random), random.below(1_000_000) - 500_000],
    (key, random) => ["SADD", key, value(random)],
    (key, random) => ["SREM", key, member(random), random.below(100)],
    (key) => ["SPOP", key],
    (key, random) => ["SPOP", key, random.below(5)],
    (key) => ["SUNIONSTORE", key, key],
    (key, random) => ["SMOVE", key, key, member(random)],
  ],
  zset: [
    (key, random) => ["ZADD", key, random.below(100) / 3, member(random), random.below(9), value(random)],
    (key, random) => ["ZINCRBY", key, 1.5, member(random)],
    (key, random) => ["ZREM", key, member(random)],
    (key) => ["ZPOPMIN", key],
    (key, random) => ["ZPOPMAX", key, random.below(4)],
    (key, random) => ["ZREMRANGEBYRANK", key, random.below(5), random.below(8)],
    (key, random) => ["ZREMRANGEBYSCORE", key, 3, 3 + random.below(2)],
    (key) => ["ZRANGESTORE", key, key, 0, -1],
    (key) => ["ZUNIONSTORE", key, 1, key],
    (key) => ["GEOADD", key, 13.361389, 38.115556, "Palermo"],
  ],
  hash: [
    (key, random) => ["HSET", key, field(random), value(random), field(random), value(random)],
    (key, random) => ["HDEL", key, field(random), field(random)],
    (key, random) => ["HINCRBY", key, field(random), 3],
    (key, random) => ["HINCRBYFLOAT", key, field(random), 0.5],
    (key, random) => ["HPEXPIRE", key, 86_400_000, "FIELDS", 1, field(random)],
    (key, random) => ["HPERSIST", key, "FIELDS", 1, field(random)],
    (key, random) => ["HGETDEL", key, "FIELDS", 1, field(random)],
  ],
  stream: [
    (key, random) => ["XADD", key, "*", "f", value(random)],
    (key, random) => ["XADD", key, "MAXLEN", "~", 100, "*", "sensor", value(random), "value", 1],
    (key, random) => ["XDEL", key, `${1000 + 3 * random.below(100)}-${random.below(3)}`],
    (key, random) => ["XTRIM", key, "MAXLEN", 1 + random.below(400)],
    (key) => ["XGROUP", "CREATE", key, "another", "$"],
    (key) => ["XGROUP", "DESTROY", key, "later"],
    (key, random) => ["XREADGROUP", "GROUP", "group", "carol", "COUNT", random.below(9), "STREAMS", key, ">"],
    (key, random) => ["XREADGROUP", "GROUP", "group", "alice", "STREAMS", key, random.below(1500)],
    (key, random) => ["XACK", key, "group", `${1000 + 3 * random.below(100)}-${random.below(3)}`],
    (key) => ["XAUTOCLAIM", key, "group", "carol", 0, "0", "COUNT", 5],
    (key, random) => ["XCLAIM", key, "group", "bob", 0, `${1000 + 3 * random.below(40)}-0`, "JUSTID"],
    (key) => ["XGROUP", "DELCONSUMER", key, "group", "bob"],
    (key) => ["XSETID", key, "99999999999999-0"],
  ],
};

/** Commands of every type. */
export const GENERIC: Maker[] = [
  (key) => ["TYPE", key],
  (key) => ["OBJECT", "ENCODING", key],
  (key) => ["COPY", key, `${key}:copy`, "REPLACE"],
  (key) => ["TOUCH", key],
  (key) => ["EXPIRE", key, 10_000],
  (key) => ["PERSIST", key],
  (key) => ["RENAME", key, `${key}:copy`],
];
