export type PythonLiteral =
  | string
  | number
  | boolean
  | null
  | readonly PythonLiteral[]
  | ReadonlyMap<string | number, PythonLiteral>;

/** Exporters write metadata as `str(value)` of Python; this reads such text, and never runs any. Undefined when it is none. */
export function parsePythonLiteral(
  text: string,
  { maxLength = 1_048_576, maxDepth = 16 } = {},
): PythonLiteral | undefined {
  if (text.length > maxLength) return undefined;
  const reader: Reader = { text, at: 0, maxDepth };
  try {
    const value = readValue(reader, 0);
    skipSpace(reader);
    return reader.at === text.length ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Reader = { readonly text: string; at: number; readonly maxDepth: number };

const words: ReadonlyMap<string, PythonLiteral> = new Map([
  ["True", true],
  ["False", false],
  ["None", null],
]);

function readValue(reader: Reader, depth: number): PythonLiteral {
  if (depth > reader.maxDepth) throw new SyntaxError("nested too deeply");
  skipSpace(reader);
  const next = reader.text[reader.at];
  if (next === "{") return readDict(reader, depth);
  if (next === "[") return readSequence(reader, depth, "]").items;
  if (next === "(") return readParenthesized(reader, depth);
  if (next === "'" || next === '"') return readString(reader);
  return readWordOrNumber(reader);
}

function readDict(reader: Reader, depth: number): PythonLiteral {
  const entries = new Map<string | number, PythonLiteral>();
  reader.at += 1;
  while (!accept(reader, "}")) {
    const key = readValue(reader, depth + 1);
    if (typeof key !== "string" && typeof key !== "number")
      throw new SyntaxError("a key that is no text or number");
    expect(reader, ":");
    entries.set(key, readValue(reader, depth + 1));
    if (!accept(reader, ",")) {
      expect(reader, "}");
      break;
    }
  }
  return entries;
}

function readSequence(reader: Reader, depth: number, close: string) {
  const items: PythonLiteral[] = [];
  let trailingComma = false;
  reader.at += 1;
  while (!accept(reader, close)) {
    items.push(readValue(reader, depth + 1));
    trailingComma = accept(reader, ",");
    if (!trailingComma) {
      expect(reader, close);
      break;
    }
  }
  return { items, trailingComma };
}

/** `(1)` is the number, `(1,)` and `(1, 2)` are tuples. */
function readParenthesized(reader: Reader, depth: number): PythonLiteral {
  const { items, trailingComma } = readSequence(reader, depth, ")");
  const [only] = items;
  return items.length === 1 && !trailingComma && only !== undefined ? only : items;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function readString(reader: Reader): string {
  const quote = reader.text[reader.at];
  let value = "";
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at] ?? "";
    if (character === quote) {
      reader.at += 1;
      return value;
    }
    value += character === "\\" ? readEscape(reader) : character;
  }
  throw new SyntaxError("a text without its end");
}

/** Leaves the reader on the last character of the escape. */
function readEscape(reader: Reader): string {
  reader.at += 1;
  const letter = reader.text[reader.at] ?? "";
  const plain = escapes[letter];
  if (plain !== undefined) return plain;
  const digits = { x: 2, u: 4, U: 8 }[letter];
  if (digits === undefined) throw new SyntaxError(`an unknown escape \\${letter}`);
  const code = reader.text.slice(reader.at + 1, reader.at + 1 + digits);
  const point = Number.parseInt(code, 16);
  if (code.length !== digits || !/^[0-9a-fA-F]+$/.test(code) || point > 0x10ffff)
    throw new SyntaxError("a bad escape");
  reader.at += digits;
  return String.fromCodePoint(point);
}

function readWordOrNumber(reader: Reader): PythonLiteral {
  const token = /[-+.\w]{1,64}/y;
  token.lastIndex = reader.at;
  const [found = ""] = token.exec(reader.text) ?? [];
  reader.at += found.length;
  const word = words.get(found);
  if (word !== undefined) return word;
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(found)) throw new SyntaxError("no literal");
  return Number(found);
}

function accept(reader: Reader, character: string): boolean {
  skipSpace(reader);
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function expect(reader: Reader, character: string): void {
  if (!accept(reader, character)) throw new SyntaxError(`expected ${character}`);
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? "")) reader.at += 1;
}
