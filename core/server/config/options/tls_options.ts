// Options of TLS. Part of the option table. What the runtime's TLS can't do is refused when
// TLS is used (option_rules.ts, core/net), never ignored.
import { enumeration, INT_MAX, integer, text, yesNo } from "../option_kinds.ts";

const REFUSED_AT_START = "With tls-port, any other value is refused at start: the runtime chooses.";

export const tlsOptions = {
  "tls-port": integer({
    default: 0,
    min: 0,
    max: 65535,
    effect: "live",
    immutable: true,
    doc: "TLS port. 0: no TLS.",
  }),
  "tls-cert-file": file("Certificate chain of the server (PEM)."),
  "tls-key-file": file("Private key of the server (PEM)."),
  "tls-ca-cert-file": file("Certificates of the authorities that are trusted (PEM)."),
  "tls-key-file-pass": text({
    default: "",
    unsetWhenEmpty: true,
    effect: "live",
    immutable: true,
    sensitive: true,
    doc: "Passphrase of tls-key-file.",
  }),
  "tls-ca-cert-dir": file("Directory of trusted certificates (PEM)."),
  "tls-client-cert-file": outgoing("Certificate of outgoing connections (PEM)."),
  "tls-client-key-file": outgoing("Private key of outgoing connections (PEM)."),
  "tls-client-key-file-pass": text({
    default: "",
    unsetWhenEmpty: true,
    effect: "later",
    sensitive: true,
    doc: "Passphrase of tls-client-key-file.",
  }),
  "tls-auth-clients": enumeration(["no", "yes", "optional"], {
    default: "yes",
    effect: "live",
    immutable: true,
    doc: "Whether TLS clients must show a certificate.",
  }),
  "tls-auth-clients-user": enumeration(["off", "cn", "uri"], {
    default: "off",
    effect: "none",
    refuse: { accepts: ["off"], because: "Spork does not log in by certificate; use AUTH" },
    doc: "Which field of a client's certificate names its user.",
  }),
  "tls-protocols": text({
    default: "",
    unsetWhenEmpty: true,
    effect: "live",
    immutable: true,
    accepts: "TLSv1.2, TLSv1.3, or both",
    doc: "TLS versions. With tls-port, any other is refused at start.",
  }),
  "tls-ciphers": fixed("Ciphers of TLSv1.2."),
  "tls-ciphersuites": fixed("Cipher suites of TLSv1.3."),
  "tls-dh-params-file": fixed("Diffie-Hellman parameters of old TLS libraries."),
  "tls-prefer-server-ciphers": yesNo({
    default: false,
    effect: "none",
    doc: `Whether the server's order of ciphers wins. ${REFUSED_AT_START}`,
  }),
  "tls-session-caching": yesNo({
    default: true,
    effect: "none",
    doc: `Whether TLS sessions can be resumed. ${REFUSED_AT_START}`,
  }),
  "tls-session-cache-size": integer({
    default: 20480,
    min: 0,
    max: INT_MAX,
    effect: "none",
    doc: "TLS sessions kept.",
  }),
  "tls-session-cache-timeout": integer({
    default: 300,
    min: 0,
    max: INT_MAX,
    effect: "none",
    doc: "Seconds that TLS sessions are kept.",
  }),
  "tls-auto-reload-interval": integer({
    default: 0,
    min: 0,
    max: INT_MAX,
    effect: "none",
    refuse: {
      accepts: ["0"],
      because: "Spork does not watch certificate files; CONFIG SET tls-cert-file reads them again",
    },
    doc: "Seconds between looks at changed certificate files.",
  }),
  "tls-replication": yesNo({
    default: false,
    effect: "later",
    refuse: { accepts: ["no"], because: "Spork does not replicate yet" },
    doc: "Whether replication uses TLS.",
  }),
  "tls-cluster": yesNo({
    default: false,
    effect: "later",
    refuse: { accepts: ["no"], because: "Spork has no cluster mode" },
    doc: "Whether the cluster bus uses TLS.",
  }),
};

function file(doc: string) {
  return text({
    default: "",
    unsetWhenEmpty: true,
    effect: "live",
    immutable: true,
    accepts: "a path",
    doc,
  });
}

function fixed(doc: string) {
  return text({ default: "", unsetWhenEmpty: true, effect: "none", doc: `${doc} ${REFUSED_AT_START}` });
}

function outgoing(doc: string) {
  return text({ default: "", unsetWhenEmpty: true, effect: "later", volatile: true, accepts: "a path", doc });
}
