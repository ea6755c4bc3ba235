// Every error a client can read, in one table: code word, then Valkey's exact words, because clients and test suites
// match on them. No leading dash. Texts carry one character a byte; echo user input through Arguments.latin1().
import type { Arguments } from "./arguments.ts";

// Types, values and keys.
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const SYNTAX_ERROR = "ERR syntax error";
export const NO_SUCH_KEY = "ERR no such key";
export const SAME_OBJECT = "ERR source and destination objects are the same";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_AN_INT32 = "ERR value is out of range, value must between -2147483648 and 2147483647";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const NOT_FINITE = "ERR value is NaN or Infinity";
export const OUT_OF_RANGE = "ERR value is out of range";
export const MUST_BE_POSITIVE = "ERR value is out of range, must be positive";
export const OVERFLOW = "ERR increment or decrement would overflow";
export const DECREMENT_OVERFLOW = "ERR decrement would overflow";
export const NAN_OR_INFINITY = "ERR increment would produce NaN or Infinity";
export const HASH_NOT_AN_INTEGER = "ERR hash value is not an integer";
export const HASH_NOT_A_FLOAT = "ERR hash value is not a float";
export const OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
export const STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
export const INVALID_CURSOR = "ERR invalid cursor";
export const BUSY_KEY = "BUSYKEY Target key name already exists.";
export const BAD_DUMP_PAYLOAD = "ERR DUMP payload version or checksum are wrong";
export const BAD_DUMP_DATA = "ERR Bad data format";
export const INVALID_TTL = "ERR Invalid TTL value, must be >= 0";
export const INVALID_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
export const INVALID_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
export const LCS_STRINGS_ONLY = "ERR The specified keys must contain string values";
export const LCS_LENGTH_OR_INDEX = "ERR If you want both the length and indexes, please just use IDX.";
export const LCS_TOO_LARGE = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
export const LCS_NO_MEMORY = "ERR Insufficient memory, failed allocating transient memory for LCS";
export const EXPIRE_NX_AND_OTHERS = "ERR NX and XX, GT or LT options at the same time are not compatible";
export const EXPIRE_GT_AND_LT = "ERR GT and LT options at the same time are not compatible";
export const INVALID_NUMKEYS = "ERR invalid numkeys value";
export const NUMFIELDS = "ERR numfields should be greater than 0 and match the provided number of fields";
export const LFU_NOT_SELECTED =
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching " +
  "between policies at runtime LRU and LFU data will take some time to adjust.";
export const LFU_SELECTED =
  "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between " +
  "policies at runtime LRU and LFU data will take some time to adjust.";

// Blocking commands.
export const TIMEOUT_NOT_A_FLOAT = "ERR timeout is not a float or out of range";
export const TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
export const TIMEOUT_NEGATIVE = "ERR timeout is negative";
export const TIMEOUT_OUT_OF_RANGE = "ERR timeout is out of range";
export const WAITAOF_WITHOUT_LOG =
  "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
export const UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

// Transactions.
export const NESTED_MULTI = "ERR MULTI calls can not be nested";
export const WATCH_INSIDE_MULTI = "ERR WATCH inside MULTI is not allowed";
export const EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
export const DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
export const NOT_IN_TRANSACTION = "ERR Command not allowed inside a transaction";
export const EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors.";

// Commands with a number of keys.
export const NUMKEYS_NOT_POSITIVE = "ERR numkeys should be greater than 0";
export const COUNT_NOT_POSITIVE = "ERR count should be greater than 0";
export const SORT_NOT_A_DOUBLE = "ERR One or more scores can't be converted into double";
export const INDEX_OUT_OF_RANGE = "ERR index out of range";
export const RANK_IS_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from " +
  "the end of the list";
export const COUNT_NEGATIVE = "ERR COUNT can't be negative";
export const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
export const TOO_MANY_KEYS = "ERR Number of keys can't be greater than number of args";
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

// Sorted sets.
export const ZADD_NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
export const ZADD_GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
export const ZADD_INCR_ONE_PAIR = "ERR INCR option supports a single increment-element pair";
export const SCORE_NOT_A_NUMBER = "ERR resulting score is not a number (NaN)";
export const RANGE_NOT_A_FLOAT = "ERR min or max is not a float";
export const RANGE_NOT_A_STRING = "ERR min or max not valid string range item";
export const LIMIT_NEEDS_SCORE_OR_LEX =
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
export const WITHSCORES_NOT_WITH_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
export const WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";

/** Of ZUNION and its kin without keys; `name` in lower case. */
export function noInputKey(name: string): string {
  return `ERR at least 1 input key is needed for '${name}' command`;
}

// Bitmaps.
export const BIT_OFFSET_OUT_OF_RANGE = "ERR bit offset is not an integer or out of range";
export const BIT_OUT_OF_RANGE = "ERR bit is not an integer or out of range";
export const BIT_MUST_BE_1_OR_0 = "ERR The bit argument must be 1 or 0.";
export const BITOP_NOT_ONE_KEY = "ERR BITOP NOT must be called with a single source key.";
export const BITFIELD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
export const BITFIELD_TYPE =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
export const BITFIELD_READ_ONLY = "ERR BITFIELD_RO only supports the GET subcommand";

// HyperLogLogs.
export const NOT_A_HYPERLOGLOG = "WRONGTYPE Key is not a valid HyperLogLog string value.";
export const CORRUPT_HYPERLOGLOG = "INVALIDOBJ Corrupted HLL object detected";
export const HYPERLOGLOG_NOT_SPARSE = "ERR HLL encoding is not sparse";
export const KEY_DOES_NOT_EXIST = "ERR The specified key does not exist";

/** `name` as it was given. */
export function unknownPfdebugSubcommand(name: string): string {
  return `ERR Unknown PFDEBUG subcommand '${name}'`;
}

// Geo.
export const UNKNOWN_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";
export const RADIUS_NOT_A_NUMBER = "ERR need numeric radius";
export const RADIUS_NEGATIVE = "ERR radius cannot be negative";
export const WIDTH_NOT_A_NUMBER = "ERR need numeric width";
export const HEIGHT_NOT_A_NUMBER = "ERR need numeric height";
export const BOX_NEGATIVE = "ERR height or width cannot be negative";
export const INVALID_VERTICES = "ERR invalid number of vertices";
export const TOO_FEW_VERTICES = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
export const NO_PLACE = "ERR could not decode requested zset member";
export const COUNT_MUST_BE_POSITIVE = "ERR COUNT must be > 0";
export const ANY_NEEDS_COUNT = "ERR the ANY argument requires COUNT argument";

/** The numbers are printed as C's `%f` does: six digits after the point, all before it, `inf`. */
export function invalidPlace(longitude: number, latitude: number): string {
  return `ERR invalid longitude,latitude pair ${sixDigits(longitude)},${sixDigits(latitude)}`;
}

function sixDigits(value: number): string {
  if (Object.is(value, -0)) return "-0.000000";
  if (Math.abs(value) < 1e21) return value.toFixed(6);
  return Math.abs(value) === Infinity ? `${value > 0 ? "" : "-"}inf` : `${BigInt(value)}.000000`;
}

/** Of a search that stores its result; `what` is "GEOSEARCHSTORE" or "STORE option in GEORADIUS". */
export function storeWithOptions(what: string): string {
  return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
}

/** `name` is the command as the client wrote it. */
export function oneCenterNeeded(name: string): string {
  return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`;
}

export function oneShapeNeeded(name: string): string {
  return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`;
}

// Databases.
export const DB_OUT_OF_RANGE = "ERR DB index is out of range";
export const INVALID_FIRST_DB = "ERR invalid first DB index";
export const INVALID_SECOND_DB = "ERR invalid second DB index";

// Connection and authentication.
export function notWhileSubscribed(command: string): string {
  return `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed ` +
    "in this context";
}

export const NO_AUTH = "NOAUTH Authentication required.";
export const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
export const AUTH_NOT_CONFIGURED =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your " +
  "configuration is correct?";
export const NO_PROTO = "NOPROTO unsupported protocol version";
export const PROTO_NOT_AN_INTEGER = "ERR Protocol version is not an integer or out of range";
export const HELLO_NO_AUTH =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> " +
  "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
export const MAX_CLIENTS = "ERR max number of clients reached";
export const CLIENT_NAME_CHARACTERS =
  "ERR Client names cannot contain spaces, newlines or special characters.";
export const ONE_REDIRECT = "ERR A client can only redirect to a single other client";
export const REDIRECT_NOT_FOUND = "ERR The client ID you want redirect to does not exist";
export const PREFIX_WITHOUT_BROADCAST = "ERR PREFIX option requires BCAST mode to be enabled";
export const BROADCAST_SWITCH =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with " +
  "a different mode.";
export const BROADCAST_WITH_OPT = "ERR OPTIN and OPTOUT are not compatible with BCAST";
export const OPTIN_AND_OPTOUT = "ERR You can't specify both OPTIN mode and OPTOUT mode";
export const OPTIN_OPTOUT_SWITCH =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with " +
  "a different mode.";
export const CACHING_WITHOUT_OPT =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
export const CACHING_YES_WITHOUT_OPTIN =
  "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
export const CACHING_NO_WITHOUT_OPTOUT =
  "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
export const NO_SUCH_CLIENT = "ERR No such client";
export const PROTECTED_MODE =
  "DENIED Running in protected mode because protected mode is enabled and no password is set for the default " +
  "user. In this mode connections are only accepted from the loopback interface. If you want to connect from " +
  "external computers, you may adopt one of the following solutions: 1) Just disable protected mode sending the " +
  "command 'CONFIG SET protected-mode no' from the loopback interface by connecting from the same host the " +
  "server is running, however MAKE SURE it's not publicly accessible from internet if you do so. Use CONFIG " +
  "REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing " +
  "the configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If " +
  "you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set " +
  "up an authentication password for the default user. NOTE: You only need to do one of the above things in " +
  "order for the server to start accepting connections from the outside.";

export const PACKED_THRESHOLD_RANGE =
  "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
export const DEBUG_NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a ' +
  "local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

// Streams.
export const INVALID_STREAM_ID = "ERR Invalid stream ID specified as stream command argument";
export const STREAM_ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
export const STREAM_ID_NOT_ABOVE =
  "ERR The ID specified in XADD is equal or smaller than the target stream top item";
export const STREAM_IDS_EXHAUSTED =
  "ERR The stream has exhausted the last possible ID, unable to add more items";
export const STREAM_ENTRY_TOO_LARGE = "ERR Elements are too large to be stored";
export const STREAM_TRIM_TWICE =
  "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
export const STREAM_MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0.";
export const STREAM_LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0.";
export const STREAM_LIMIT_ALONE =
  "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
export const STREAM_LIMIT_EXACT = "ERR syntax error, LIMIT cannot be used without the special ~ option";
export const STREAM_TRIM_MISSING = "ERR syntax error, XTRIM must be called with a trimming strategy";
export const STREAM_INTERVAL_START = "ERR invalid start ID for the interval";
export const STREAM_INTERVAL_END = "ERR invalid end ID for the interval";
export const XREAD_GROUP = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
export const XREAD_NOACK = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
export const XREAD_NEW_ID =
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
export const XREADGROUP_LAST_ID =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by " +
  "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";
export const XREADGROUP_GROUP_MISSING = "ERR Missing GROUP option for XREADGROUP";
/** Ends the error of a client that waited for a key which went away: Redis 7.0 has these words, Valkey only the code. */
export const STREAM_KEY_GONE = ": the stream key no longer exists";
export const XAUTOCLAIM_COUNT = "ERR COUNT must be > 0";
export const XGROUP_KEY_MISSING =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM " +
  "option to create an empty stream automatically.";
export const ENTRIES_READ_NEGATIVE = "ERR value for ENTRIESREAD must be positive or -1";
export const BUSY_GROUP = "BUSYGROUP Consumer Group name already exists";
export const ENTRIES_ADDED_NEGATIVE = "ERR entries_added must be positive";
export const XSETID_BELOW_GIVEN_DELETED =
  "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
export const XSETID_BELOW_DELETED =
  "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
export const XSETID_BELOW_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item";
export const XSETID_ADDED_BELOW_LENGTH =
  "ERR The entries_added specified in XSETID is smaller than the target stream length";

// States of the server.
export const LOADING = "LOADING Valkey is loading the dataset in memory";
export const NO_REPLICAS = "NOREPLICAS Not enough good replicas to write.";
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
export const SNAPSHOT_FAILED =
  "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands " +
  "that may modify the data set are disabled, because this instance is configured to report errors during writes " +
  "if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Valkey logs for details about " +
  "the RDB error.";

/** Valkey's MISCONF of the log; `reason` is the system's. */
export function logFailed(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

// The request protocol. Each is sent as `ERR Protocol error: ...`, and the connection is closed behind it.
export const TOO_BIG_INLINE = "ERR Protocol error: too big inline request";
export const UNBALANCED_QUOTES = "ERR Protocol error: unbalanced quotes in request";
export const TOO_BIG_MULTIBULK_COUNT = "ERR Protocol error: too big mbulk count string";
export const INVALID_MULTIBULK_LENGTH = "ERR Protocol error: invalid multibulk length";
export const UNAUTHENTICATED_MULTIBULK = "ERR Protocol error: unauthenticated multibulk length";
export const TOO_BIG_BULK_COUNT = "ERR Protocol error: too big bulk count string";
export const INVALID_BULK_LENGTH = "ERR Protocol error: invalid bulk length";
export const UNAUTHENTICATED_BULK = "ERR Protocol error: unauthenticated bulk length";

/** EXEC is refused for a reason that has nothing to do with the queued commands themselves. */
export function execAborted(reason: string): string {
  return `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, "")}`;
}

/** A bulk header was wanted; `found` is the byte that stood there. */
export function expectedDollar(found: number): string {
  return `ERR Protocol error: expected '$', got '${String.fromCharCode(found)}'`;
}

/** Of an integer argument with limits of its own. */
export function outsideRange(least: bigint, most: bigint): string {
  return `ERR value is out of range, value must between ${least} and ${most}`;
}

/** `name` is the command's full name in lower case: "get", "client|kill". */
export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** `name` in lower case: "set", "getex", "expire". */
export function invalidExpireTime(name: string): string {
  return `ERR invalid expire time in '${name}' command`;
}

/** The command and the start of its arguments are echoed; their newlines and NULs end as the wire allows. */
export function unknownCommand(args: Arguments): string {
  let echoed = "";
  for (let index = 1; index < args.count && echoed.length < ECHOED_BYTES_MAX; index++) {
    echoed += `'${textToNul(args, index).slice(0, ECHOED_BYTES_MAX - echoed.length)}' `;
  }
  const name = textToNul(args, 0).slice(0, ECHOED_BYTES_MAX);
  return `ERR unknown command '${name}', with args beginning with: ${echoed}`;
}

/** Argument 0 names a container command, argument 1 is not one of its subcommands. */
export function unknownSubcommand(args: Arguments): string {
  const sub = textToNul(args, 1).slice(0, ECHOED_BYTES_MAX);
  return `ERR unknown subcommand '${sub}'. Try ${textToNul(args, 0).toUpperCase()} HELP.`;
}

/** A handler's own complaint about its subcommand or its number of arguments ("DEBUG foo", "SLOWLOG GET 1 2"). */
export function subcommandSyntax(args: Arguments): string {
  const sub = textToNul(args, 1).slice(0, ECHOED_BYTES_MAX);
  return `ERR unknown subcommand or wrong number of arguments for '${sub}'. ` +
    `Try ${textToNul(args, 0).toUpperCase()} HELP.`;
}

export function helloSyntax(option: string): string {
  return `ERR Syntax error in HELLO option '${option}'`;
}

/** XREAD and XREADGROUP with an odd number of words behind STREAMS. */
export function unbalancedStreams(command: "xread" | "xreadgroup"): string {
  const symbol = command === "xread" ? "$" : ">";
  return `ERR Unbalanced '${command}' list of streams: for each stream key an ID or '${symbol}' must be specified.`;
}

/** There is no group of this name; `key` and `group` as latin1 texts. */
export function noGroup(key: string, group: string): string {
  return `NOGROUP No such consumer group '${group}' for key name '${key}'`;
}

/** The key is absent, or has no group of this name. */
export function noKeyOrGroup(key: string, group: string): string {
  return `NOGROUP No such key '${key}' or consumer group '${group}'`;
}

export function unrecognizedXclaimOption(option: string): string {
  return `ERR Unrecognized XCLAIM option '${option}'`;
}

/** Of a numeric option: "ERR Invalid IDLE option argument for XCLAIM". */
export function invalidStreamOption(what: string, command: string): string {
  return `ERR Invalid ${what} argument for ${command}`;
}

/** Of CLIENT TRACKING: `which` is "an existing" or "another provided". */
export function prefixesOverlap(prefix: string, which: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${which} prefix '${other}'. ` +
    "Prefixes for a single client must not overlap.";
}

/** Bytes of user input that an error echoes. */
const ECHOED_BYTES_MAX = 128;

function textToNul(args: Arguments, index: number): string {
  const text = args.latin1(index);
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
