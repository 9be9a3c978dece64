import { expect, test } from "vitest";
import { reachedFrom } from "#test/support/reached.ts";
import { productFiles, type SourceFile } from "#test/support/source-files.ts";
import { codeWithStrings } from "#test/support/source-tokens.ts";

/** Named by imports that run; what is imported for its types alone is not there when the program runs. */
const forms = [
  /\bimport\s+(?!type\b)[\w$*{][^"();]*?\bfrom\s*"([^".#][^"]*)"/g,
  /\bexport\s+(?!type\b)[*{][^"();]*?\bfrom\s*"([^".#][^"]*)"/g,
  /\bimport\s*"([^".#][^"]*)"/g,
  /\bimport\s*\(\s*"([^".#][^"]*)"/g,
];

function packagesIn({ text }: SourceFile): readonly string[] {
  const code = codeWithStrings(text);
  const named = forms.flatMap((form) => [...code.matchAll(form)].map(([, specifier = ""]) => specifier));
  return named
    .filter((specifier) => !specifier.startsWith("node:"))
    .map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/"),
    );
}

function reachedPackages(start: string): ReadonlyMap<string, string> {
  const files = productFiles();
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Map<string, string>();
  for (const [path, way] of reachedFrom(start, files)) {
    const file = byPath.get(path);
    for (const name of file ? packagesIn(file) : []) if (!found.has(name)) found.set(name, way.join(" -> "));
  }
  return found;
}

const allowed = [
  ...["@hono/node-server", "@tufjs/models", "hono", "jose", "onnxruntime-node", "pino"],
  ...["prom-client", "sharp", "tuf-js", "undici", "yaml", "zod"],
];

test("the agent of a device reaches a dozen packages at most, and none of a cloud's", () => {
  const found = reachedPackages("edge/main.ts");
  const strange = [...found].filter(([name]) => !allowed.includes(name));
  expect(strange).toEqual([]);
  expect(found.size).toBeLessThanOrEqual(12);
  expect(found.has("onnxruntime-node")).toBe(true);
});

test("a gateway reaches what an agent may not, so that the walk is not for nothing", () => {
  expect([...reachedPackages("gateway/main.ts").keys()]).toEqual(expect.arrayContaining(["pg", "ioredis"]));
});
