/** A stretch of TypeScript: code, a comment, what stands between quotes (without them), or a regular expression. */
export type Token = {
  readonly kind: "code" | "comment" | "string" | "pattern";
  readonly text: string;
  readonly start: number;
};

/**
 * Parts code from comments and strings, so that a guard is not fooled by a word in either. A slash begins a regular
 * expression where no value stands before it; this is a guess that TypeScript as Biome formats it does not defeat.
 */
export function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  const braces: number[] = [];
  let codeStart = 0;
  let at = 0;
  while (at < source.length) {
    const piece = pieceAt(source, at, braces.at(-1) === 0);
    if (piece === undefined) {
      count(source.charAt(at), braces);
      at += 1;
      continue;
    }
    if (at > codeStart) found.push({ kind: "code", text: source.slice(codeStart, at), start: codeStart });
    found.push({ kind: piece.kind, text: source.slice(piece.start, piece.end), start: piece.start });
    if (source.charAt(at) === "}") braces.pop();
    if (piece.opens) braces.push(0);
    codeStart = piece.next;
    at = piece.next;
  }
  if (codeStart < source.length)
    found.push({ kind: "code", text: source.slice(codeStart), start: codeStart });
  return found;
}

/** From `start` to `end` lies its text; `next` is where code goes on, inside a template when it `opens` a `${`. */
type Piece = Pick<Token, "kind" | "start"> & {
  readonly end: number;
  readonly next: number;
  readonly opens?: boolean;
};

/** Keeps, for each `${` that is open, how many braces stand open in it. */
function count(character: string, braces: number[]): void {
  const open = braces.pop();
  if (open === undefined) return;
  braces.push(open + (character === "{" ? 1 : character === "}" ? -1 : 0));
}

function pieceAt(source: string, at: number, closesTemplate: boolean): Piece | undefined {
  const character = source.charAt(at);
  if (character === "/") return slashPiece(source, at);
  if (character === '"' || character === "'") {
    const end = stringEnd(source, at + 1, character);
    return { kind: "string", start: at + 1, end, next: end + 1 };
  }
  if (character === "`" || (character === "}" && closesTemplate)) {
    const end = templateEnd(source, at + 1);
    const opens = source.startsWith("${", end);
    return { kind: "string", start: at + 1, end, next: end + (opens ? 2 : 1), opens };
  }
  return undefined;
}

function slashPiece(source: string, at: number): Piece | undefined {
  const whole = (kind: Token["kind"], end: number): Piece => ({ kind, start: at, end, next: end });
  if (source.startsWith("//", at)) return whole("comment", lineEnd(source, at));
  if (source.startsWith("/*", at)) return whole("comment", commentEnd(source, at));
  return beginsPattern(source, at) ? whole("pattern", patternEnd(source, at + 1)) : undefined;
}

/** The code alone; each string stands as `""`, so that positions are lost but words in strings are too. */
export function bareCode(source: string): string {
  return tokens(source)
    .map(({ kind, text }) => (kind === "code" ? text : kind === "string" ? '""' : " "))
    .join("");
}

/** The code with its strings between double quotes, and without comments. */
export function codeWithStrings(source: string): string {
  return tokens(source)
    .map(({ kind, text }) => (kind === "code" ? text : kind === "string" ? `"${text}"` : " "))
    .join("");
}

function stringEnd(source: string, start: number, quote: string): number {
  for (let at = start; at < source.length; at += 1) {
    if (source.charAt(at) === "\\") at += 1;
    else if (source.charAt(at) === quote || source.charAt(at) === "\n") return at;
  }
  return source.length;
}

function templateEnd(source: string, start: number): number {
  for (let at = start; at < source.length; at += 1) {
    if (source.charAt(at) === "\\") at += 1;
    else if (source.charAt(at) === "`" || source.startsWith("${", at)) return at;
  }
  return source.length;
}

function patternEnd(source: string, start: number): number {
  let inClass = false;
  for (let at = start; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === "\\") at += 1;
    else if (character === "\n") return at;
    else if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    else if (character === "/" && !inClass) return at + 1;
  }
  return source.length;
}

function lineEnd(source: string, start: number): number {
  const end = source.indexOf("\n", start);
  return end === -1 ? source.length : end;
}

function commentEnd(source: string, start: number): number {
  const end = source.indexOf("*/", start + 2);
  return end === -1 ? source.length : end + 2;
}

function beginsPattern(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 20), at).trimEnd();
  return (
    before === "" || /[(,=:[!&|?{};+\-*%~^<>]$/.test(before) || /\b(return|typeof|case|in|of)$/.test(before)
  );
}
