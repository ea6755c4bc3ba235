// Writes the generated part of docs/configuration.md. Run by `deno task docs:configuration`.
import { withReference } from "../core/server/config/reference_page.ts";

const path = new URL("configuration.md", import.meta.url);
Deno.writeTextFileSync(path, withReference(Deno.readTextFileSync(path)));
