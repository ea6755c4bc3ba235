// Words of a line of configuration or of a log's manifest: splitting with quotes and escapes, and writing a word back so
// that it splits to itself. The loader of options, the command line, CONFIG REWRITE and the manifest use these.

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const NAMED: Readonly<Record<number, string>> = {
  0x5c: "\\\\",
  0x22: '\\"',
  0x0a: "\\n",
  0x0d: "\\r",
  0x09: "\\t",
  0x07: "\\a",
  0x08: "\\b",
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The words of a line: separated by white space; `"..."` with \n \r \t \b \a \xHH and \c for any other c; `'...'` with
 * \' only. Undefined when quotes are unbalanced, a closing quote is not followed by space, or \xHH bytes are not UTF-8.
 */
export function splitWords(line: string): string[] | undefined {
  // Escapes name bytes, so the line is taken apart as bytes: one code unit each.
  const bytes = toByteText(line);
  const words: string[] = [];
  let at = 0;
  while (true) {
    while (at < bytes.length && isSpace(bytes[at])) at++;
    if (at >= bytes.length || bytes[at] === "\0") break;
    const end = readWord(bytes, at);
    if (end === undefined) return undefined;
    words.push(word);
    at = end;
  }
  const decoded: string[] = [];
  for (const byteText of words) {
    const text = fromByteText(byteText);
    if (text === undefined) return undefined;
    decoded.push(text);
  }
  return decoded;
}

/** The word in double quotes, with everything but printable ASCII escaped; `splitWords` gives it back. */
export function quote(text: string): string {
  let quoted = '"';
  for (const byte of encoder.encode(text)) {
    const named = NAMED[byte];
    if (named !== undefined) quoted += named;
    else if (byte >= 0x20 && byte <= 0x7e) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return quoted + '"';
}

/** What the last readWord read. */
let word = "";

function readWord(bytes: string, start: number): number | undefined {
  let at = start;
  let quoteMark = "";
  word = "";
  while (true) {
    const c = at < bytes.length ? bytes[at] : "";
    if (quoteMark === "") {
      if (c === "" || c === " " || c === "\n" || c === "\r" || c === "\t" || c === "\0") return at;
      if (c === '"' || c === "'") quoteMark = c;
      else word += c;
      at++;
      continue;
    }
    if (c === "") return undefined;
    if (c === quoteMark) {
      const next = at + 1 < bytes.length ? bytes[at + 1] : "";
      if (next !== "" && !isSpace(next)) return undefined;
      return at + 1;
    }
    at = quoteMark === '"' ? readEscaped(bytes, at) : readSingle(bytes, at);
  }
}

function readEscaped(bytes: string, at: number): number {
  if (bytes[at] !== "\\" || at + 1 >= bytes.length) {
    word += bytes[at];
    return at + 1;
  }
  const hex = bytes.slice(at + 2, at + 4);
  if (bytes[at + 1] === "x" && /^[0-9a-fA-F]{2}$/.test(hex)) {
    word += String.fromCharCode(parseInt(hex, 16));
    return at + 4;
  }
  word += ESCAPES[bytes[at + 1]] ?? bytes[at + 1];
  return at + 2;
}

function readSingle(bytes: string, at: number): number {
  const escaped = bytes[at] === "\\" && bytes[at + 1] === "'";
  word += escaped ? "'" : bytes[at];
  return escaped ? at + 2 : at + 1;
}

function isSpace(c: string): boolean {
  return c === " " || (c >= "\t" && c <= "\r");
}

function toByteText(text: string): string {
  let result = "";
  for (const byte of encoder.encode(text)) result += String.fromCharCode(byte);
  return result;
}

function fromByteText(text: string): string | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
