import assert from "node:assert/strict";
import { ListenError } from "./listener.ts";
import { defaultTlsSettings, loadTlsMaterial, tlsProblems, type TlsSettings } from "./tls_settings.ts";

const fixtures = new URL("../../tests/fixtures/tls/", import.meta.url).pathname;

function settings(changes: Partial<TlsSettings>): TlsSettings {
  const files = { certFile: `${fixtures}server.crt`, keyFile: `${fixtures}server.key` };
  return { ...defaultTlsSettings(), ...files, authClients: "no", ...changes };
}

Deno.test("what can be honoured has no problems", () => {
  assert.deepEqual(tlsProblems(settings({})), []);
  assert.deepEqual(tlsProblems(settings({ authClients: "yes", caCertFile: `${fixtures}authority.crt` })), []);
  assert.deepEqual(tlsProblems(settings({ protocols: "TLSv1.2 TLSv1.3" })), []);
});

Deno.test("everything that cannot be honoured is named with its option", () => {
  const cases: [Partial<TlsSettings>, RegExp][] = [
    [{ certFile: "" }, /^tls-cert-file is missing/],
    [{ keyFile: "" }, /^tls-key-file is missing/],
    [
      { authClients: "yes" },
      /^tls-auth-clients is 'yes' but neither tls-ca-cert-file nor tls-ca-cert-dir is set/,
    ],
    [{ authClients: "optional" }, /^tls-auth-clients is 'optional'/],
    [{ protocols: "TLSv1.1 TLSv1.2" }, /^tls-protocols 'tlsv1.1' is not possible/],
    [{ ciphers: "HIGH" }, /^tls-ciphers 'HIGH' is not possible/],
    [{ cipherSuites: "TLS_AES_128_GCM_SHA256" }, /^tls-ciphersuites/],
    [{ preferServerCiphers: true }, /^tls-prefer-server-ciphers 'yes'/],
    [{ dhParamsFile: "dh.pem" }, /^tls-dh-params-file 'dh.pem'/],
    [{ sessionCaching: false }, /^tls-session-caching 'no'/],
  ];
  for (const [changes, expected] of cases) {
    const problems = tlsProblems(settings(changes));
    assert.equal(problems.length, 1, JSON.stringify(changes));
    assert.match(problems[0], expected);
  }
  assert.throws(
    () => loadTlsMaterial(settings({ ciphers: "HIGH", dhParamsFile: "x" })),
    (error: Error) => error instanceof ListenError && /tls-ciphers[^]*tls-dh-params-file/.test(error.message),
  );
});

Deno.test("files that cannot be read or decrypted are named", () => {
  const message = (changes: Partial<TlsSettings>): string => {
    try {
      loadTlsMaterial(settings(changes));
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.match(
    message({ certFile: "/nowhere/a.crt" }),
    /tls-cert-file: cannot read '\/nowhere\/a.crt': No such file/,
  );
  assert.match(message({ keyFile: "/nowhere/a.key" }), /tls-key-file: cannot read/);
  assert.match(message({ authClients: "yes", caCertFile: "/nowhere/ca" }), /tls-ca-cert-file: cannot read/);
  assert.match(
    message({ authClients: "yes", caCertDirectory: "/nowhere" }),
    /tls-ca-cert-dir: cannot read '\/nowhere'/,
  );
  const encrypted = `${fixtures}server_encrypted.key`;
  assert.match(
    message({ keyFile: encrypted, keyFilePassword: "wrong" }),
    /tls-key-file-pass: cannot decrypt/,
  );
});

Deno.test("an encrypted key is decrypted, authorities come from a file and a directory", () => {
  const encrypted = loadTlsMaterial(
    settings({ keyFile: `${fixtures}server_encrypted.key`, keyFilePassword: "secret" }),
  );
  assert.match(encrypted.key, /^-----BEGIN PRIVATE KEY-----/);
  assert.deepEqual(encrypted.ca, []);
  const withAuthorities = loadTlsMaterial(
    settings({ authClients: "yes", caCertFile: `${fixtures}authority.crt`, caCertDirectory: fixtures }),
  );
  const certificates = [...Deno.readDirSync(fixtures)].filter((entry) => entry.name.endsWith(".crt")).length;
  assert.equal(withAuthorities.ca.length, 1 + certificates);
});

Deno.test("protocol versions narrow what is spoken", () => {
  const both = loadTlsMaterial(settings({}));
  assert.deepEqual([both.minVersion, both.maxVersion], ["TLSv1.2", "TLSv1.3"]);
  const newest = loadTlsMaterial(settings({ protocols: "tlsv1.3" }));
  assert.deepEqual([newest.minVersion, newest.maxVersion], ["TLSv1.3", "TLSv1.3"]);
});
