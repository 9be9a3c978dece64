import {
  Composer,
  type CST,
  type Document,
  isScalar,
  Lexer,
  type LineCounter,
  Parser,
  visit,
  type YAMLParseError,
} from "yaml";
import { mostText } from "./most-text.ts";

/** One problem in a text, and the offset at which a person finds it. */
export type DocumentProblem = { readonly at: number; readonly what: string };

/** Configurations are written by people; what is deeper than this was not. */
const deepest = 64;

/** The one document in a text, or everything that keeps it from being one. */
export function readDocument(
  text: string,
  lines: LineCounter,
): { readonly document: Document } | { readonly problems: readonly DocumentProblem[] } {
  if (text.length > mostText) return { problems: [{ at: 0, what: `more than ${mostText} characters` }] };
  try {
    return checked(text, lines);
  } catch (error) {
    if (error instanceof TooDeep) return { problems: [{ at: error.at, what: error.message }] };
    throw error;
  }
}

function checked(text: string, lines: LineCounter): ReturnType<typeof readDocument> {
  const composer = new Composer({ uniqueKeys: true });
  const [document, second] = composer.compose(tokensOf(text, lines), true, text.length);
  if (!document) return { problems: [{ at: 0, what: "no document" }] };
  const extra = second
    ? [{ at: second.range[0], what: "a second document begins here, only one is read" }]
    : [];
  const problems = [...document.errors.map(broken), ...extra, ...strangeKeys(document)];
  return problems.length > 0 ? { problems } : { document };
}

class TooDeep extends Error {
  readonly at: number;

  constructor(at: number) {
    super(`nested more than ${deepest} deep`);
    this.at = at;
  }
}

/** The parser keeps its depth on a list, what composes its tokens on the call stack: the first guards the second. */
function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > deepest) throw new TooDeep(parser.offset);
  }
  yield* parser.end();
}

function broken({ message, pos }: YAMLParseError): DocumentProblem {
  return { at: pos[0], what: message };
}

/** Keys that are no text have no path, and one called __proto__ would vanish on its way into an object. */
function strangeKeys(document: Document): DocumentProblem[] {
  const problems: DocumentProblem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value !== "__proto__") return;
      problems.push({ at: startOf(key), what: "this cannot be a key" });
    },
  });
  return problems;
}

/** Where a node begins in the text. */
export function startOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}
