// The tls-* options: which of them Deno's TLS can honour, and the key material they name. What cannot be honoured is
// refused at start, never ignored: a server that is less strict than its configuration says is a trap.
import { createPrivateKey } from "node:crypto";
import { ListenError } from "./listener.ts";

export interface TlsSettings {
  certFile: string;
  keyFile: string;
  keyFilePassword: string;
  caCertFile: string;
  caCertDirectory: string;
  /** Whether clients must, need not, or may show a certificate. Valkey's default is yes. */
  authClients: "yes" | "no" | "optional";
  /** Space-separated versions; "" = the default. */
  protocols: string;
  ciphers: string;
  cipherSuites: string;
  preferServerCiphers: boolean;
  dhParamsFile: string;
  sessionCaching: boolean;
}

/** Valkey's defaults. */
export function defaultTlsSettings(): TlsSettings {
  return {
    certFile: "",
    keyFile: "",
    keyFilePassword: "",
    caCertFile: "",
    caCertDirectory: "",
    authClients: "yes",
    protocols: "",
    ciphers: "",
    cipherSuites: "",
    preferServerCiphers: false,
    dhParamsFile: "",
    sessionCaching: true,
  };
}

/** What a listener needs: PEM texts. */
export interface TlsMaterial {
  cert: string;
  key: string;
  /** Certificates that client certificates are checked against; empty when none is asked for. */
  ca: string[];
  authClients: "yes" | "no" | "optional";
  minVersion: TlsVersion;
  maxVersion: TlsVersion;
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

const VERSIONS: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];

/** Every reason why TLS cannot be served as configured, in words that name the option; none = it can. */
export function tlsProblems(settings: TlsSettings): string[] {
  const problems: string[] = [];
  if (settings.certFile === "") {
    problems.push("tls-cert-file is missing: tls-port needs the server's certificate (PEM)");
  }
  if (settings.keyFile === "") {
    problems.push("tls-key-file is missing: tls-port needs the certificate's key (PEM)");
  }
  const hasAuthorities = settings.caCertFile !== "" || settings.caCertDirectory !== "";
  if (settings.authClients !== "no" && !hasAuthorities) {
    problems.push(
      `tls-auth-clients is '${settings.authClients}' but neither tls-ca-cert-file nor tls-ca-cert-dir is set: name the ` +
        "authority of the client certificates, or set tls-auth-clients no",
    );
  }
  const impossible = (option: string, value: string, hint: string) =>
    problems.push(`${option} '${value}' is not possible with Deno's TLS: ${hint}`);
  for (const version of words(settings.protocols)) {
    if (!isSupported(version)) impossible("tls-protocols", version, "it speaks TLSv1.2 and TLSv1.3");
  }
  if (settings.ciphers !== "") {
    impossible("tls-ciphers", settings.ciphers, "it chooses ciphers itself; remove the option");
  }
  if (settings.cipherSuites !== "") {
    impossible(
      "tls-ciphersuites",
      settings.cipherSuites,
      "it chooses cipher suites itself; remove the option",
    );
  }
  if (settings.preferServerCiphers) {
    impossible("tls-prefer-server-ciphers", "yes", "it orders ciphers itself; remove the option");
  }
  if (settings.dhParamsFile !== "") {
    impossible(
      "tls-dh-params-file",
      settings.dhParamsFile,
      "it uses elliptic curves only; remove the option",
    );
  }
  if (!settings.sessionCaching) {
    impossible("tls-session-caching", "no", "sessions may always be resumed; remove the option");
  }
  return problems;
}

/** Reads the files. Throws ListenError with every problem found. */
export function loadTlsMaterial(settings: TlsSettings): TlsMaterial {
  const problems = tlsProblems(settings);
  if (problems.length > 0) throw failure(problems);
  const cert = readOption("tls-cert-file", settings.certFile);
  const key = readKey(settings);
  const ca = settings.authClients === "no" ? [] : readAuthorities(settings);
  const versions = words(settings.protocols).length === 0
    ? VERSIONS
    : VERSIONS.filter((version) => words(settings.protocols).includes(version.toLowerCase()));
  return {
    cert,
    key,
    ca,
    authClients: settings.authClients,
    minVersion: versions[0],
    maxVersion: versions[versions.length - 1],
  };
}

function failure(problems: string[]): ListenError {
  return new ListenError(`Failed to configure TLS:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "").map((word) => word.toLowerCase());
}

function isSupported(version: string): boolean {
  return VERSIONS.some((supported) => supported.toLowerCase() === version);
}

function readOption(option: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw failure([`${option}: cannot read '${path}': ${(error as Error).message}`]);
  }
}

function readKey(settings: TlsSettings): string {
  const text = readOption("tls-key-file", settings.keyFile);
  if (settings.keyFilePassword === "") return text;
  try {
    const key = createPrivateKey({ key: text, passphrase: settings.keyFilePassword });
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch (error) {
    const reason = (error as Error).message;
    throw failure([`tls-key-file-pass: cannot decrypt '${settings.keyFile}': ${reason}`]);
  }
}

function readAuthorities(settings: TlsSettings): string[] {
  const authorities: string[] = [];
  if (settings.caCertFile !== "") authorities.push(readOption("tls-ca-cert-file", settings.caCertFile));
  const directory = settings.caCertDirectory;
  if (directory !== "") {
    try {
      for (const entry of Deno.readDirSync(directory)) {
        if (entry.isDirectory) continue;
        const text = Deno.readTextFileSync(`${directory}/${entry.name}`);
        if (text.includes("-----BEGIN CERTIFICATE-----")) authorities.push(text);
      }
    } catch (error) {
      throw failure([`tls-ca-cert-dir: cannot read '${directory}': ${(error as Error).message}`]);
    }
  }
  if (authorities.length === 0) throw failure([`tls-ca-cert-dir: no certificate (PEM) in '${directory}'`]);
  return authorities;
}
