import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "#infra/command/commands.ts";
import { benches } from "#test/bench/benches.ts";
import { soaks } from "#test/soak/soaks.ts";
import { brokenCommands, brokenLinks, type Callable } from "#test/support/page-promises.ts";
import { root, type SourceFile } from "#test/support/source-files.ts";

const { scripts } = JSON.parse(read("package.json").text) as { readonly scripts: Record<string, string> };

const callable: Callable = {
  scripts: new Set(Object.keys(scripts)),
  verbs: new Set(commands.keys()),
  benches: new Set(Object.keys(benches)),
  soaks: new Set(Object.keys(soaks)),
};

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "inference/README.md",
  "edge/README.md",
  "gateway/OPERATIONS.md",
  "gateway/DISPATCH.md",
];

test.each(pages)("tells in %s only commands that exist", (page) => {
  expect(brokenCommands(read(page).text, callable)).toEqual([]);
});

test.each([...pages, "gateway/ERRORS.md"])("leads in %s only to files and headings that exist", (page) => {
  expect(brokenLinks(read(page), root)).toEqual([]);
});

test("tells a reader the test command that the checks of the project run", () => {
  const { text } = read(".ci/run");
  expect(text).toContain("\nnpm ci && npm test\n");
  expect(read("README.md").text).toContain("npm ci && npm test");
});

test("finds a command that does not exist, in a block or a span", () => {
  const page = [
    "`npm run nowhere`, `npm tests`, `npm start`, `npm run bench -- --quick nothing`, `npm run bench -- NAME`",
    "```sh",
    "npm ci && npm run lint && tradewind fly --now",
    "npm exec tradewind -- --help; npm run soak -- never",
    "```",
    "npm run prose is not a command, nor is `tradewind.yaml`.",
  ].join("\n");
  expect(brokenCommands(page, callable)).toEqual([
    "tradewind fly",
    "npm run soak -- never",
    "npm run nowhere",
    "npm tests",
    "npm run bench -- --quick nothing",
  ]);
});

test("finds a link, an image and a heading that are not there", () => {
  const text =
    '# A page\n[a](./nowhere.md) [b](#a-page) [c](#b-page) <img src="no.svg"> [d](https://x.example/) `[e](f)`';
  expect(brokenLinks({ path: "package.json", text }, root)).toEqual(["./nowhere.md", "no.svg"]);
  const page = {
    path: "gateway/ERRORS.md",
    text: "[a](ERRORS.md#body_empty) [b](#no-such-heading) [c](../LICENSE)",
  };
  expect(brokenLinks(page, root)).toEqual(["#no-such-heading"]);
});

function read(path: string): SourceFile {
  try {
    return { path, text: readFileSync(join(root, path), "utf8") };
  } catch (cause) {
    throw new Error(`${path} is missing`, { cause });
  }
}
