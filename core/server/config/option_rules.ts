// Rules between options, which no single option can check. Looked at when all sources are read, and after CONFIG SET.
import { type ConfigValues, optionTable, valueKey } from "./option_table.ts";

const TLS_FIXED = [
  "tls-ciphers",
  "tls-ciphersuites",
  "tls-dh-params-file",
  "tls-prefer-server-ciphers",
  "tls-session-caching",
] as const;

export interface Conflict {
  /** The option to name in the error. */
  readonly option: string;
  readonly reason: string;
}

/** The first rule that is broken, or null. `given`: names that were set, aliases and views as themselves. */
export function checkTogether(values: ConfigValues, given: ReadonlySet<string>): Conflict | null {
  if (
    given.has("bgsave-default-method") && values.snapshotStrategy === "threadsave" &&
    !values.forklessOptionsSupported
  ) {
    return {
      option: "bgsave-default-method",
      reason: "bgsave-default-method forkless requires forkless-infrastructure-enabled yes",
    };
  }
  if (values.tlsPort !== 0) {
    for (const option of TLS_FIXED) {
      if (optionTable[option].format(values[valueKey(option)] as never) === usualText(option)) continue;
      return { option, reason: `the runtime's TLS chooses this itself: with tls-port, remove ${option}` };
    }
  }
  return null;
}

function usualText(option: (typeof TLS_FIXED)[number]): string {
  return optionTable[option].format(optionTable[option].default as never);
}
