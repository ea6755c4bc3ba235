// Layout of a stream in the arena: its root, its groups, their consumers and pending entries. Constants only, so that
// the loop (stream.ts, stream_groups.ts) and workers (the RDB encoder) agree. Words are relative to a block's first
// word (ref * 4), doubles to its first double (ref * 2).

/** Root of a stream. */
export const STREAM_BYTES = 96;
/** Id tree of blocks: a block's master id, and the listpack. */
export const STREAM_BLOCKS = 0;
/** Name index of groups. */
export const STREAM_GROUPS = 3;
/** Ids: of the entry that was added last, of the first entry there is, the highest that was deleted by XDEL. */
export const STREAM_LAST_ID = 4;
export const STREAM_FIRST_ID = 8;
export const STREAM_MAX_DELETED_ID = 12;
/** Doubles: entries there are, entries that were ever added, bytes of all listpacks. */
export const STREAM_LENGTH_F64 = 8;
export const STREAM_ADDED_F64 = 9;
export const STREAM_LISTPACK_BYTES_F64 = 10;
/** Groups, consumers and pending entries together. */
export const STREAM_ATTACHED = 22;

/** A group: the id delivered last, how many entries it has read (double, -1 = not known), pending entries by id. */
export const GROUP_LAST_ID = 0;
export const GROUP_READ_F64 = 2;
export const GROUP_PENDING = 6;
/** Name index of consumers. */
export const GROUP_CONSUMERS = 9;

/** A consumer: when it last asked and when it last got something (doubles, ms since 1970, -1 = never), its pending entries. */
export const CONSUMER_SEEN_F64 = 0;
export const CONSUMER_ACTIVE_F64 = 1;
export const CONSUMER_PENDING = 4;

/** Of groups and consumers alike: bytes of the name, and where it begins. */
export const NAME_LENGTH = 10;
export const NAME_BYTES_AT = 44;

/** A pending entry, shared by both trees: when it was delivered last (double), how often, the consumer that has it. */
export const PENDING_BYTES = 16;
export const PENDING_TIME_F64 = 0;
export const PENDING_COUNT = 2;
export const PENDING_CONSUMER = 3;
/** Deliveries are counted up to here. */
export const PENDING_COUNT_MAX = 2 ** 32 - 1;

/** A name index: how many there are, then their references in the order of names. */
export const NAMES_COUNT = 0;
export const NAMES_REFS = 1;

/** Flags of an entry in a listpack. */
export const ENTRY_DELETED = 1;
export const ENTRY_SAME_FIELDS = 2;
