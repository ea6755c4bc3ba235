// What a plugin may do: the manifest's asks, which the operator's grants and the program's own permissions must both
// contain. The result is what the plugin's worker is created with, so the runtime enforces it. An ask beyond either is
// an error that names plugin, permission, and the config line that would allow it.
import { isAbsolute, relative, resolve } from "node:path";
import { type Manifest, PERMISSION_NAMES, type PermissionAsk, type PermissionName } from "./manifest.ts";
import { PluginError } from "./plugin_error.ts";
import type { Grant, Grants } from "./plugin_settings.ts";

/** Values that `${name}` stands for in asks and grants; undefined where there is no such value. */
export type Variables = (name: string) => string | undefined;

/** Permissions of a worker in Deno's terms: false = none, true = all, a list = these. */
export type WorkerPermissions = Record<PermissionName, boolean | string[]>;

/** Whether the program itself has a permission; without a value: all of it. */
export type ProcessPermission = (name: PermissionName, value: string | undefined) => boolean;

export interface GrantRequest {
  manifest: Manifest;
  /** The operator's grants, or a shipped plugin's default ones. */
  grants: Grants;
  variables: Variables;
  /** The plugin's own folder, which it may always read: its code is there. Undefined for a shipped plugin. */
  folder: string | undefined;
  process: ProcessPermission;
}

/** Throws PluginError for the first ask that is not covered. */
export function resolveGrants(request: GrantRequest): WorkerPermissions {
  const { manifest } = request;
  const permissions: WorkerPermissions = noPermissions();
  for (const name of PERMISSION_NAMES) {
    const ask = manifest.permissions[name];
    if (ask !== undefined) permissions[name] = grantAsk(request, name, ask);
  }
  if (request.folder !== undefined && permissions.read !== true) {
    permissions.read = [...(permissions.read || []), request.folder];
  }
  return permissions;
}

export function noPermissions(): WorkerPermissions {
  return {
    read: false,
    write: false,
    net: false,
    env: false,
    sys: false,
    run: false,
    ffi: false,
    import: false,
  };
}

/** Permissions in words: `write /data, net 10.0.0.1:6379`, or `none`. */
export function permissionText(permissions: WorkerPermissions): string {
  const parts: string[] = [];
  for (const name of PERMISSION_NAMES) {
    const value = permissions[name];
    if (value === false) continue;
    parts.push(value === true ? `${name} all` : `${name} ${value.join(" ")}`);
  }
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** What the program was started or compiled with. */
export const processPermission: ProcessPermission = (name, value) =>
  Deno.permissions.querySync(descriptor(name, value)).state === "granted";

function grantAsk(request: GrantRequest, name: PermissionName, ask: PermissionAsk): true | string[] {
  const { manifest } = request;
  const grant = expandGrant(request, name, request.grants[name]);
  if (ask.allow === "all") {
    if (grant !== "all") refuseAsk(manifest, name, "all", ask.reason);
    if (!request.process(name, undefined)) refuseProcess(manifest, name, "all");
    return true;
  }
  return ask.allow.map((asked) => {
    const value = expand(request, name, asked);
    if (grant !== "all" && !grant.some((granted) => covers(name, granted, value))) {
      refuseAsk(manifest, name, asked, ask.reason);
    }
    if (!request.process(name, value)) refuseProcess(manifest, name, value);
    return value;
  });
}

function expandGrant(request: GrantRequest, name: PermissionName, grant: Grant | undefined): Grant {
  if (grant === undefined) return [];
  return grant === "all" ? "all" : grant.map((value) => expand(request, name, value));
}

/** Puts values for `${name}` in a text. `where` says in an error where the text stands. Throws PluginError. */
export function putVariables(text: string, variables: Variables, where: string, plugin: string): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, variable: string) => {
    const found = variables(variable);
    if (found !== undefined) return found;
    throw new PluginError(
      "PLUGIN_VARIABLE_UNKNOWN",
      `${where}: "${text}" uses \${${variable}}, which is neither a config option for plugins nor option.NAME of the plugin`,
      { plugin },
    );
  });
}

/** Puts values for `${name}`; paths come out absolute and normal. */
function expand(request: GrantRequest, name: PermissionName, text: string): string {
  const { manifest, variables } = request;
  const value = putVariables(text, variables, `plugin ${manifest.name}, permission ${name}`, manifest.name);
  if (!isPath(name)) return value;
  if (!isAbsolute(value)) {
    throw new PluginError(
      "PLUGIN_SETTING",
      `plugin ${manifest.name}: "${text}" under ${name} is not an absolute path; begin it with / or \${dir}`,
      { plugin: manifest.name },
    );
  }
  return resolve(value);
}

function covers(name: PermissionName, granted: string, asked: string): boolean {
  if (granted === asked) return true;
  if (isPath(name)) {
    const inside = relative(granted, asked);
    return inside !== "" && !isAbsolute(inside) && inside.split(/[/\\]/)[0] !== "..";
  }
  // A host without a port stands for all its ports.
  if (name === "net" || name === "import") {
    return asked.startsWith(`${granted}:`) && !/:\d+$/.test(granted);
  }
  return false;
}

function isPath(name: PermissionName): boolean {
  return name === "read" || name === "write" || name === "ffi";
}

function refuseAsk(manifest: Manifest, name: PermissionName, value: string, reason: string): never {
  throw new PluginError(
    "PLUGIN_PERMISSION_NOT_GRANTED",
    `plugin ${manifest.name} asks for ${name} access to ${value} (${reason}), which the configuration does not grant. ` +
      `To allow it: plugin-grant ${manifest.name} ${name} ${value}`,
    { plugin: manifest.name },
  );
}

function refuseProcess(manifest: Manifest, name: PermissionName, value: string): never {
  throw new PluginError(
    "PLUGIN_PERMISSION_NOT_COMPILED",
    `plugin ${manifest.name} is granted ${name} access to ${value}, but this program runs without it. ` +
      `Start or compile it with --allow-${name}, or run without the plugin`,
    { plugin: manifest.name },
  );
}

function descriptor(name: PermissionName, value: string | undefined): Deno.PermissionDescriptor {
  switch (name) {
    case "read":
    case "write":
    case "ffi":
      return { name, path: value };
    case "net":
    case "import":
      return { name, host: value };
    case "env":
      return { name, variable: value };
    case "sys":
      return { name, kind: value as Deno.SysPermissionDescriptor["kind"] };
    case "run":
      return { name, command: value };
  }
}
