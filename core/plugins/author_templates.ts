// The files that `spork plugin new` writes, by kind. They are real modules under plugins/sdk/templates, so they are
// checked, linted and tested like all others; here they are texts.
import aofManifest from "../../plugins/sdk/templates/aof/plugin.yaml" with { type: "text" };
import aofMain from "../../plugins/sdk/templates/aof/main.ts" with { type: "text" };
import aofTest from "../../plugins/sdk/templates/aof/main_test.ts" with { type: "text" };
import codecManifest from "../../plugins/sdk/templates/codec/plugin.yaml" with { type: "text" };
import codecMain from "../../plugins/sdk/templates/codec/main.ts" with { type: "text" };
import codecTest from "../../plugins/sdk/templates/codec/main_test.ts" with { type: "text" };
import commandsManifest from "../../plugins/sdk/templates/commands/plugin.yaml" with { type: "text" };
import commandsMain from "../../plugins/sdk/templates/commands/main.ts" with { type: "text" };
import commandsTest from "../../plugins/sdk/templates/commands/main_test.ts" with { type: "text" };
import sinkManifest from "../../plugins/sdk/templates/sink/plugin.yaml" with { type: "text" };
import sinkMain from "../../plugins/sdk/templates/sink/main.ts" with { type: "text" };
import sinkTest from "../../plugins/sdk/templates/sink/main_test.ts" with { type: "text" };
import snapshotManifest from "../../plugins/sdk/templates/snapshot/plugin.yaml" with { type: "text" };
import snapshotMain from "../../plugins/sdk/templates/snapshot/main.ts" with { type: "text" };
import snapshotTest from "../../plugins/sdk/templates/snapshot/main_test.ts" with { type: "text" };
import sdkTypes from "../../plugins/sdk/types.ts" with { type: "text" };
import type { PluginKind } from "./manifest.ts";

const TEMPLATES: Readonly<Record<PluginKind, [manifest: string, main: string, test: string]>> = {
  aof: [aofManifest, aofMain, aofTest],
  codec: [codecManifest, codecMain, codecTest],
  commands: [commandsManifest, commandsMain, commandsTest],
  sink: [sinkManifest, sinkMain, sinkTest],
  snapshot: [snapshotManifest, snapshotMain, snapshotTest],
};

/** Name and text of each file of a new plugin. */
export function newPluginFiles(kind: PluginKind, name: string): Record<string, string> {
  const [manifest, main, test] = TEMPLATES[kind];
  const own = (text: string) =>
    text.replaceAll("../../types.ts", "./spork_sdk.ts").replaceAll("my-plugin", name);
  return {
    "plugin.yaml": own(manifest),
    "main.ts": own(main),
    "main_test.ts": own(test),
    "spork_sdk.ts": sdkTypes,
    "README.md": readme(kind, name),
  };
}

function readme(kind: PluginKind, name: string): string {
  return `# ${name}

A Spork plugin of kind ${kind}.

| file | what |
|---|---|
| plugin.yaml | the manifest: what the plugin is, asks for and promises |
| main.ts | the plugin |
| main_test.ts | its tests |
| spork_sdk.ts | types of the plugin interface, written by \`spork plugin new\`; nothing of it runs |

\`spork plugin check .\` checks the manifest and runs the tests and the conformance suite of the kind.
In spork.conf: \`plugin /path/to/${name}\`.
`;
}
