// Reads the command line, with the rules of valkey-server: `[FILE] [--option value ...] [-]`. The loader calls it.
import { ConfigError, type Origin } from "./config_error.ts";
import type { ConfigLine } from "./config_line.ts";
import { findOption } from "./option_lookup.ts";
import { splitWords } from "../../bytes/quoted_words.ts";

export interface CommandLine {
  /** The configuration file, as written. */
  readonly file?: string;
  /** A single `-` at the end: read settings from the standard input too. */
  readonly fromStandardInput: boolean;
  readonly lines: readonly ConfigLine[];
}

const PLACE = "the command line";

/**
 * The first word is a file unless it begins with `-`. After `--option` all words are its values up to the next word
 * that begins with `--`; the first one is a value even then, so that `--requirepass --secret` works. `--save` alone is
 * `--save ""`. Option and values may be one word (`"--port 7000"`). The first option behind a file may lack its dashes.
 */
export function readCommandLine(words: readonly string[]): CommandLine {
  let at = 0;
  let file: string | undefined;
  if (words.length > 0 && !words[0].startsWith("-")) file = words[at++];
  const lines: ConfigLine[] = [];
  let fromStandardInput = false;
  let current: string[] | undefined;
  let wantsValue = false;
  let count = 0;
  const finish = () => {
    if (current === undefined) return;
    const origin: Origin = { file: PLACE, line: ++count, text: written(current) };
    lines.push({ name: current[0] ?? "", words: current.slice(1), origin });
  };
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === "-" && at === words.length - 1) {
      fromStandardInput = true;
    } else if (word.startsWith("--") && !wantsValue) {
      finish();
      current = optionWords(word, count + 1);
      wantsValue = current.length < 2;
      const next = words[at + 1];
      const nothingFollows = next === undefined || next.startsWith("--");
      if (wantsValue && current[0]?.toLowerCase() === "save" && nothingFollows) {
        current.push("");
        wantsValue = false;
      }
    } else if (current === undefined && file !== undefined && findOption(word) !== undefined) {
      current = [word];
      wantsValue = true;
    } else if (current === undefined) {
      const origin: Origin = { file: PLACE, line: 1, text: word };
      throw new ConfigError(
        "CONFIG_SYNTAX",
        origin,
        "Bad directive or wrong number of arguments",
        `"${word}" is no option; write options as --name value, and the file's name first`,
      );
    } else {
      current.push(word);
      wantsValue = false;
    }
  }
  finish();
  return { file, fromStandardInput, lines };
}

function optionWords(word: string, line: number): string[] {
  const words = splitWords(word.slice(2));
  if (words !== undefined) return words;
  throw new ConfigError(
    "CONFIG_SYNTAX",
    { file: PLACE, line, text: word },
    "Unbalanced quotes in configuration line",
    "give option and value as two words",
  );
}

function written(words: readonly string[]): string {
  if (findOption(words[0] ?? "")?.option.sensitive) return `--${words[0]} (hidden)`;
  return `--${words.join(" ")}`;
}
