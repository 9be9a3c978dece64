import { expect, test } from "vitest";
import { parsePythonLiteral } from "#inference/models/python-literal.ts";

test.each([
  ["32", 32],
  ["-1.5e3", -1500],
  ["[320, 320]", [320, 320]],
  ["(1,)", [1]],
  ["(1)", 1],
  ["()", []],
  ["[True, False, None]", [true, false, null]],
  ["'it\\'s \\x41\\u00e9\\n'", "it's Aé\n"],
  [' "o\'x" ', "o'x"],
  ["{}", new Map()],
  [
    "{0: 'person', 1: \"o'x\",}",
    new Map([
      [0, "person"],
      [1, "o'x"],
    ]),
  ],
  ["{'a': [1, {'b': (2, 3)}]}", new Map([["a", [1, new Map([["b", [2, 3]]])]]])],
])("the Python text %s is read", (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value);
});

test.each([
  "",
  "{",
  "[1 2]",
  "'open",
  "'\\q'",
  "'\\xz1'",
  "__import__('os')",
  "1 + 1",
  "{[1]: 2}",
  "1 2",
  "1_000",
  "f'x'",
])("the text %j is no literal and gives nothing", (text) => {
  expect(parsePythonLiteral(text)).toBeUndefined();
});

test("a literal that is nested deeply or long is given up", () => {
  expect(parsePythonLiteral("[".repeat(100_000))).toBeUndefined();
  expect(parsePythonLiteral(`[${"1,".repeat(100)}]`, { maxLength: 50 })).toBeUndefined();
});
