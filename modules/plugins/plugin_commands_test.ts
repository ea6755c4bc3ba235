import assert from "node:assert/strict";
import { withHelp } from "../../core/commands/help.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { SHIPPED } from "../../core/plugins/shipped.ts";
import { withBench } from "../../core/plugins/test_plugins.ts";
import type { PluginHost } from "../../core/plugins/plugin_host.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { OutputSink } from "../../core/protocol/output_sink.ts";
import { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { pluginCommands } from "./plugin_commands.ts";

function run(host: PluginHost, protocol: 2 | 3, ...words: string[]): string {
  const sink = new OutputSink();
  const reply = new ReplyWriter(sink);
  reply.protocol = protocol;
  const client = { server: { plugins: host }, reply } as unknown as CommandClient;
  const spec = withHelp(pluginCommands[0]).subcommands!.find((sub) => sub.name === words[1])!;
  spec.handler!(client, Arguments.of(...words));
  return new TextDecoder().decode(sink.bytes.subarray(0, sink.length));
}

Deno.test("PLUGIN LIST tells name, version, kind, tier and state of each plugin", () =>
  withBench(async (bench) => {
    const host = bench.host([{ path: bench.write() }]);
    await host.start();
    const count = Object.keys(SHIPPED).length + 1;
    const reply = run(host, 3, "PLUGIN", "list");
    assert.ok(
      reply.startsWith(
        `*${count}\r\n%5\r\n$4\r\nname\r\n$10\r\nthreadsave\r\n$7\r\nversion\r\n$5\r\n1.0.0\r\n`,
      ),
    );
    assert.ok(reply.includes("$5\r\nprobe\r\n"));
    assert.ok(reply.includes("$5\r\nstate\r\n$7\r\nrunning\r\n"));
    assert.ok(run(host, 2, "PLUGIN", "list").startsWith(`*${count}\r\n*10\r\n$4\r\nname\r\n`));
  }));

Deno.test("PLUGIN INFO tells asks, grants, tier, state and counters", () =>
  withBench(async (bench) => {
    const manifest = "permissions:\n  env:\n    allow: [HOME]\n    reason: finds its cache\n";
    const host = bench.host([{ path: bench.write({ manifest }), grants: { env: "all" } }]);
    await host.start();
    const reply = run(host, 3, "PLUGIN", "info", "probe");
    for (
      const part of [
        "$4\r\nkind\r\n$4\r\nsink\r\n",
        "$4\r\ntier\r\n$8\r\nisolated\r\n",
        "$5\r\nstate\r\n$7\r\nrunning\r\n",
        "$4\r\nasks\r\n*1\r\n%3\r\n$10\r\npermission\r\n$3\r\nenv\r\n$6\r\nvalues\r\n$4\r\nHOME\r\n",
        "finds its cache",
        `read ${bench.dir}/probe, env HOME`,
        "$8\r\nused_for\r\n$21\r\nthe stream of changes\r\n",
        "$7\r\ndetails\r\n%0\r\n",
        "$11\r\nqueue_depth\r\n:0\r\n",
        "$8\r\nrestarts\r\n:0\r\n",
      ]
    ) assert.ok(reply.includes(part), `${JSON.stringify(part)} in ${reply}`);
    assert.equal(run(host, 3, "PLUGIN", "info", "nothing"), "-ERR No such plugin\r\n");
    assert.match(run(host, 3, "PLUGIN", "help"), /INFO <name>/);
  }));
