// Versions that the server tells.

export const VERSION = "0.1.0";
/** What clients that ask for `redis_version` find: the last version that Valkey and Redis share. */
export const COMPATIBLE_REDIS_VERSION = "7.2.4";
/** The Valkey release whose commands and semantics are the measure. */
export const COMPATIBLE_VALKEY_VERSION = "9.0.0";
