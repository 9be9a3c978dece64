import { expect, test } from "vitest";
import { isFilePath, isModelName, isVersion } from "#inference/models/repository/model-name.ts";
import { parseSidecar } from "#inference/models/repository/verify-files.ts";

const hash = "0123456789abcdef".repeat(4);

test.each([
  [hash],
  [`${hash}\n`],
  [`${hash}  model.onnx\r\n`],
  [`${hash} *model.onnx\n\n`],
  [`${hash.toUpperCase()}  ./model.onnx`],
])("reads the hash file %j", (text) => {
  expect(parseSidecar(text, "a")).toEqual({ "model.onnx": hash });
});

test.each([
  [""],
  ["\n\n"],
  [hash.slice(1)],
  [`${hash}0`],
  [`${hash} model.onnx`],
  [`${hash}  other.onnx`],
  [`${hash}  model.onnx\nrubbish`],
  [`SHA256 (model.onnx) = ${hash}`],
  [`\\${hash}  model\\nonnx`],
  [`${hash}  model.onnx\n`.repeat(257)],
])("refuses the hash file %j", (text) => {
  expect(() => parseSidecar(text, "a")).toThrow("a: model.onnx.sha256 is not what sha256sum writes");
});

test("a hash file of spaces takes no time", () => {
  const text = `${hash}  x${" ".repeat(1_000_000)}x`;
  expect(() => parseSidecar(text, "a")).toThrow("is not what");
});

test.each(["model.onnx", "model.onnx.data", "weights/0.bin", "a b", "_x", "é"])(
  "%j is a file's path",
  (path) => {
    expect(isFilePath(path)).toBe(true);
  },
);

test.each([
  "",
  ".",
  "..",
  "../x",
  "/x",
  "x//y",
  ".hidden",
  "a/.b",
  "a\\b",
  "a\nb",
  "a/b/c/d/e",
  "x".repeat(256),
])("%j is no file's path", (path) => {
  expect(isFilePath(path)).toBe(false);
});

test("model names and versions are what travels in a path unescaped", () => {
  for (const name of ["a", "digits-s", "Yolo.v8_n"]) expect(isModelName(name)).toBe(true);
  for (const name of ["", ".a", "-a", "a/b", "a b", "ä", "x".repeat(65)])
    expect(isModelName(name)).toBe(false);
  for (const version of ["1", "999999999999999"]) expect(isVersion(version)).toBe(true);
  for (const version of ["", "0", "01", "-1", "1.0", "1e3", "9".repeat(16), "١"])
    expect(isVersion(version)).toBe(false);
});
