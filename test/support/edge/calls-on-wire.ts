import type { Piece, RecordedWire } from "./record-wire.ts";

/** A call that was answered whole, as it stood on the line. */
export type WireCall = {
  /** Method and path. */
  readonly what: string;
  /** Of both bodies, without the headers. */
  readonly bytes: number;
};

/** In the order in which they went out. */
export function callsOn({ connections }: Pick<RecordedWire, "connections">): readonly WireCall[] {
  return connections()
    .flatMap(({ sent, heard }) => {
      const asked = messagesIn(sent);
      return messagesIn(heard).flatMap(({ body }, place) => {
        const question = asked[place];
        if (!question) return [];
        const [method = "", path = ""] = question.start.split(" ");
        const what = `${method} ${path.replace(/\?.*$/, "")}`;
        return [{ at: question.at, what, bytes: question.body + body }];
      });
    })
    .sort((one, other) => one.at - other.at)
    .map(({ what, bytes }) => ({ what, bytes }));
}

type Message = { readonly at: number; readonly start: string; readonly body: number };

/** One after the other, each with its length: an agent waits for an answer before it uses the connection again. */
function messagesIn(pieces: readonly Piece[]): readonly Message[] {
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
  const found: Message[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const [start = "", ...headers] = bytes.subarray(at, end).toString("latin1").split("\r\n");
    const body = lengthIn(headers);
    if (end + 4 + body > bytes.byteLength) break;
    found.push({ at: placeOf(at, pieces), start, body });
    at = end + 4 + body;
  }
  return found;
}

function lengthIn(headers: readonly string[]): number {
  const lines = headers.map((line) => line.toLowerCase());
  if (lines.some((line) => line.startsWith("transfer-encoding:")))
    throw new Error("a body without a length cannot be told from what follows it");
  const length = lines.find((line) => line.startsWith("content-length:"));
  return Number(length?.slice("content-length:".length) ?? 0);
}

function placeOf(offset: number, pieces: readonly Piece[]): number {
  let until = 0;
  for (const { at, bytes } of pieces) {
    until += bytes.byteLength;
    if (offset < until) return at;
  }
  return Number.POSITIVE_INFINITY;
}
