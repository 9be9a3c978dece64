import { expect, test } from "vitest";
import { restSettings } from "#adapters/rest/settings.ts";

const least = { path: "/predict", names: ["cat"], answer: { score: "score", class: "class", box: "box" } };

const problems = (more: object): string[] =>
  restSettings.safeParse({ ...least, ...more }).error?.issues.map(({ message }) => message) ?? [];

const withAnswer = (more: object): string[] => problems({ answer: { ...least.answer, ...more } });

test("what is not said is the usual: the bytes alone, two corners in pixels of the image, nothing asked by query", () => {
  expect(restSettings.parse(least)).toEqual({
    ...least,
    method: "POST",
    body: "raw",
    headers: {},
    query: {},
    version: "1",
    precision: "fp32",
    orientation: "applied",
    answer: { ...least.answer, form: "xyxy", units: "pixels", firstClass: 0, certain: 1 },
  });
});

test.each([
  [{ path: "predict" }, "expected a path such as /predict"],
  [{ path: "/pre dict" }, "expected a path such as /predict"],
  [{ path: "/a\r\nx: y" }, "expected a path such as /predict"],
  [{ method: "GET" }, "Invalid option"],
  [{ names: [] }, "Too small"],
  [{ headers: { Host: "x" } }, "Invalid key"],
  [{ headers: { "content-length": "1" } }, "Invalid key"],
  [{ headers: { "x-team": "a\nb" } }, "expected what a header may hold"],
  [{ fields: { a: 1 } }, "an image alone has no room for fields: take multipart or base64"],
  [{ body: { multipart: 'a"; filename="b' } }, "expected letters, digits, dots, dashes or underscores"],
  [{ body: { multipart: "a", base64: "b" } }, "Invalid input"],
  [{ query: { agnostic: "a" } }, "Unrecognized key"],
  [{ colour: "red" }, "Unrecognized key"],
] as const)("%j is refused", (more, message) => {
  expect(problems(more)).toEqual([expect.stringContaining(message)]);
});

test.each([
  [{ class: undefined, name: undefined }, "expected class, name or both"],
  [{ list: "a..b" }, "expected a place such as"],
  [{ list: "a.b.c.d.e.f.g.h.i" }, "expected a place such as"],
  [{ list: "" }, "expected a place such as"],
  [{ box: ["a", "b", "c"] }, "Invalid input"],
  [{ form: "yxyx" }, "Invalid option"],
  [{ certain: 10 }, "Invalid input"],
  [{ image: { width: 0, height: "h" } }, "Too small"],
])("a map of answers with %j is refused", (more, message) => {
  expect(withAnswer(more)).toEqual([expect.stringContaining(message)]);
});

test("secrets among the headers are named and not written", () => {
  expect(problems({ headers: { "x-api-key": { env: "TEAM_KEY" }, "x-team": "vision" } })).toEqual([]);
});
