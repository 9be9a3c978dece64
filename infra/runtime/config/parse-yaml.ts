import { type Document, isMap, isScalar, LineCounter, type Node, type Pair } from "yaml";
import type { z } from "zod";
import { TradewindError } from "../errors.ts";
import { readDocument, startOf } from "./yaml-document.ts";

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
  const lines = new LineCounter();
  const read = readDocument(text, lines);
  if ("problems" in read) {
    throw invalid(
      file,
      read.problems.map(({ at, what }) => ({ where: position(lines, at), what })),
    );
  }
  const { document } = read;
  const parsed = schema.safeParse(toData(document, file));
  if (parsed.success) return parsed.data;
  throw invalid(
    file,
    parsed.error.issues.flatMap((issue) => problemsOf(issue, document, lines)),
  );
}

/** More than that is another file. */
const mostProblems = 100;

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
  const shown = problems
    .toSorted(byPlace)
    .slice(0, mostProblems)
    .map(({ where, what }) => `\n  ${file}:${where}  ${what}`);
  const left = problems.length - shown.length;
  const more = left > 0 ? `\n  ... and ${left} more` : "";
  return new TradewindError("config_invalid", `${file} has ${count}:${shown.join("")}${more}`);
}

/** From the top of the file to its end, as whoever mends them reads it. */
function byPlace(one: Problem, other: Problem): number {
  const [line = 0, column = 0] = one.where.split(":").map(Number);
  const [otherLine = 0, otherColumn = 0] = other.where.split(":").map(Number);
  return line - otherLine || column - otherColumn;
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

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
}
