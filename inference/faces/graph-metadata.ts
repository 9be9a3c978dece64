import type { ModelInfo } from "#inference/contract.ts";
import { type PythonLiteral, parsePythonLiteral } from "#inference/models/python-literal.ts";

/**
 * What a client needs that decodes by itself: the file's own words, as values where they are Python, with what its owner
 * declared in their place.
 */
export function graphMetadata(
  said: ReadonlyMap<string, string>,
  info: ModelInfo | undefined,
): ReadonlyMap<string, PythonLiteral> {
  const entries = [...said]
    .filter(([key]) => told.has(key))
    .map(([key, text]): [string, PythonLiteral] => [key, literalOf(text)]);
  const metadata = new Map<string, PythonLiteral>([["stride", 32], ["batch", 1], ...entries]);
  if (!info) return metadata;
  const { task, names, input } = info;
  return metadata
    .set("task", task)
    .set("imgsz", [input.height, input.width])
    .set("names", new Map(names.map((name, index) => [index, name])));
}

/** Others tell of people and licences, or are long. */
const told = new Set([
  "stride",
  "batch",
  "channels",
  "kpt_shape",
  "kpt_names",
  "end2end",
  "task",
  "imgsz",
  "names",
  "args",
]);

function literalOf(text: string): PythonLiteral {
  return parsePythonLiteral(text) ?? text.slice(0, 1_000);
}
