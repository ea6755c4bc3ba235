// The version of the plugin interface (plugins/sdk/types.ts), which a manifest's `api` range is checked against.
// Minor: something was added. Major: a plugin written for the last one may not work.

export const PLUGIN_API_VERSION = "1.0.0";
