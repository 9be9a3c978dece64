import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import type { z } from "zod";
import { TradewindError } from "../errors.ts";

export type ParseOptions = {
  /** How messages name the text. */
  readonly file: string;
};

/** One problem in a configuration, where a person finds it. */
type Problem = { readonly where: string; readonly what: string };

/** Text to checked data, or one error that lists every problem with its line and column. */
export function parseYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  { file }: ParseOptions,
): z.output<Schema> {
  if (text.length > mostText)
    throw invalid(file, [{ where: "1:1", what: `more than ${mostText} characters` }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const broken = [...document.errors.map((error) => broke(error, lines)), ...strangeKeys(document, lines)];
  if (broken.length > 0) throw invalid(file, broken);
  const parsed = schema.safeParse(toData(document, file));
  if (parsed.success) return parsed.data;
  throw invalid(
    file,
    parsed.error.issues.flatMap((issue) => problemsOf(issue, document, lines)),
  );
}

/** Configurations are written by people; what is longer or worse than this was not. */
const mostText = 1_048_576;
const mostProblems = 20;

function broke({ code, message, pos }: YAMLParseError, lines: LineCounter): Problem {
  const what = code === "MULTIPLE_DOCS" ? "a second document begins here, only one is read" : message;
  return { where: position(lines, pos[0]), what };
}

/** Keys that are no text have no path, and one called __proto__ would vanish on its way into an object. */
function strangeKeys(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value !== "__proto__") return;
      problems.push({ where: position(lines, startOf(key)), what: "this cannot be a key" });
    },
  });
  return problems;
}

/** Aliases are refused: a few hundred bytes of them expand to gigabytes. */
function toData(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (error) {
    throw new TradewindError("config_invalid", `${file}: aliases (*name) are not allowed`, { cause: error });
  }
}

function invalid(file: string, problems: readonly Problem[]): TradewindError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const shown = problems.slice(0, mostProblems).map(({ where, what }) => `\n  ${file}:${where}  ${what}`);
  const list = shown.join("") + (problems.length > mostProblems ? "\n  and more" : "");
  return new TradewindError("config_invalid", `${file} has ${count}:${list}`);
}

function problemsOf(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => problem([...path, key], `unknown key "${key}"`, document, lines));
  }
  return [problem(path, issue.message, document, lines)];
}

function problem(path: readonly string[], message: string, document: Document, lines: LineCounter): Problem {
  const what = path.length === 0 ? message : `${path.join(".")}: ${message}`;
  return { where: position(lines, offsetOf(document, path)), what };
}

/** Where the key at a path begins, or its nearest ancestor that is there: what is missing has no place of its own. */
function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const step of path) {
    const child = childOf(node, step);
    if (!child) break;
    offset = startOf(child.key ?? child.value) || offset;
    node = child.value;
  }
  return offset;
}

function childOf(
  node: unknown,
  step: string,
): { readonly key?: unknown; readonly value: unknown } | undefined {
  if (isMap(node)) {
    return node.items.find((pair: Pair) => isScalar(pair.key) && String(pair.key.value) === step);
  }
  const items = (node as { readonly items?: readonly Node[] } | undefined)?.items;
  const value = items?.[Number(step)];
  return value ? { value } : undefined;
}

function startOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
}
