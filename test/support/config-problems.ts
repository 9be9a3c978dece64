import { parseConfig } from "#gateway/config.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";

/** What is wrong with a configuration, as a person reads it: `line:column  path: what`; nothing where it parses. */
export function configProblems(text: string): readonly string[] {
  try {
    parseConfig(text, { file: "t.yaml" });
    return [];
  } catch (error) {
    const [, ...lines] = asTradewindError(error).message.split("\n");
    return lines.map((line) => line.replace(/^ {2}t\.yaml:/, ""));
  }
}

/** A text without the carets that were put into it, and where they stood, as `line:column`. */
export function marked(given: string): { readonly text: string; readonly places: readonly string[] } {
  const [first = "", ...more] = given.split("^");
  let text = first;
  const places = more.map((piece) => {
    const lines = text.split("\n");
    text += piece;
    return `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
  });
  return { text, places };
}
