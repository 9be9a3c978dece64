import { expect, test } from "vitest";
import { tokens } from "#test/support/source-tokens.ts";

const kinds = (source: string): readonly string[] =>
  tokens(source).map(({ kind, text }) => `${kind} ${text.trim()}`.trim());

test("parts comments, strings and patterns from code", () => {
  expect(kinds(`a("b // c") /* d "e" */ / 2; // f`)).toEqual([
    "code a(",
    "string b // c",
    "code )",
    'comment /* d "e" */',
    "code / 2;",
    "comment // f",
  ]);
  expect(kinds(`x = /["'\\/]/g; y = 'it\\'s'`)).toEqual([
    "code x =",
    `pattern /["'\\/]/`,
    "code g; y =",
    "string it\\'s",
  ]);
});

test("reads the code inside a template, with the strings and braces in it", () => {
  const source = ["`a $", "{b({ c: `d $", '{e("f")}` })} g`; h'].join("");
  expect(kinds(source)).toEqual([
    "string a",
    "code b({ c:",
    "string d",
    "code e(",
    "string f",
    "code )",
    "string",
    "code })",
    "string g",
    "code ; h",
  ]);
});
