import { expect, test } from "vitest";
import { readPlace } from "#inference/read-place.ts";

test("an upstream server is named by its address, with its models and what is said beside them", () => {
  const settings = "./settings";
  const flags = {
    upstream: "https://host/triton/",
    "upstream-model": ["a", "b", "a"],
    "model-settings": settings,
  };
  const models = ["a", "b"];
  expect(readPlace(flags)).toEqual({ kind: "upstream", url: "https://host/triton", models, settings });
});

test.each([
  [{}, /^give either --models/],
  [{ upstream: "http://host", models: "./models" }, /^give either --models/],
  [{ upstream: "http://host", model: "a.onnx" }, /^give either --models/],
  [{ upstream: "host:8000" }, /^the upstream is no address/],
  [{ upstream: "http://me:secret@host" }, /^the upstream is no address/],
  [
    { upstream: "http://host", "upstream-model": ["a/b"] },
    /^--upstream-model a\/b: this cannot be a model's name/,
  ],
  [{ upstream: "http://host", cache: "x" }, /^--cache says nothing with --upstream/],
  [{ upstream: "http://host", isolate: true }, /^--isolate says nothing/],
  [{ upstream: "http://host", "execution-providers": "cpu" }, /^--execution-providers says nothing/],
  [{ models: "./models", "upstream-model": ["a"] }, /^--upstream-model needs --upstream/],
  [{ model: "a.onnx", "model-settings": "x" }, /^--model-settings needs --upstream/],
])("the place of models %j is refused by name", (flags, message) => {
  expect(() => readPlace(flags)).toThrow(message);
});
