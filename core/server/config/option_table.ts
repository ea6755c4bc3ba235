// The one table of all options. An option is data; everything about it (names, type, default, whether it works, why a
// value is refused) is said there and nowhere else. Config, loader, CONFIG REWRITE and docs/configuration.md read it.
import { BadValue, type Option } from "./option.ts";
import { generalOptions } from "./options/general_options.ts";
import { memoryOptions } from "./options/memory_options.ts";
import { monitoringOptions } from "./options/monitoring_options.ts";
import { networkOptions } from "./options/network_options.ts";
import { persistenceOptions } from "./options/persistence_options.ts";
import { replicationOptions } from "./options/replication_options.ts";
import { tlsOptions } from "./options/tls_options.ts";

/** The table by sections, in the order of the manual. */
export const optionSections = {
  "Network and clients": networkOptions,
  "TLS": tlsOptions,
  "Server": generalOptions,
  "Memory": memoryOptions,
  "Persistence": persistenceOptions,
  "Monitoring": monitoringOptions,
  "Replication, access control, cluster": replicationOptions,
} as const;

export const optionTable = {
  ...networkOptions,
  ...tlsOptions,
  ...generalOptions,
  ...memoryOptions,
  ...persistenceOptions,
  ...monitoringOptions,
  ...replicationOptions,
};

export type OptionTable = typeof optionTable;
/** Name of an option, as in a configuration file (never an alias). */
export type OptionName = keyof OptionTable;

type Camel<Name extends string> = Name extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Name;
type ValueOf<O> = O extends Option<infer T> ? T : never;

/** Every option's value under its name in camel case (`maxmemory-policy` is `maxmemoryPolicy`). */
export type ConfigValues = { readonly [Name in OptionName as Camel<Name>]: ValueOf<OptionTable[Name]> };

export const optionNames = Object.keys(optionTable) as OptionName[];

/** The option as the machinery handles it, with its value's type unknown. */
export function optionByName(name: OptionName): Option<unknown> {
  return optionTable[name] as unknown as Option<unknown>;
}

/** The key of an option's value in ConfigValues. */
export function valueKey(name: OptionName): keyof ConfigValues {
  return name.replace(/-(.)/g, (_match, letter: string) => letter.toUpperCase()) as keyof ConfigValues;
}

/** An option of Valkey that asks for what another option of Spork says: the same setting in other words. */
export interface OptionView {
  readonly of: OptionName;
  readonly hidden?: true;
  readonly accepts: string;
  readonly doc: string;
  /** The other option's text in this option's words. */
  read(text: string): string;
  /** This option's text in the other option's words, which now holds `previous`. */
  write(word: string, previous: string): string | BadValue;
}

const FORK = "fork-emulated";
const FORKLESS = "threadsave";

export const optionViews: Readonly<Record<string, OptionView>> = {
  "threadsave-enabled-for-backup": {
    of: "snapshot-strategy",
    accepts: "yes or no",
    doc: `\`yes\` is snapshot-strategy ${FORKLESS}, \`no\` is snapshot-strategy ${FORK}.`,
    read: (text) => text === FORK ? "no" : "yes",
    write: (word, previous) => strategyFor(word, previous, "yes", "no", "argument must be 'yes' or 'no'"),
  },
  "bgsave-default-method": {
    of: "snapshot-strategy",
    accepts: "fork | forkless",
    doc: `\`forkless\` is snapshot-strategy ${FORKLESS}, \`fork\` is snapshot-strategy ${FORK}.`,
    read: (text) => text === FORK ? "fork" : "forkless",
    write: (word, previous) =>
      strategyFor(
        word,
        previous,
        "forkless",
        "fork",
        "argument(s) must be one of the following: fork, forkless",
      ),
  },
  "bio-aof-offload-enabled": {
    of: "aof-strategy",
    hidden: true,
    accepts: "yes or no",
    doc: "`yes` is aof-strategy aof-offload, `no` is aof-strategy aof-inline.",
    read: (text) => text === "aof-inline" ? "no" : "yes",
    write(word, previous) {
      const lower = word.toLowerCase();
      if (lower !== "yes" && lower !== "no") return new BadValue("argument must be 'yes' or 'no'");
      if (lower === "no") return "aof-inline";
      return previous === "aof-inline" ? "aof-offload" : previous;
    },
  },
};

function strategyFor(
  word: string,
  previous: string,
  forkless: string,
  fork: string,
  reason: string,
): string | BadValue {
  const lower = word.toLowerCase();
  if (lower === fork) return FORK;
  if (lower !== forkless) return new BadValue(reason);
  return previous === FORK ? FORKLESS : previous;
}
