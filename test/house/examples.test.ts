import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { fences } from "#test/support/markdown.ts";
import { sourceFiles } from "#test/support/source-files.ts";

const pages = ["README.md", "ARCHITECTURE.md"].flatMap((name) =>
  sourceFiles(".", name).filter(({ path }) => path === name),
);

/** Configurations a reader may copy: whole files, and blocks of the pages that are a whole `tradewind.yaml`. */
const examples = [
  ...sourceFiles("gateway/examples", ".yaml"),
  ...pages.flatMap(({ path, text }) =>
    fences(text)
      .filter(({ language }) => language === "yaml" || language === "yml")
      .map((fence, place) => ({ path: `${path}, yaml block ${place + 1}`, text: fence.text })),
  ),
];

test("has an example configuration to copy", () => {
  expect(examples.map(({ path }) => path)).toContainEqual(expect.stringMatching(/^gateway\/examples\//));
});

test.each(examples)("parses the example of $path", ({ path, text }) => {
  const config = parseConfig(text, { file: path });
  expect(config.routes.length).toBeGreaterThan(0);
});
