// CONFIG REWRITE: puts the running values into the configuration file, keeping its comments, order and includes.
// Called by Config.rewrite; conf syntax and YAML each have their own way.
import type { Config } from "./config.ts";
import { rewriteConfText } from "./rewrite_conf.ts";
import { rewriteYamlText } from "./rewrite_yaml.ts";

/** Whether a path is read and written as YAML. */
export function isYamlPath(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

export interface RewriteOptions {
  /** Also options that are at their default and have no line. */
  readonly complete?: boolean;
}

/** Rewrites the file, or creates it when it went away. Throws the system's error; then the file is as it was. */
export function rewriteConfigFile(path: string, config: Config, options: RewriteOptions = {}): void {
  const { host } = config;
  const old = host.fileExists(path) ? new TextDecoder().decode(host.readFile(path)) : "";
  host.replaceFile(
    path,
    isYamlPath(path) ? rewriteYamlText(old, config) : rewriteConfText(old, config, options),
  );
}
