import { basename } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { parseKeyFile } from "#gateway/records/key-file.ts";
import { fences } from "#test/support/markdown.ts";
import { brokenLinks } from "#test/support/page-promises.ts";
import { root, type SourceFile, sourceFiles } from "#test/support/source-files.ts";

const pages = ["README.md", "ARCHITECTURE.md"].flatMap((name) =>
  sourceFiles(".", name).filter(({ path }) => path === name),
);

const files = sourceFiles("gateway/examples", ".yaml");
const holdsKeys = ({ path }: SourceFile): boolean => basename(path) === "keys.yaml";

/** Configurations a reader may copy: whole files, and blocks of the pages. */
const examples = [
  ...files.filter((file) => !holdsKeys(file)),
  ...pages.flatMap(({ path, text }) =>
    fences(text)
      .filter(({ language }) => language === "yaml" || language === "yml")
      .map((fence, place, all) => ({
        path: `${path}, yaml block ${place + 1}`,
        text: completed(fence.text, all[0]?.text ?? ""),
      })),
  ),
];

/** A block that says only what may be added stands on the page's first one, whose chapters it replaces. */
function completed(block: string, first: string): string {
  if (/^models:/m.test(block)) return block;
  const isReplaced = (chapter: string): boolean => `\n${block}`.includes(`\n${chapter.split(":")[0]}:`);
  const kept = first.split(/^(?=\w)/m).filter((chapter) => !isReplaced(chapter));
  return kept.join("") + block;
}

test("has an example configuration to copy", () => {
  expect(examples.map(({ path }) => path)).toContainEqual(expect.stringMatching(/^gateway\/examples\//));
});

test.each(examples)("parses the example of $path", ({ path, text }) => {
  const config = parseConfig(text, { file: path });
  expect(config.routes.length).toBeGreaterThan(0);
});

test("has an example of a keys file, which reads as one", () => {
  const keys = files.filter(holdsKeys).map(({ path, text }) => parseKeyFile(text, { file: path }));
  expect(keys.flat().length).toBeGreaterThan(0);
});

test("leads from the page of examples only to files and headings that exist", () => {
  const [page] = sourceFiles("gateway/examples", "README.md");
  expect(page?.text).toContain("](detect.sh)");
  expect(page && brokenLinks(page, root)).toEqual([]);
});
