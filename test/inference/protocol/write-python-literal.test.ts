import { expect, test } from "vitest";
import { type PythonLiteral, parsePythonLiteral } from "#inference/models/python-literal.ts";
import { writePythonLiteral } from "#inference/protocol/write-python-literal.ts";
import { seededRandom } from "#test/support/random.ts";

test("a model's metadata reads as Python prints it", () => {
  const metadata = new Map<string, PythonLiteral>([
    ["stride", 32],
    ["task", "detect"],
    ["imgsz", [640, 640]],
    ["names", new Map([[0, "person"]])],
    ["batch", 1],
    ["end2end", false],
    ["dynamic", true],
    ["author", null],
  ]);
  expect(writePythonLiteral(metadata)).toBe(
    "{'stride': 32, 'task': 'detect', 'imgsz': [640, 640], 'names': {0: 'person'}, 'batch': 1, " +
      "'end2end': False, 'dynamic': True, 'author': None}",
  );
});

test.each([
  ["o'x", "'o\\x27x'"],
  ['say "hi"', "'say \\x22hi\\x22'"],
  ["back\\slash", "'back\\x5cslash'"],
  ["ends in \\", "'ends in \\x5c'"],
  ["two\nlines\r\t", "'two\\x0alines\\x0d\\x09'"],
  ["\0\u007f\u0085", "'\\x00\\x7f\\x85'"],
  ["grün", "'gr\\xfcn'"],
  ["\u2028\u2029", "'\\u2028\\u2029'"],
  ["猫", "'\\u732b'"],
  ["😀", "'\\U0001f600'"],
  ["\ud800", "'\\ud800'"],
  ["\u202e", "'\\u202e'"],
  ["{x!r} %s", "'{x!r} %s'"],
  ["']+__import__('os').system('id')+['", "'\\x27]+__import__(\\x27os\\x27).system(\\x27id\\x27)+[\\x27'"],
])("the text %j is written as %s", (text, literal) => {
  expect(writePythonLiteral(text)).toBe(literal);
});

test.each([
  [0.5, "0.5"],
  [-3, "-3"],
  [1e21, "1e+21"],
  [-0, "-0.0"],
  [Number.NaN, "None"],
  [Number.POSITIVE_INFINITY, "1e999"],
  [Number.NEGATIVE_INFINITY, "-1e999"],
])("the number %d is written as %s", (value, literal) => {
  expect(writePythonLiteral(value)).toBe(literal);
});

/** One text in quotes, of harmless signs and whole escapes, and nothing behind it. */
const oneText = /^'(?:[ !#-&(-[\]-~]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U000[0-9a-f]{5}|\\U0010[0-9a-f]{4})*'$/;

test("no text whatever ends its own quotes, and each reads back as itself", () => {
  const random = seededRandom(17);
  const hostile = [
    "'",
    '"',
    "\\",
    "\n",
    "\r",
    "\0",
    "'''",
    "\\'",
    "\\x27",
    "#",
    "}",
    ")",
    "\u2028",
    "\ud83d",
    "a",
  ];
  for (let round = 0; round < 3_000; round += 1) {
    const parts = Array.from({ length: random.integer(0, 12) }, () =>
      random.chance(0.7)
        ? hostile[random.integer(0, hostile.length - 1)]
        : String.fromCodePoint(random.integer(0, 0x10ffff)),
    );
    const text = parts.join("");
    const literal = writePythonLiteral(text);
    expect(literal).toMatch(oneText);
    expect(parsePythonLiteral(literal)).toBe(text);
  }
});

test("names of classes and keys are quoted alike", () => {
  const hostile = new Map<string | number, PythonLiteral>([["a': __import__('os')", new Map([[0, "'}"]])]]);
  const literal = writePythonLiteral(hostile);
  expect(literal).toBe("{'a\\x27: __import__(\\x27os\\x27)': {0: '\\x27}'}}");
  expect(parsePythonLiteral(literal)).toEqual(hostile);
});

test("a value nested without end is not written", () => {
  const nested = Array.from({ length: 20 }).reduce<PythonLiteral>((inner) => [inner], 1);
  expect(() => writePythonLiteral(nested)).toThrow(RangeError);
});
