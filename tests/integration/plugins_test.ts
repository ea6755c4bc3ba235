// Third-party plugins as an operator meets them: loaded from a folder outside the source tree, granted by config lines,
// seen through PLUGIN LIST and INFO, and never able to take the server down.
import assert from "node:assert/strict";
import { eventually, projectDirectory, type RespClient, SporkServer } from "../harness/mod.ts";

/** A folder with plugins in it, outside the source tree. */
class PluginFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "spork-third-party-" });

  add(name: string, manifest: string, code: string): string {
    const folder = `${this.path}/${name}`;
    Deno.mkdirSync(folder);
    const head = `name: ${name}\nversion: 1.0.0\napi: ^1.0.0\nentry: main.ts\n`;
    Deno.writeTextFileSync(`${folder}/plugin.yaml`, head + manifest);
    Deno.writeTextFileSync(`${folder}/main.ts`, code);
    return folder;
  }

  copyExample(name: string): string {
    const from = `${projectDirectory}plugins/examples/${name}`;
    Deno.mkdirSync(`${this.path}/${name}`);
    for (const { name: file } of Deno.readDirSync(from)) {
      Deno.copyFileSync(`${from}/${file}`, `${this.path}/${name}/${file}`);
    }
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

async function pluginInfo(client: RespClient, name: string): Promise<Record<string, unknown>> {
  const reply = await client.call("PLUGIN", "INFO", name) as unknown[];
  const fields: Record<string, unknown> = {};
  for (let i = 0; i < reply.length; i += 2) fields[String(reply[i])] = reply[i + 1];
  return fields;
}

Deno.test("a snapshot plugin from disk saves what BGSAVE asks for, under its grants", async () => {
  using plugins = new PluginFolder();
  const folder = plugins.copyExample("snapshot-databases");
  await using server = await SporkServer.start({
    config: {
      file: "spork.yaml",
      text: `plugins:
  snapshot: snapshot-databases
  load:
    - path: ${folder}
      options:
        databases: "0,2"
      grants:
        write: ["\${dir}"]
`,
    },
    args: ["--enable-debug-command", "yes"],
  });
  const client = await server.connect();
  for (let database = 0; database < 4; database++) {
    await client.call("SELECT", database);
    await client.call("SET", `key${database}`, "value");
  }
  assert.match(String(await client.call("BGSAVE")), /^Background saving \(thread\) started/);
  const info = await eventually(async () => {
    const fields = await pluginInfo(client, "snapshot-databases");
    return Number(fields.bytes) > 0 && fields;
  }, { what: "the end of the save" });
  assert.equal(info.state, "running");
  assert.equal(info.tier, "isolated");
  assert.equal(info.grants, `read ${Deno.realPathSync(folder)}, write ${Deno.realPathSync(server.dir)}`);
  await eventually(() => server.log.includes("plugin snapshot-databases: saved 2 entries of 0, 2"), {
    what: "the plugin's line in the log",
  });
  await eventually(() => server.log.includes("terminated with success"), { what: "the file in its place" });
  assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
  const sizes: unknown[] = [];
  for (let database = 0; database < 4; database++) {
    await client.call("SELECT", database);
    sizes.push(await client.call("DBSIZE"));
  }
  assert.deepEqual(sizes, [1, 0, 1, 0]);
});

Deno.test("a plugin that asks for more than it is granted ends the start, and the error says what would allow it", async () => {
  using plugins = new PluginFolder();
  const folder = plugins.add(
    "phones-home",
    'kind: sink\npermissions:\n  net:\n    allow: ["203.0.113.1:443"]\n    reason: reports usage\n',
    "export default () => ({ receive() {} });",
  );
  const refused = await SporkServer.run(["--port", "0", "--plugin", folder]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout + refused.stderr,
    /PLUGIN_PERMISSION_NOT_GRANTED: plugin phones-home asks for net access to 203\.0\.113\.1:443 \(reports usage\).*plugin-grant phones-home net 203\.0\.113\.1:443/,
  );
  await using server = await SporkServer.start({
    args: ["--plugin", folder, "--plugin-grant", "phones-home", "net", "203.0.113.1:443"],
  });
  const client = await server.connect();
  const info = await pluginInfo(client, "phones-home");
  assert.match(String(info.grants), /net 203\.0\.113\.1:443$/);
  assert.equal(info.used_for, "the stream of changes");
});

Deno.test("a plugin cannot be granted what the server itself may not do", async () => {
  using plugins = new PluginFolder();
  const folder = plugins.add(
    "native",
    "kind: sink\npermissions:\n  ffi:\n    allow: all\n    reason: calls C\n",
    "export default () => ({ receive() {} });",
  );
  const refused = await SporkServer.run([
    "--port",
    "0",
    "--plugin",
    folder,
    "--plugin-grant",
    "native",
    "ffi",
    "all",
  ]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout + refused.stderr,
    /PLUGIN_PERMISSION_NOT_COMPILED: plugin native is granted ffi/,
  );
});

Deno.test("a plugin that crashes again and again does not disturb the server", async () => {
  using plugins = new PluginFolder();
  const folder = plugins.add(
    "shaky",
    "kind: sink\n",
    `export default () => ({ receive() {}, start() { setTimeout(() => { throw new Error("shaken"); }, 30); } });`,
  );
  await using server = await SporkServer.start({ args: ["--plugin", folder] });
  const client = await server.connect();
  const info = await eventually(async () => {
    const fields = await pluginInfo(client, "shaky");
    return Number(fields.restarts) >= 1 && Number(fields.errors) >= 2 && fields;
  }, { what: "a crash after a restart" });
  assert.match(String(info.last_error), /shaken/);
  assert.equal(await client.call("SET", "key", "value"), "OK");
  assert.match(
    server.log,
    /plugin shaky crashed: uncaught error: Error: shaken\. Starting it again in 1000 ms/,
  );
  await server.stop();
});

Deno.test("a bad manifest ends the start with file and line", async () => {
  using plugins = new PluginFolder();
  const folder = plugins.add("typo", "kind: sinc\n", "export default () => ({ receive() {} });");
  const refused = await SporkServer.run(["--port", "0", "--plugin", folder]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout + refused.stderr,
    /PLUGIN_MANIFEST_VALUE: .*\/typo\/plugin\.yaml:5: "kind" is "sinc"; accepted: snapshot, aof, codec/,
  );
});

Deno.test("spork plugin new and check work from the command line", async () => {
  using plugins = new PluginFolder();
  // A name with a path is none: the command writes into the folder it is called in.
  const wrong = await SporkServer.run(["plugin", "new", "codec", `${plugins.path}/x`]);
  assert.equal(wrong.code, 2);
  const checked = await SporkServer.run(["plugin", "check", plugins.copyExample("sink-audit")]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(
    checked.stdout,
    /plugin sink-audit 2\.0\.0, kind sink\n[^]*ok {6}its own test: each change has its line/,
  );
});
