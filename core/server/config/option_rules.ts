// Rules between options, which no single option can check. Looked at when all sources are read, and after CONFIG SET.
import type { ConfigValues } from "./option_table.ts";

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
    if (values.tlsAuthClients !== "no") {
      return {
        option: given.has("tls-auth-clients") ? "tls-auth-clients" : "tls-port",
        reason: "the runtime's TLS can't ask clients for certificates: tls-port requires tls-auth-clients no",
      };
    }
    if (values.tlsCertFile === "" || values.tlsKeyFile === "") {
      return { option: "tls-port", reason: "tls-port requires tls-cert-file and tls-key-file" };
    }
  }
  return null;
}
