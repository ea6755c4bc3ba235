// For tests: writes plugins into temporary folders outside the source tree and opens hosts with them.
import { join } from "node:path";
import { PluginHost, type PluginHostOptions } from "./plugin_host.ts";
import type { PluginLogger } from "./plugin.ts";
import { noPluginSettings, type PluginSetting } from "./plugin_settings.ts";

export interface TestPlugin {
  name?: string;
  kind?: string;
  /** YAML lines after the five required fields. */
  manifest?: string;
  /** main.ts; by default a sink that does nothing. */
  code?: string;
  files?: Record<string, string>;
}

export const IDLE_SINK = "export default () => ({ receive() {} });\n";

/** Collects what the host logs. */
export class TestLog implements PluginLogger {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(message);
  }
  notice(message: string): void {
    this.lines.push(message);
  }
  warning(message: string): void {
    this.lines.push(message);
  }
  has(words: string): boolean {
    return this.lines.some((line) => line.includes(words));
  }
}

/** Folders and hosts of one test, given back at its end. */
export class PluginBench {
  readonly dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "spork-plugins-" }));
  readonly log = new TestLog();
  private readonly hosts: PluginHost[] = [];

  /** Writes a plugin and returns its folder. */
  write(plugin: TestPlugin = {}): string {
    const name = plugin.name ?? "probe";
    const folder = join(this.dir, name);
    const manifest = `name: ${name}\nversion: 1.0.0\napi: ^1.0.0\nkind: ${
      plugin.kind ?? "sink"
    }\nentry: main.ts\n`;
    const files = {
      "plugin.yaml": manifest + (plugin.manifest ?? ""),
      "main.ts": plugin.code ?? IDLE_SINK,
      ...plugin.files,
    };
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(join(folder, path, ".."), { recursive: true });
      Deno.writeTextFileSync(join(folder, path), text);
    }
    return folder;
  }

  /** A host with these plugins; `data` is its `dir`. */
  host(settings: Partial<PluginSetting>[], options: Partial<PluginHostOptions> = {}): PluginHost {
    const data = join(this.dir, "data");
    Deno.mkdirSync(data, { recursive: true });
    const host = new PluginHost({
      settings: {
        ...noPluginSettings(),
        plugins: settings.map((one) => ({ options: {}, trusted: false, embed: false, origin: {}, ...one })),
      },
      variables: (name) => ({ dir: data, appenddirname: "appendonlydir" })[name],
      logger: this.log,
      baseFolder: this.dir,
      restartDelayMs: 5,
      ...options,
    });
    this.hosts.push(host);
    return host;
  }

  async close(): Promise<void> {
    for (const host of this.hosts) await host.stop();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** Runs a test with a bench and gives everything back. */
export async function withBench(run: (bench: PluginBench) => Promise<void>): Promise<void> {
  const bench = new PluginBench();
  try {
    await run(bench);
  } finally {
    await bench.close();
  }
}

/** Waits until a condition holds; fails after a while. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
