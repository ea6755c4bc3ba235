// The program of every plugin's worker: lets a PluginRunner answer the host's messages.
// Started by core/plugins/plugin_worker.ts with the permissions that the plugin was granted.
import { PluginRunner } from "./plugin_runner.ts";
import { runWorker } from "./worker_loop.ts";

runWorker((log) => new PluginRunner(log));
