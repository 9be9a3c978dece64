import { expect, test } from "vitest";
import { productFiles, type SourceFile, sourceFiles } from "#test/support/source-files.ts";
import { bareCode } from "#test/support/source-tokens.ts";

const files: readonly SourceFile[] = [...productFiles(), ...sourceFiles("test", ".ts")];

const those = (wrong: (file: SourceFile) => boolean): readonly string[] =>
  files.filter(wrong).map(({ path }) => path);

test("keeps every source file within 300 lines", () => {
  expect(those(({ text }) => text.split("\n").length > 301)).toEqual([]);
});

test("exports by name only", () => {
  expect(those(({ text }) => /\bexport\s+default\b|\bas\s+default\b/.test(bareCode(text)))).toEqual([]);
});

test("has no barrels and no file for whatever has no name", () => {
  expect(those(({ path }) => /(^|\/)(index|utils?|helpers?|common|misc|manager)\.ts$/.test(path))).toEqual(
    [],
  );
});

test("holds no switched-off check, no double cast and no mocked module", () => {
  const given = /@ts-(ignore|expect-error|nocheck)|biome-ignore/;
  const cast = /\bas\s+unknown\s+as\b|\bvi\s*\.\s*mock\b/;
  const itself = "test/house/style.test.ts";
  expect(
    those(({ path, text }) => path !== itself && (given.test(text) || cast.test(bareCode(text)))),
  ).toEqual([]);
});
