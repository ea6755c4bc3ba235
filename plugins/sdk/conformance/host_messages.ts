// What the host may ask of a worker in conformance runs, beyond the jobs of the plugin's kind.
import type { CodecPromises } from "./codec_suite.ts";
import type { FaultPlan } from "./fault_plan.ts";

export type ConformanceRequest =
  | { conformance: "faults"; plan: FaultPlan | undefined }
  /** Runs the codec suite here; answers CaseResult[]. */
  | { conformance: "codec"; promises: CodecPromises }
  /** Imports the plugin's own tests and runs what they registered; answers CaseResult[]. */
  | { conformance: "tests"; url: string };

export function isConformanceRequest(input: unknown): input is ConformanceRequest {
  return typeof input === "object" && input !== null && "conformance" in input;
}
