// Reads the syntax of valkey.conf and redis.conf: one setting a line, `#` comments, quoted words. The loader calls it.
import { ConfigError, type Origin } from "./config_error.ts";
import type { ConfigLine } from "./config_line.ts";
import { findOption } from "./option_lookup.ts";
import { splitWords } from "../../bytes/quoted_words.ts";

/** The lines of a text. Throws ConfigError with the line of the mistake. */
export function readConf(text: string, file: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  let number = 0;
  for (const raw of text.split("\n")) {
    number++;
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const origin: Origin = { file, line: number, text: withoutSecret(line) };
    const words = splitWords(line);
    if (words === undefined) {
      throw new ConfigError(
        "CONFIG_SYNTAX",
        origin,
        "Unbalanced quotes in configuration line",
        "a closing quote must end a word, and \\xHH must spell UTF-8",
      );
    }
    if (words.length > 0) lines.push({ name: words[0], words: words.slice(1), origin });
  }
  return lines;
}

/** The line for error messages, with the value of a secret left out. */
export function withoutSecret(line: string): string {
  const name = /^\S*/.exec(line)![0];
  return findOption(name)?.option.sensitive ? `${name} (hidden)` : line;
}
