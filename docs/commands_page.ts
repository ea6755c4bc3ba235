// Writes the generated part of docs/commands.md. Run by `deno task docs`.
import { withCommands } from "../modules/reference_page.ts";

const path = new URL("commands.md", import.meta.url);
Deno.writeTextFileSync(path, withCommands(Deno.readTextFileSync(path)));
