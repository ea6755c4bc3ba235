// The messages between the host and a plugin's worker. Control only: bytes and entries go through shared rings, flags
// and counters through the control block.
import type { ControlHandle } from "../../plugins/sdk/control_block.ts";
import type { OptionValue, PluginKind } from "./manifest.ts";

/** Where a plugin's module is: in the executable by name, or on disk by file URL. */
export type ModuleSource = { shipped: string } | { url: string };

/** A codec that is loaded into the worker of another plugin. */
export interface EmbeddedCodec {
  name: string;
  source: ModuleSource;
  options: Record<string, OptionValue>;
}

export interface LoadRequest {
  op: "load";
  name: string;
  kind: PluginKind;
  provides: Record<string, string>;
  source: ModuleSource;
  control: ControlHandle;
  /** Takes away what Deno's permissions do not cover (worker/seal.ts). False only in the trusted tier. */
  sealed: boolean;
  codecs: EmbeddedCodec[];
}

export interface ConfigureRequest {
  op: "configure";
  options: Record<string, OptionValue>;
}

export interface PhaseRequest {
  op: "validate" | "start" | "drain" | "stop";
}

/** Answered at once by a worker whose code lets it. */
export interface PingRequest {
  op: "ping";
}

/** Work for a running plugin; what `input` is, the kind says. */
export interface JobRequest {
  op: "job";
  input: unknown;
}

export type HostRequest = LoadRequest | ConfigureRequest | PhaseRequest | PingRequest | JobRequest;

/** Every request has one answer with its id. */
export type HostMessage = HostRequest & { id: number };

export interface ThrownInWorker {
  name: string;
  message: string;
  stack?: string;
  /** Where the thrown error had one: `NotCapable` is a name, ENOSPC and IMAGE_LOST are codes. */
  code?: string;
}

export type WorkerMessage =
  | { id: number; value: unknown }
  | { id: number; thrown: ThrownInWorker }
  | { log: "debug" | "notice" | "warning"; text: string }
  /** The worker is about to end without having been asked to. */
  | { ended: string };
