// The program of a plugin's worker in conformance runs: as worker_main.ts, and it can make file calls fail, run the
// codec suite beside the codec, and run the plugin's own tests.
import { codecCases } from "../../../plugins/sdk/conformance/codec_suite.ts";
import {
  type CaseResult,
  type ConformanceCase,
  runCases,
} from "../../../plugins/sdk/conformance/conformance_case.ts";
import { installFaults, setFaults } from "../../../plugins/sdk/conformance/fault_plan.ts";
import {
  type ConformanceRequest,
  isConformanceRequest,
} from "../../../plugins/sdk/conformance/host_messages.ts";
import type { CodecPlugin } from "../../../plugins/sdk/types.ts";
import type { HostRequest } from "../worker_protocol.ts";
import { PluginRunner } from "./plugin_runner.ts";
import { runWorker } from "./worker_loop.ts";

class ConformanceRunner extends PluginRunner {
  override async handle(request: HostRequest): Promise<unknown> {
    if (request.op !== "job" || !isConformanceRequest(request.input)) return await super.handle(request);
    return await this.conform(request.input);
  }

  private async conform(request: ConformanceRequest): Promise<CaseResult[] | undefined> {
    switch (request.conformance) {
      case "faults":
        setFaults(request.plan);
        return undefined;
      case "codec":
        return await runCases(codecCases(this.plugin as CodecPlugin, request.promises));
      case "tests":
        return await runCases(await collectTests(request.url));
    }
  }
}

/** The tests that a module registers with Deno.test(name, run) or Deno.test({ name, fn }). */
async function collectTests(url: string): Promise<ConformanceCase[]> {
  const collected: ConformanceCase[] = [];
  const register = (
    first: string | { name: string; fn: ConformanceCase["run"] },
    run?: ConformanceCase["run"],
  ) => {
    collected.push(
      typeof first === "string" ? { name: first, run: run! } : { name: first.name, run: first.fn },
    );
  };
  Object.defineProperty(Deno, "test", { value: register, configurable: true });
  await import(url);
  return collected;
}

installFaults();
runWorker((log) => new ConformanceRunner(log));
