import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { readKeyFile } from "#gateway/records/key-file.ts";
import { fences } from "#test/support/markdown.ts";
import { root, type SourceFile, sourceFiles } from "#test/support/source-files.ts";

const pages = ["README.md", "ARCHITECTURE.md"].flatMap((name) =>
  sourceFiles(".", name).filter(({ path }) => path === name),
);

const files = sourceFiles("gateway/examples", ".yaml");
const holdsKeys = ({ path }: SourceFile): boolean => basename(path) === "keys.yaml";

/** Configurations a reader may copy: whole files, and blocks of the pages that are a whole `tradewind.yaml`. */
const examples = [
  ...files.filter((file) => !holdsKeys(file)),
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

test("has an example of a keys file, which reads as one", async () => {
  const keys = await Promise.all(files.filter(holdsKeys).map(({ path }) => readKeyFile(join(root, path))));
  expect(keys.flat().length).toBeGreaterThan(0);
});
