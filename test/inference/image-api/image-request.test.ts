import { expect, test } from "vitest";
import { isVersion, readImagePath, readQuery, splitModel } from "#inference/image-api/image-request.ts";

test.each([
  ["POST", "/v1/models/digits-n/detect", { model: "digits-n", task: "detect" }],
  ["POST", "/v1/models/digits-n@1.2/classify?conf=1", { model: "digits-n@1.2", task: "classify" }],
  ["GET", "/v1/models/digits-n/detect", undefined],
  ["POST", "/v1/models/digits-n/detect/", undefined],
  ["POST", "/v1/models/digits-n/guess", undefined],
  ["POST", "/v1/models/digits%2Dn/detect", undefined],
  ["POST", "/v1/models/a/b/detect", undefined],
  ["POST", "/x/v1/models/a/detect", undefined],
  ["POST", undefined, undefined],
])("of %s %s it is plain whether images come with it", (method, url, path) => {
  expect(readImagePath(method, url)).toEqual(path);
});

test("a query keeps each name with all of its values, whatever the name", () => {
  expect(readQuery("/a?classes=1&conf=0.5&classes=a%26b+c&empty")).toEqual({
    classes: ["1", "a&b c"],
    conf: ["0.5"],
    empty: [""],
  });
  expect(Object.entries(readQuery("/a?__proto__=x"))).toEqual([["__proto__", ["x"]]]);
  expect(readQuery("/a")).toEqual({});
});

test("what stands behind the first @ of a model is its version", () => {
  expect(splitModel("digits-n")).toEqual({ name: "digits-n", version: undefined });
  expect(splitModel("digits-n@1@2")).toEqual({ name: "digits-n", version: "1@2" });
  expect(["1", "2026-11.a_b", "", "a b", "1@2", "x".repeat(65)].map(isVersion)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
