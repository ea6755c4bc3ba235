// Whether a reply is one whole RESP2 value: handlers that announce more or fewer elements than they write are found out.

/** Throws where `reply` (one character a byte) is not exactly one value. */
export function checkReply(reply: string): void {
  const end = valueEnd(reply, 0);
  if (end !== reply.length) throw new Error(`a reply of ${reply.length} bytes whose value has ${end}`);
}

function valueEnd(reply: string, at: number): number {
  const lineEnd = reply.indexOf("\r\n", at);
  if (lineEnd < 0) throw new Error(`a reply breaks off at byte ${at} of ${reply.length}`);
  const after = lineEnd + 2;
  switch (reply[at]) {
    case "+":
    case "-":
    case ":":
      return after;
    case "$": {
      const length = count(reply, at, lineEnd);
      if (length < 0) return after;
      const end = after + length + 2;
      if (reply.slice(end - 2, end) !== "\r\n") {
        throw new Error(`a bulk reply at byte ${at} has another length`);
      }
      return end;
    }
    case "*": {
      let end = after;
      for (let left = count(reply, at, lineEnd); left > 0; left--) end = valueEnd(reply, end);
      return end;
    }
  }
  throw new Error(`a reply has ${JSON.stringify(reply.slice(at, at + 20))} at byte ${at}`);
}

function count(reply: string, at: number, lineEnd: number): number {
  const text = reply.slice(at + 1, lineEnd);
  if (!/^(-1|\d+)$/.test(text)) {
    throw new Error(`a reply has the length ${JSON.stringify(text)} at byte ${at}`);
  }
  return Number(text);
}
